package dev.coppice.train.run;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.train.budget.BudgetMeter;
import dev.coppice.train.budget.Spent;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.batch.BatchSource;
import dev.coppice.train.data.batch.TokenWindows;
import dev.coppice.train.data.heldout.HeldOut;
import dev.coppice.train.eval.Compatibility;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.CheckpointSaver;
import dev.coppice.train.store.RunFolder;
import dev.coppice.train.store.RunManifest;
import dev.coppice.train.store.RunState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Everything that is fixed when a run is opened.
 *
 * @param folder of the run
 * @param manifest of the run
 * @param data that it reads
 * @param factory of trainees
 * @param host that it runs on
 */
record RunSetting(
    RunFolder folder, RunManifest manifest, TrainingData data, TraineeFactory factory, Host host) {

  /** Result of loading a checkpoint. */
  interface Use<T> {
    /** Makes something of a checkpoint and its trainee. */
    T of(Checkpoint source, Trainee trainee) throws IOException;
  }

  /** Loads a checkpoint of the run, or what it starts from. */
  <T> T load(Optional<Path> step, Use<T> use) throws IOException {
    Path path = step.orElse(Path.of(manifest.checkpoint()));
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      Trainee trainee = factory.make(checkpoint, manifest.spec(), step.isPresent());
      try {
        return use.of(checkpoint, trainee);
      } catch (IOException | RuntimeException e) {
        trainee.close();
        throw e;
      }
    }
  }

  /** The run at a state; {@code source} may be closed afterwards. */
  RunParts parts(Checkpoint source, Trainee trainee, RunState state) throws IOException {
    BudgetMeter meter = meter(source, manifest, state.spent());
    StepRunner runner = new StepRunner(trainee, batches(), meter, state);
    boolean resumed = source.folder().equals(folder.step(state.step()));
    CheckpointSaver.Origin origin =
        new CheckpointSaver.Origin(source, resumed, resumed ? state.step() : 0);
    return new RunParts(
        trainee, runner, meter, new CheckpointSaver(folder, manifest, origin, host.disk()));
  }

  /** Checks that checkpoint, data, spec and budget fit together. */
  static void check(Checkpoint source, TrainingData data, RunManifest manifest) throws IOException {
    int sequence = manifest.spec().batch().sequence();
    Compatibility.check(source.spec(), data, sequence);
    data.checkLabels(sequence);
    batches(data, manifest);
    meter(source, manifest, Spent.NOTHING);
  }

  /**
   * Checks that the model can read the run's evaluation data, and that a token can be scored.
   *
   * @param runFolder where it was prepared, if it was
   */
  static void checkHeldOut(Checkpoint source, TrainSpec spec, Path runFolder) throws IOException {
    Optional<HeldOut> found = HeldOut.open(runFolder);
    if (found.isEmpty()) {
      return;
    }
    try (HeldOut heldOut = found.get()) {
      int sequence = spec.batch().sequence();
      for (HeldOut.Source text : heldOut.sources()) {
        Compatibility.check(source.spec(), text.tokens(), sequence);
        TokenWindows windows = new TokenWindows(text.tokens(), sequence);
        if (!windows.hasLabel(windows.covering())) {
          throw new CoppiceException(
              ErrorKind.INPUT_INVALID,
              "held-out text must have a token that follows another of its document, got none ("
                  + text.name()
                  + ")");
        }
      }
    }
  }

  /** Tokens that the budget holds, if that does not depend on the clock. */
  static Optional<Long> forecast(Checkpoint source, RunManifest manifest) throws IOException {
    return meter(source, manifest, Spent.NOTHING).forecast().map(Spent::tokens);
  }

  /** The order in which windows are drawn. */
  BatchSource batches() {
    return batches(data, manifest);
  }

  private static BatchSource batches(TrainingData data, RunManifest manifest) {
    BatchSpec batch = manifest.spec().batch();
    return data.batches(batch.sequence(), manifest.spec().seed(), batch.documentMask());
  }

  private static BudgetMeter meter(Checkpoint source, RunManifest manifest, Spent spent)
      throws IOException {
    return new BudgetMeter(manifest.budget(), StepCosts.of(source.spec(), manifest.spec()), spent);
  }
}
