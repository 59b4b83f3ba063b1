package dev.coppice.train.data.foreign;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.file.Path;

/** Tokens of nanoGPT or llm.c, read in place; a token that ends documents may part them. */
public final class FlatTokens implements TokenSequence {
  private final TokenTable table;
  private final ScannedTokens scanned;

  public FlatTokens(TokenTable table, ScannedTokens scanned) {
    this.table = table;
    this.scanned = scanned;
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
    return scanned.documents();
  }

  @Override
  public long documentStart(long document) {
    return document == scanned.documents() ? table.count() : scanned.start(document);
  }

  @Override
  public int token(long index) {
    return token(table, index, scanned.vocabulary());
  }

  /** A token of a table whose tokens are known to be below a number. */
  static int token(TokenTable table, long index, int vocabulary) {
    checkArgument(
        index >= 0 && index < table.count(),
        "token index must lie in 0..%s, got %s",
        table.count() - 1,
        index);
    long token = table.read(index);
    if (token < 0 || token >= vocabulary) {
      throw new CoppiceException(
          ErrorKind.INTEGRITY,
          "token must lie in 0.."
              + (vocabulary - 1)
              + " as when it was checked, got "
              + token
              + " ("
              + table.path()
              + ", token "
              + index
              + ")");
    }
    return (int) token;
  }

  @Override
  public int vocabularySize() {
    return scanned.vocabulary();
  }

  @Override
  public String fingerprint() {
    return scanned.sha256();
  }

  @Override
  public void verify() throws IOException {
    verify(table, scanned.sha256());
  }

  /** Compares a file with its SHA-256. */
  static void verify(TokenTable table, String sha256) throws IOException {
    String actual = TokenScan.read(table, -1, end -> {}, PreparationProgress.NONE).sha256();
    if (!actual.equals(sha256)) {
      throw new CoppiceException(
          ErrorKind.INTEGRITY,
          "token file must have SHA-256 " + sha256 + ", got " + actual + " (" + table.path() + ")");
    }
  }

  @Override
  public void close() {
    // nothing is held but maps, which the collector releases
  }
}
