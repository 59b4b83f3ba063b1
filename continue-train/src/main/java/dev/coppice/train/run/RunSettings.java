package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.train.data.batch.TokenWindows;
import dev.coppice.train.data.heldout.HeldOut;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The lines about a run before its first step: settings that were derived. */
final class RunSettings {
  private RunSettings() {}

  /** A line a setting. */
  static ImmutableList<String> describe(Checkpoint source, TrainSpec spec, Path runFolder)
      throws IOException {
    ImmutableList.Builder<String> lines = ImmutableList.builder();
    source.spec().firstMoe().ifPresent(moe -> lines.add(loadBalance(source, spec.loss(), moe)));
    lines.add(
        spec.batch().documentMask()
            ? "documents: tokens attend to their own document only, in training and"
                + " evaluation (document mask)"
            : "documents: tokens attend to all documents of their window (no document mask)");
    Optional<HeldOut> heldOut = HeldOut.open(runFolder);
    if (heldOut.isPresent()) {
      try (HeldOut text = heldOut.get()) {
        lines.add(heldOut(text, spec));
      }
    }
    return lines.build();
  }

  private static String loadBalance(Checkpoint source, LossSpec loss, LayerSpec.Moe moe) {
    Optional<String> key = LossSpec.loadBalanceKey(source);
    boolean own =
        key.isPresent() && LossSpec.defaultsOf(source).loadBalance() == loss.loadBalance();
    return String.format(
        Locale.ROOT,
        "load balance: weight %s%s; the loss is %d at perfect balance",
        loss.loadBalance(),
        own ? " (" + key.get() + " of config.json)" : "",
        moe.topK());
  }

  private static String heldOut(HeldOut text, TrainSpec spec) {
    return text.sources().stream()
        .map(
            source ->
                String.format(
                    Locale.ROOT,
                    "%s (%d tokens, %d documents%s)",
                    source.name(),
                    source.tokens().tokenCount(),
                    source.tokens().documentCount(),
                    windows(source, spec)))
        .collect(Collectors.joining(", ", "held out: ", ""));
  }

  private static String windows(HeldOut.Source source, TrainSpec spec) {
    if (spec.evaluation().everySteps() == 0) {
      return "";
    }
    long there = new TokenWindows(source.tokens(), spec.batch().sequence()).covering();
    long read = Math.min(there, spec.evaluation().windows());
    return String.format(Locale.ROOT, "; an evaluation reads %d of %d windows", read, there);
  }
}
