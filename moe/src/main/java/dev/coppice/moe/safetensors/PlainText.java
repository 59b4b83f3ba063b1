package dev.coppice.moe.safetensors;

import java.util.Locale;

/**
 * Makes text out of a file fit for a terminal, a log or a page: one line of bounded length without
 * control characters. Names in checkpoints may hold any.
 */
public final class PlainText {
  private static final int MAX_CHARS = 1000;

  private PlainText() {}

  /** The text with whatever does not print as itself written as an escape, cut where it is long. */
  public static String of(String text) {
    StringBuilder plain = new StringBuilder(Math.min(text.length(), MAX_CHARS) + 16);
    int i = 0;
    while (i < text.length() && plain.length() < MAX_CHARS) {
      int point = text.codePointAt(i);
      if (prints(point)) {
        plain.appendCodePoint(point);
      } else {
        plain.append(String.format(Locale.ROOT, "\\u%04x", point));
      }
      i += Character.charCount(point);
    }
    return i < text.length() ? plain.append("...").toString() : plain.toString();
  }

  private static boolean prints(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
