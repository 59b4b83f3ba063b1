package dev.coppice.train.data.heldout;

import dev.coppice.train.data.token.DocumentCopy;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;

/** Some tokens without those that are held out for evaluation. */
public interface Split extends TokenSequence {
  /**
   * Splits tokens: by document, or where there is one document alone, before its end.
   *
   * @param all closed with the split
   * @param spec what is held out
   * @throws dev.coppice.moe.CoppiceException when they cannot be parted
   */
  static Split of(TokenSequence all, HeldOutSpec spec) {
    return hasOneDocument(all)
        ? TailSplit.of(all, spec.share())
        : DocumentSplit.of(all, spec.share(), spec.seed());
  }

  private static boolean hasOneDocument(TokenSequence all) {
    int found = 0;
    for (long d = 0; d < all.documentCount() && found < 2; d++) {
      found += all.documentStart(d + 1) > all.documentStart(d) ? 1 : 0;
    }
    return found == 1;
  }

  /** What was split. */
  TokenSequence all();

  /** Copies what is held out, in order. */
  void copyHeldOut(DocumentCopy to) throws IOException;
}
