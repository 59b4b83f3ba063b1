package dev.coppice.moe.report;

import java.util.Locale;

/** Numbers in readable form: three figures and a prefix; the same text in every locale. */
public final class Quantity {
  private static final String[] PREFIXES = {"", "k", "M", "G", "T", "P", "E", "Z", "Y"};

  private Quantity() {}

  /**
   * Three figures and an SI prefix, such as {@code 1.53M}; whole numbers below 1000 as they are.
   *
   * @param value any finite number
   */
  public static String si(double value) {
    double size = Math.abs(value);
    if (size < 1000) {
      return value == Math.rint(value) ? String.format(Locale.ROOT, "%.0f", value) : figures(value);
    }
    int prefix = 0;
    while (size >= 999.5 && prefix < PREFIXES.length - 1) {
      size /= 1000;
      prefix++;
    }
    return figures(Math.copySign(size, value)) + PREFIXES[prefix];
  }

  /**
   * A count in three figures and an SI prefix.
   *
   * @param count any whole number
   */
  public static String si(long count) {
    return si((double) count);
  }

  /**
   * A number with so many decimals.
   *
   * @param value any number
   * @param decimals digits after the point
   */
  public static String fixed(double value, int decimals) {
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  /**
   * A share as a percentage with two decimals.
   *
   * @param share 0 to 1
   */
  public static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f%%", 100 * share);
  }

  private static String figures(double value) {
    double size = Math.abs(value);
    int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
