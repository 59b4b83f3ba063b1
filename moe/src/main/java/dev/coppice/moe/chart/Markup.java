package dev.coppice.moe.chart;

import java.util.Locale;

/** Text that becomes part of HTML or SVG. */
public final class Markup {
  private Markup() {}

  /**
   * The text with everything escaped that markup could read as its own; control characters, which
   * XML cannot carry, and marks that turn the direction of what follows, with which a name could
   * pose as another, become the replacement character.
   *
   * @param text any text
   */
  public static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    text.codePoints().forEach(c -> append(out, c));
    return out.toString();
  }

  private static void append(StringBuilder out, int c) {
    switch (c) {
      case '&' -> out.append("&amp;");
      case '<' -> out.append("&lt;");
      case '>' -> out.append("&gt;");
      case '"' -> out.append("&quot;");
      case '\'' -> out.append("&#39;");
      default -> out.appendCodePoint(isAllowed(c) ? c : 0xFFFD);
    }
  }

  private static boolean isAllowed(int c) {
    boolean turn = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
    return (c >= 0x20 && c != 0x7F && !surrogate && !turn && c < 0xFFFE) || c == '\n' || c > 0xFFFF;
  }

  /** A coordinate: one decimal, the same text on every machine. */
  static String place(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.equals("-0.0") ? "0.0" : text;
  }

  /** Lower-case letters, digits and hyphens, fit for an element's id. */
  static String slug(String text) {
    return text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
  }
}
