package dev.coppice.train.budget;

import java.math.BigInteger;
import java.util.Locale;

/** Shares and texts of amounts. */
final class Amounts {
  private Amounts() {}

  static double share(double done, double limit) {
    return Math.min(1, done / limit);
  }

  static double share(BigInteger done, BigInteger limit) {
    return share(done.doubleValue(), limit.doubleValue());
  }

  static double halfWay(double share, BigInteger step, BigInteger limit) {
    return Math.min(1, share + 0.5 * (step.doubleValue() / limit.doubleValue()));
  }

  /** A number such as {@code 1.2e17}. */
  static String scientific(BigInteger value) {
    return String.format(Locale.ROOT, "%.2e", value.doubleValue())
        .replaceAll("\\.?0*e\\+?(-?)0*(\\d)", "e$1$2");
  }

  /** Hours and minutes. */
  static String clock(double seconds) {
    long minutes = Math.round(seconds / 60);
    return String.format(Locale.ROOT, "%d:%02d", minutes / 60, minutes % 60);
  }
}
