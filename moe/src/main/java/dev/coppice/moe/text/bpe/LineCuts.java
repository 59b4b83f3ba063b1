package dev.coppice.moe.text.bpe;

/** Where lines may be parted without a change of the ids that a pre-tokeniser leads to. */
public final class LineCuts {
  private LineCuts() {}

  /** Whether a line that ends at a place, or just before, may be parted from what follows. */
  public static boolean betweenLines(char[] text, int at, int to) {
    return text[at] == '\r'
        ? at >= 1 && at + 1 < to && text[at + 1] == '\n' && isLetter(text[at - 1])
        : at >= 2 && text[at - 1] == '\n' && isLetter(text[at]) && !isSpace(text[at - 2]);
  }

  /** Whether a character is a letter of ASCII. */
  public static boolean isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  /** Whether a character is white space to any library of expressions. */
  public static boolean isSpace(char c) {
    return c <= ' ' || (c >= 0x7f && (Character.isSpaceChar(c) || Character.isISOControl(c)));
  }
}
