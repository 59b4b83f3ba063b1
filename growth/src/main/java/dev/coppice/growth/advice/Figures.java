package dev.coppice.growth.advice;

import java.math.BigInteger;
import java.util.Locale;

/** Large numbers for people. */
final class Figures {
  private Figures() {}

  static String flops(BigInteger flops) {
    return String.format(Locale.ROOT, "%.2e", flops.doubleValue());
  }

  static String count(double count) {
    String[] units = {"", "k", "M", "B", "T"};
    int unit = 0;
    double value = count;
    while (value >= 1000 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f%s" : "%.2f%s", value, units[unit]);
  }

  static double ratio(BigInteger part, BigInteger whole) {
    return part.doubleValue() / whole.doubleValue();
  }
}
