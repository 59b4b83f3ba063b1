package dev.coppice.train.run;

import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.train.budget.StepCost;
import dev.coppice.train.data.TokenFile;
import dev.coppice.train.metrics.RunEvent;
import java.io.Closeable;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Judges a run on its held-out text between steps; where that fails, the run goes on without. */
final class Evaluation implements Closeable {
  private final TrainSpec spec;
  private Optional<TokenFile> heldOut;

  private Evaluation(TrainSpec spec, Optional<TokenFile> heldOut) {
    this.spec = spec;
    this.heldOut = heldOut;
  }

  /**
   * Opens the text, if there is one and it is asked for.
   *
   * @param folder of the run
   * @param spec of the run
   * @param log hears why there is no judging
   */
  static Evaluation open(RunFolder folder, TrainSpec spec, RunLog log) {
    Optional<TokenFile> text = Optional.empty();
    Optional<Path> file = folder.heldOut();
    if (spec.evaluation().everySteps() > 0 && file.isPresent()) {
      try {
        text = Optional.of(TokenFile.open(file.get()));
      } catch (IOException | CoppiceException e) {
        warn(log, e);
      }
    }
    return new Evaluation(spec, text);
  }

  private static void warn(RunLog log, Exception e) {
    log.warn(
        RunEvent.WARNING,
        "held-out text cannot be scored, and the run goes on without: " + e.getMessage(),
        ImmutableSortedMap.of());
  }

  /** Judges what trains, if its step is one for it. */
  void after(long step, RunParts parts, RunLog log) {
    if (heldOut.isEmpty() || step % spec.evaluation().everySteps() != 0) {
      return;
    }
    BatchSpec batch = spec.batch();
    // an interval is nobody's need here: one resample is the least
    EvalSpec how =
        new EvalSpec(batch.microBatch(), batch.sequence(), spec.evaluation().windows(), 1, 0);
    try {
      EvalReport report = parts.trainee().evaluate(heldOut.get(), how);
      parts.runner().evaluated(forwardFlops(parts.meter().cost(), report.tokens()));
      log.event(RunEvent.EVALUATED, describe(report), values(report));
    } catch (IOException | CoppiceException e) {
      heldOut = Optional.empty();
      warn(log, e);
    }
  }

  /** 2·N_active a token: a third of what training takes. */
  private static BigInteger forwardFlops(StepCost cost, long tokens) {
    BigInteger each = cost.flops().divide(BigInteger.valueOf(3 * cost.tokens()));
    return each.multiply(BigInteger.valueOf(tokens));
  }

  private static String describe(EvalReport report) {
    return String.format(
        Locale.ROOT, "held-out loss %.4f over %d tokens", report.loss(), report.tokens());
  }

  private static ImmutableSortedMap<String, Double> values(EvalReport report) {
    return ImmutableSortedMap.of(
        "loss", report.loss(),
        "bits_per_byte", report.bitsPerByte(),
        "accuracy", report.accuracy());
  }

  @Override
  public void close() throws IOException {
    if (heldOut.isPresent()) {
      heldOut.get().close();
    }
  }
}
