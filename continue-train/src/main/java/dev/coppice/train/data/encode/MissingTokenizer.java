package dev.coppice.train.data.encode;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.text.TextPieces;
import dev.coppice.moe.text.Tokenizer;

/** Stands where a checkpoint has no tokenizer: tokens can be read, and text is refused. */
public final class MissingTokenizer implements Tokenizer {
  /** Its name. */
  public static final String NAME = "none";

  private final int vocabulary;
  private final String refusal;

  /**
   * A tokenizer that is not there.
   *
   * @param vocabulary of the checkpoint
   * @param refusal what is said where text is to be read
   */
  public MissingTokenizer(int vocabulary, String refusal) {
    this.vocabulary = vocabulary;
    this.refusal = refusal;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String fingerprint() {
    throw missing();
  }

  @Override
  public int vocabularySize() {
    return vocabulary;
  }

  @Override
  public TextPieces.Cuts cuts() {
    throw missing();
  }

  @Override
  public int[] encodePiece(String piece) {
    throw missing();
  }

  @Override
  public int[] encode(String prompt) {
    throw missing();
  }

  /** Nothing, since no text is known. */
  @Override
  public String decode(int... ids) {
    return "";
  }

  private CoppiceException missing() {
    return new CoppiceException(ErrorKind.INPUT_INVALID, refusal);
  }
}
