package dev.coppice.growth.cli;

import dev.coppice.growth.GrowthReport;
import dev.coppice.growth.GrowthReport.Side;
import java.util.Locale;

/** A growth report for people. */
final class ReportText {
  private ReportText() {}

  /** Several lines, the last without a line break. */
  static String of(GrowthReport report) {
    StringBuilder text = new StringBuilder();
    text.append(String.format(Locale.ROOT, "%-24s %18s %18s%n", "", "source", "grown"));
    Side before = report.before();
    Side after = report.after();
    row(text, "layers", before.spec().layerCount(), after.spec().layerCount());
    row(text, "experts", before.experts(), after.experts());
    row(text, "experts per token", before.topK(), after.topK());
    row(text, "parameters", before.spec().parameterCount(), after.spec().parameterCount());
    row(
        text,
        "active parameters",
        before.spec().activeParameterCount(),
        after.spec().activeParameterCount());
    row(
        text,
        "training FLOPs a token",
        before.spec().flopsPerToken(),
        after.spec().flopsPerToken());
    row(text, "tensors", before.tensors(), after.tensors());
    row(text, "bytes", before.bytes(), after.bytes());
    text.append(
        String.format(
            Locale.ROOT,
            "disk: needs %s, has %s; files: %d; buffers: %s%n",
            bytes(report.diskNeeded()),
            bytes(report.diskAvailable()),
            report.shards(),
            bytes(report.memory())));
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

  private static void row(StringBuilder text, String name, long before, long after) {
    text.append(String.format(Locale.ROOT, "%-24s %,18d %,18d%n", name, before, after));
  }
}
