package dev.coppice.moe.chart;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The range of an axis, its ticks, and where a value lies on it.
 *
 * @param low value at the start of the axis
 * @param high value at its end; above {@code low}
 * @param scale linear or logarithmic
 * @param values ticks within the range, ascending
 */
record Ticks(double low, double high, Scale scale, ImmutableList<Double> values) {
  private static final int WANTED = 6;
  private static final double[] FINE = {1, 1.5, 2, 3, 5, 7};
  private static final double[] COARSE = {1};
  private static final String[] SUFFIXES = {"", "k", "M", "G", "T", "P", "E", "Z", "Y"};

  /** Ticks for the given range, which is widened where it is a single value. */
  static Ticks covering(double least, double most, Scale scale) {
    checkArgument(least <= most, "least must not exceed most, got %s and %s", least, most);
    return scale == Scale.LOG ? logarithmic(least, most) : linear(least, most);
  }

  /** Share of the axis at which a value lies: 0 at {@code low}, 1 at {@code high}. */
  double place(double value) {
    return scale == Scale.LOG
        ? Math.log(value / low) / Math.log(high / low)
        : (value - low) / (high - low);
  }

  /** A tick's text: as few digits as distinguish the ticks, thousands as SI prefixes. */
  String label(double value) {
    double magnitude = Math.max(Math.abs(low), Math.abs(high));
    if (value != 0 && (magnitude < 0.005 || Math.abs(value) < 0.0005)) {
      return scientific(value);
    }
    int group = value == 0 || magnitude < 10_000 ? 0 : group(scale == Scale.LOG ? value : high);
    double shown = value / Math.pow(1000, group);
    String trimmed = trimmed(String.format(Locale.ROOT, magnitude < 0.05 ? "%.8f" : "%.4f", shown));
    return (trimmed.equals("-0") ? "0" : trimmed) + SUFFIXES[group];
  }

  /** Such as 2e-4. */
  private static String scientific(double value) {
    String text = String.format(Locale.ROOT, "%.4e", value);
    int exponent = text.indexOf('e');
    return trimmed(text.substring(0, exponent))
        + "e"
        + Integer.parseInt(text.substring(exponent + 1));
  }

  private static String trimmed(String decimal) {
    return decimal.replaceAll("\\.?0+$", "");
  }

  private static int group(double value) {
    int thousands = (int) Math.floor(Math.log10(Math.abs(value)) / 3 + 1e-9);
    return Math.max(0, Math.min(SUFFIXES.length - 1, thousands));
  }

  private static Ticks linear(double least, double most) {
    double span = most > least ? most - least : Math.max(1e-3, Math.abs(most) * 0.1);
    double step = niceStep(span / (WANTED - 1));
    long first = (long) Math.floor(least / step + 1e-9);
    long last = (long) Math.ceil(most / step - 1e-9);
    last = Math.max(last, first + 1);
    ImmutableList.Builder<Double> values = ImmutableList.builder();
    for (long i = first; i <= last; i++) {
      values.add(i * step);
    }
    return new Ticks(first * step, last * step, Scale.LINEAR, values.build());
  }

  private static double niceStep(double raw) {
    double power = Math.pow(10, Math.floor(Math.log10(raw)));
    double share = raw / power;
    return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
  }

  /** Within two decades the ends lie on ticks; beyond, on powers of ten. */
  private static Ticks logarithmic(double least, double most) {
    checkArgument(least > 0, "a logarithmic axis must show positive values, got %s", least);
    double[] mantissas = most / least <= 100 ? FINE : COARSE;
    int decade = (int) Math.floor(Math.log10(least) + 1e-9);
    List<Double> values = new ArrayList<>();
    for (int i = 0; values.size() < 2 || values.get(values.size() - 1) < most * (1 - 1e-9); i++) {
      double value =
          mantissas[i % mantissas.length]
              * Math.pow(10, decade + Math.floorDiv(i, mantissas.length));
      if (!values.isEmpty() && value <= least * (1 + 1e-9)) {
        values.clear();
      }
      values.add(value);
    }
    return new Ticks(
        values.get(0), values.get(values.size() - 1), Scale.LOG, ImmutableList.copyOf(values));
  }
}
