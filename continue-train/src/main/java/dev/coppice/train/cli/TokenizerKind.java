package dev.coppice.train.cli;

/** What reads text: the checkpoint's own tokenizer, or bytes. */
enum TokenizerKind {
  AUTO("auto"),
  BYTES("bytes");

  private final String option;

  TokenizerKind(String option) {
    this.option = option;
  }

  /** As picocli reads and shows it. */
  @Override
  public String toString() {
    return option;
  }
}
