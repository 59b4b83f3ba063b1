package dev.coppice.growth.cli;

import dev.coppice.growth.GrowthReport;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.Counts;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;

/** A growth report for people. */
final class ReportText {
  private ReportText() {}

  /** Several lines, the last without a line break. */
  static String of(GrowthReport report) {
    StringBuilder text = new StringBuilder();
    text.append(String.format(Locale.ROOT, "%-24s %18s %18s%n", "", "source", "grown"));
    Anatomy before = report.before().anatomy();
    Anatomy after = report.after().anatomy();
    row(text, "layers", before.layerCount(), after.layerCount());
    row(text, "experts", before.experts(), after.experts());
    row(text, "experts per token", before.topK(), after.topK());
    row(text, "parameters", before, after, Counts::parameters);
    row(text, "active parameters", before, after, Counts::active);
    row(text, "training FLOPs a token", before, after, Counts::flopsPerToken);
    row(text, "tensors", report.before().tensors(), report.after().tensors());
    row(text, "bytes", report.before().bytes(), report.after().bytes());
    report
        .moments()
        .ifPresent(
            moments ->
                text.append(
                    String.format(
                        Locale.ROOT,
                        "optimizer: moments of %,d steps, rule %s; %,d tensors, %s%n",
                        moments.steps(),
                        moments.rule().key(),
                        moments.tensors(),
                        bytes(moments.bytes()))));
    text.append(
        String.format(
            Locale.ROOT,
            "disk: needs %s, has %s; files: %d; buffers: %s%n",
            bytes(report.diskNeeded()),
            bytes(report.diskAvailable()),
            report.shards(),
            bytes(report.memory())));
    before.counts().gap().ifPresent(gap -> text.append(gap).append(System.lineSeparator()));
    report.notes().forEach(note -> text.append(note).append(System.lineSeparator()));
    text.append("function: ").append(promise(report)).append(System.lineSeparator());
    text.append("config.json: ").append(String.join("; ", report.configDiff()));
    report
        .warnings()
        .forEach(w -> text.append(System.lineSeparator()).append("warning: ").append(w));
    return text.toString();
  }

  /** A size in decimal units. */
  static String bytes(long bytes) {
    String[] units = {"B", "kB", "MB", "GB", "TB", "PB"};
    int unit = 0;
    double value = bytes;
    while (value >= 1000 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  }

  private static String promise(GrowthReport report) {
    return switch (report.invariant()) {
      case IDENTITY -> "logits keep every bit";
      case EXACT -> "logits are kept up to rounding";
      case NONE -> "logits change; training has to recover them";
    };
  }

  private static void row(
      StringBuilder text,
      String name,
      Anatomy before,
      Anatomy after,
      ToLongFunction<Counts> count) {
    text.append(
        String.format(
            Locale.ROOT,
            "%-24s %18s %18s%n",
            name,
            shown(before.counts().ifKnown(count)),
            shown(after.counts().ifKnown(count))));
  }

  private static String shown(OptionalLong count) {
    return count.isPresent() ? String.format(Locale.ROOT, "%,d", count.getAsLong()) : "not counted";
  }

  private static void row(StringBuilder text, String name, long before, long after) {
    text.append(String.format(Locale.ROOT, "%-24s %,18d %,18d%n", name, before, after));
  }
}
