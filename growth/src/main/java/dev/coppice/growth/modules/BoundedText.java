package dev.coppice.growth.modules;

/** A text that gives up when it is looked at too often: expressions of a file may be hostile. */
final class BoundedText implements CharSequence {
  private static final int MAX_LOOKS = 200_000;

  private final String text;
  private int looks;

  private BoundedText(String text) {
    this.text = text;
  }

  static CharSequence of(String text) {
    return new BoundedText(text);
  }

  @Override
  public int length() {
    return text.length();
  }

  @Override
  public char charAt(int index) {
    if (++looks > MAX_LOOKS) {
      throw new IllegalArgumentException("pattern takes too long to be matched");
    }
    return text.charAt(index);
  }

  @Override
  public CharSequence subSequence(int start, int end) {
    return text.subSequence(start, end);
  }

  @Override
  public String toString() {
    return text;
  }
}
