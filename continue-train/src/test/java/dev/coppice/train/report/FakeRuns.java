package dev.coppice.train.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Folders of runs as text, so that they stay as they are when the program's own records grow. */
final class FakeRuns {
  private FakeRuns() {}

  /** A run of some steps that evaluates at every fifth, spikes at the 4th and skips the 7th. */
  static Path run(Path folder, int steps) throws IOException {
    Files.createDirectories(folder);
    manifest(folder);
    StringBuilder metrics = new StringBuilder();
    StringBuilder events = new StringBuilder();
    for (int step = 1; step <= steps; step++) {
      metrics.append(line(step));
      if (step == 4) {
        events.append(
            event(step, "spike", "norm stood out", "\"gradient_norm\":40.0,\"limit\":6.5"));
      }
      if (step % 5 == 0) {
        double loss = 1.2 + 3.0 / step;
        events.append(event(step, "evaluated", "", "\"loss\":" + loss + ",\"tokens\":512"));
      }
    }
    events.append(event(steps, "finished", "budget spent", ""));
    Files.writeString(folder.resolve("metrics.jsonl"), metrics);
    Files.writeString(folder.resolve("events.jsonl"), events);
    checkpoint(folder, 5, 1);
    checkpoint(folder, steps, 2);
    return folder;
  }

  static void manifest(Path folder) throws IOException {
    Files.writeString(
        folder.resolve("run.json"),
        "{\"schema_version\":1,\"budget\":{\"unit\":\"steps\",\"amount\":12},"
            + "\"data\":{\"file\":\"a & b.tokens\"},\"spec\":{\"seed\":3,\"unknown_option\":[1,2]}}");
  }

  private static void checkpoint(Path folder, int step, int flops) throws IOException {
    Path checkpoint =
        Files.createDirectories(folder.resolve(String.format(Locale.ROOT, "step-%08d", step)));
    Files.writeString(
        checkpoint.resolve("coppice.json"),
        "{\"ledger\":{\"entries\":["
            + "{\"purpose\":\"train\",\"flops\":9000000000000000000000,\"tokens\":5000,\"sunk\":true},"
            + "{\"purpose\":\"continue-train\",\"flops\":"
            + flops
            + ",\"tokens\":768,\"sunk\":false}]}}");
  }

  static String line(int step) {
    boolean skipped = step == 7;
    return String.format(
        Locale.ROOT,
        "{\"step\":%d,\"tokens\":%d,\"extra_flops\":%d,\"loss\":%s,\"load_balance\":1.0,"
            + "\"z\":0.5,\"load_imbalance\":%.3f,\"dead_experts\":%d,\"learning_rate\":%.7f,"
            + "\"gradient_norm\":%s,\"skipped\":%b,\"tokens_per_second\":%.1f,\"seconds\":%.2f,"
            + "\"yet_unknown\":1}%n",
        step,
        64L * step,
        6_000_000_000_000L * step,
        skipped ? "null" : String.format(Locale.ROOT, "%.4f", 1 + 4.0 / step),
        1 + 1.0 / step,
        step % 3,
        1e-3 / step,
        skipped ? "null" : String.format(Locale.ROOT, "%.4f", 0.5 + 1.0 / step),
        skipped,
        1000.0 + step % 4,
        30.0 * step);
  }

  static String event(int step, String kind, String message, String values) {
    return "{\"step\":"
        + step
        + ",\"kind\":\""
        + kind
        + "\",\"message\":\""
        + message
        + "\",\"values\":{"
        + values
        + "}}\n";
  }
}
