package dev.coppice.train.run;

import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.train.budget.StepCost;
import dev.coppice.train.data.DataSpec;
import dev.coppice.train.data.encode.TokenBytes;
import dev.coppice.train.data.heldout.HeldOut;
import dev.coppice.train.eval.EvalSpec;
import dev.coppice.train.eval.HeldOutText;
import dev.coppice.train.eval.Look;
import dev.coppice.train.metrics.EventLog;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.EvaluationSpec;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.RunFolder;
import dev.coppice.train.store.RunManifest;
import java.io.Closeable;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Judges a run on its held-out text between steps; where that fails, the run continues without it.
 */
final class Evaluation implements Closeable {
  private final TrainSpec spec;
  private Optional<Judging> judging;
  private Optional<RunEvent> last;

  /** The evaluation text, and the counter of its bytes. */
  private record Judging(HeldOut heldOut, TokenBytes bytes) {
    void close() {
      heldOut.close();
      bytes.close();
    }
  }

  private Evaluation(TrainSpec spec, Optional<Judging> judging, Optional<RunEvent> last) {
    this.spec = spec;
    this.judging = judging;
    this.last = last;
  }

  /**
   * Opens the text, if there is one and it is asked for.
   *
   * @param folder of the run
   * @param manifest of the run
   * @param checkpoint that the run stands at, whose tokenizer says how long tokens are
   * @param log receives the reason if there is no evaluation
   */
  static Evaluation open(RunFolder folder, RunManifest manifest, Path checkpoint, RunLog log)
      throws IOException {
    TrainSpec spec = manifest.spec();
    Optional<Judging> judging = Optional.empty();
    if (spec.evaluation().everySteps() > 0) {
      try {
        judging = judging(folder.path(), manifest.data(), checkpoint);
      } catch (IOException | CoppiceException e) {
        warn(log, e);
      }
    }
    Optional<RunEvent> last =
        EventLog.read(folder.events()).stream()
            .filter(event -> event.kind().equals(RunEvent.EVALUATED))
            .reduce((before, after) -> after);
    return new Evaluation(spec, judging, last);
  }

  private static Optional<Judging> judging(Path run, DataSpec data, Path checkpoint)
      throws IOException {
    Optional<HeldOut> heldOut = HeldOut.open(run);
    if (heldOut.isEmpty()) {
      return Optional.empty();
    }
    try (Checkpoint model = Checkpoint.open(checkpoint)) {
      TokenBytes bytes =
          data.readsBytes()
              ? TokenBytes.plain()
              : TokenBytes.of(checkpoint, model.spec().vocabularySize());
      return Optional.of(new Judging(heldOut.get(), bytes));
    }
  }

  private static void warn(RunLog log, Exception e) {
    log.warn(
        RunEvent.WARNING,
        "held-out text cannot be scored, and the run continues without it: " + e.getMessage(),
        ImmutableSortedMap.of());
  }

  /** Judges what is to train, before the first step. */
  void before(RunParts parts, RunLog log) {
    if (parts.step() == 0 && spec.evaluation().asTrained()) {
      judge(parts, log);
    }
  }

  /** Judges what trains, if its step is one for it; the last always is. */
  void after(RunParts parts, RunLog log) {
    EvaluationSpec when = spec.evaluation();
    boolean ends = when.asTrained() && !parts.meter().fits();
    if (ends || (when.everySteps() > 0 && parts.step() % when.everySteps() == 0)) {
      judge(parts, log);
    }
  }

  /** The numbers of the last look; none where there was none. */
  ImmutableSortedMap<String, Double> lastLook() {
    return last.map(RunEvent::values).orElse(ImmutableSortedMap.of());
  }

  private void judge(RunParts parts, RunLog log) {
    if (judging.isEmpty()) {
      return;
    }
    try {
      Look look = look(judging.get(), parts.trainee());
      parts.runner().evaluated(forwardFlops(parts.meter().cost(), look.tokens()));
      RunEvent event =
          new RunEvent(parts.step(), RunEvent.EVALUATED, look.message(), look.values());
      // a run that begins again has reported its start
      if (parts.step() > 0 || last.isEmpty()) {
        log.event(event.kind(), event.message(), event.values());
      }
      last = Optional.of(event);
    } catch (IOException | CoppiceException e) {
      judging.get().close();
      judging = Optional.empty();
      warn(log, e);
    }
  }

  private Look look(Judging by, Trainee trainee) throws IOException {
    BatchSpec batch = spec.batch();
    // the interval is not used here, so one resample is enough
    EvalSpec how =
        new EvalSpec(
            batch.microBatch(),
            batch.sequence(),
            spec.evaluation().windows(),
            spec.evaluation().documentMask(batch),
            1,
            0);
    Look look = new Look();
    for (HeldOut.Source source : by.heldOut().sources()) {
      HeldOutText text = new HeldOutText(source.tokens(), by.bytes(), source.documentEnd());
      look.add(source.name(), trainee.evaluate(text, how));
    }
    return look;
  }

  /** 2·N_active a token: a third of what training takes. */
  private static BigInteger forwardFlops(StepCost cost, long tokens) {
    BigInteger each = cost.flops().divide(BigInteger.valueOf(3 * cost.tokens()));
    return each.multiply(BigInteger.valueOf(tokens));
  }

  @Override
  public void close() {
    judging.ifPresent(Judging::close);
  }
}
