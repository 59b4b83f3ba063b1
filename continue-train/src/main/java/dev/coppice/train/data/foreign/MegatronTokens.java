package dev.coppice.train.data.foreign;

import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.token.MappedFile;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Tokens of a Megatron data set, read in place. */
public final class MegatronTokens implements TokenSequence {
  private final TokenTable table;
  private final MegatronIndex index;
  private final ScannedTokens scanned;
  private final String fingerprint;

  private MegatronTokens(TokenTable table, MegatronIndex index, ScannedTokens scanned)
      throws IOException {
    this.table = table;
    this.index = index;
    this.scanned = scanned;
    this.fingerprint = fingerprint(scanned.sha256(), index);
  }

  /**
   * Opens a data set.
   *
   * @param bin the tokens
   * @param idx the index
   * @param folder that keeps results of scans
   * @param progress receives the bytes read
   */
  public static MegatronTokens open(Path bin, Path idx, Path folder, PreparationProgress progress)
      throws IOException {
    MappedFile bytes = MappedFile.open(bin);
    MegatronIndex index = MegatronIndex.open(idx, bytes.size());
    long count = bytes.size() / index.type().width();
    TokenTable.check(count > 0, "must have a token, got none", bin);
    TokenTable table = new TokenTable(bin, index.type(), 0, count, bytes, false);
    return new MegatronTokens(table, index, ScannedTokens.of(table, -1, folder, progress));
  }

  /** The index that belongs to a {@code .bin}. */
  public static Path indexOf(Path bin) {
    return bin.resolveSibling(MoreFiles.getNameWithoutExtension(bin) + ".idx");
  }

  private static String fingerprint(String binSha256, MegatronIndex index) throws IOException {
    return Hashing.sha256()
        .hashString(binSha256 + index.sha256(), StandardCharsets.US_ASCII)
        .toString();
  }

  @Override
  public Path path() {
    return table.path();
  }

  @Override
  public long tokenCount() {
    return table.count();
  }

  @Override
  public long documentCount() {
    return index.documents();
  }

  @Override
  public long documentStart(long document) {
    return index.start(document, table.count());
  }

  @Override
  public int token(long at) {
    return FlatTokens.token(table, at, scanned.vocabulary());
  }

  @Override
  public int vocabularySize() {
    return scanned.vocabulary();
  }

  /** SHA-256 over those of the two files. */
  @Override
  public String fingerprint() {
    return fingerprint;
  }

  @Override
  public void verify() throws IOException {
    FlatTokens.verify(table, scanned.sha256());
    String actual = fingerprint(scanned.sha256(), index);
    if (!actual.equals(fingerprint)) {
      throw new CoppiceException(
          ErrorKind.INTEGRITY,
          "data set must have SHA-256 " + fingerprint + ", got " + actual + " (" + path() + ")");
    }
  }

  @Override
  public void close() {
    // nothing is held but maps, which the collector releases
  }
}
