package dev.coppice.train.data.heldout;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hashing;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.token.DocumentCopy;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** One document without its last tokens, which are held out for evaluation. */
final class TailSplit implements Split {
  private static final long FEWEST = 2;

  private final TokenSequence all;
  private final long kept;

  private TailSplit(TokenSequence all, long kept) {
    this.all = all;
    this.kept = kept;
  }

  /**
   * Splits tokens.
   *
   * @param all closed with the split
   * @param share of all tokens to hold out, in (0, 1); two tokens at least
   * @throws CoppiceException when nothing would be left
   */
  static TailSplit of(TokenSequence all, double share) {
    checkArgument(share > 0 && share < 1, "held-out share must lie in (0, 1), got %s", share);
    long heldOut = Math.max(FEWEST, (long) Math.ceil(share * all.tokenCount()));
    if (heldOut >= all.tokenCount()) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "held-out share must leave tokens to train on, got "
              + share
              + " of "
              + all.tokenCount()
              + " tokens in one document");
    }
    return new TailSplit(all, all.tokenCount() - heldOut);
  }

  @Override
  public TokenSequence all() {
    return all;
  }

  @Override
  public void copyHeldOut(DocumentCopy to) throws IOException {
    to.add(all, kept, all.tokenCount());
  }

  @Override
  public Path path() {
    return all.path();
  }

  @Override
  public long tokenCount() {
    return kept;
  }

  @Override
  public long documentCount() {
    return all.documentCount();
  }

  @Override
  public long documentStart(long document) {
    return Math.min(kept, all.documentStart(document));
  }

  @Override
  public int token(long index) {
    checkArgument(
        index >= 0 && index < kept, "token index must lie in 0..%s, got %s", kept - 1, index);
    return all.token(index);
  }

  @Override
  public int vocabularySize() {
    return all.vocabularySize();
  }

  @Override
  public String fingerprint() {
    String made = all.fingerprint() + " up to " + kept;
    return Hashing.sha256().hashString(made, StandardCharsets.US_ASCII).toString();
  }

  @Override
  public void verify() throws IOException {
    all.verify();
  }

  @Override
  public void close() throws IOException {
    all.close();
  }
}
