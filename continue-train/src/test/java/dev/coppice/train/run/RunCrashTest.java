package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.testing.FaultFs;
import dev.coppice.moe.testing.FaultFs.Bytes;
import dev.coppice.moe.testing.FaultFs.Fault;
import dev.coppice.moe.testing.FaultFs.Loss;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.metrics.MetricsSink;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.metrics.RunSinks;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.CheckpointFinder;
import dev.coppice.train.store.CheckpointManifest;
import dev.coppice.train.store.DamageException;
import dev.coppice.train.store.RunFolder;
import dev.coppice.train.store.RunManifest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run at work when the disk fails or the power does: saves, deletions and its curve. */
class RunCrashTest {
  private static final Path RUN = Path.of("run");
  private static final int STEPS = 2;

  /** Of so many operations one is let fail in the suite; {@code -Dcoppice.stride=1} for all. */
  private static final int STRIDE = Integer.getInteger("coppice.stride", 7);

  @TempDir Path home;
  private Path reference;
  private int rounds;

  /** What a run has told of so far. */
  private static final class Told implements RunSinks.Opener, MetricsSink {
    private long saved;

    @Override
    public String name() {
      return "told";
    }

    @Override
    public MetricsSink open(Path runFolder, long lastStep) {
      return this;
    }

    @Override
    public void step(MetricsLine line) {}

    @Override
    public void event(RunEvent event) {
      if (event.kind().equals(RunEvent.SAVED)) {
        saved = event.values().get("checkpoint").longValue();
      }
    }

    @Override
    public void force() {}

    @Override
    public void close() {}
  }

  @BeforeEach
  void prepare() throws IOException {
    CountingRuns.prepare(home);
    reference = home.resolve("reference");
    new CountingRuns(home).train(spec(99, false), STEPS, reference);
  }

  private static TrainSpec spec(int keepLast, boolean asynchronous) {
    return CountingRuns.spec(new SaveSpec(1, 0, keepLast, 0, asynchronous));
  }

  private Path newRound() throws IOException {
    return Files.createDirectory(home.resolve("round-" + rounds++));
  }

  /** What a run does. */
  private record Work(int steps, int keepLast, boolean asynchronous) {}

  private void train(FaultFs faults, Work work, Told told) throws IOException {
    try (TrainingRun run =
        new CountingRuns(home)
            .start(
                spec(work.keepLast, work.asynchronous),
                work.steps,
                faults.root().resolve(RUN.toString()))) {
      run.run(ProgressListener.NONE, ImmutableList.of(told));
    }
  }

  /** What is wrong with a run's folder, if anything; {@code saved} was told to be on disk. */
  private Optional<String> fault(Path run, long saved) throws IOException {
    if (!Files.exists(RunFolder.manifest(run))) {
      return saved > 0 ? Optional.of("run.json is gone") : Optional.empty();
    }
    try {
      RunManifest.read(RunFolder.manifest(run));
    } catch (CoppiceException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
    List<String> damaged = new ArrayList<>();
    Optional<CheckpointFinder.Found> found;
    try (RunFolder held = RunFolder.hold(run)) {
      found = new CheckpointFinder(held, true, damaged::add).newest(step -> true);
      for (Path older : held.steps()) {
        CheckpointManifest.verified(older);
      }
    } catch (DamageException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
    if (!damaged.isEmpty()) {
      return Optional.of(damaged.toString());
    }
    long step = found.map(whole -> whole.state().step()).orElse(0L);
    if (step < saved) {
      return Optional.of("step " + saved + " was told to be saved, and " + step + " is there");
    }
    try {
      MetricsLog.openAfter(run.resolve("metrics.jsonl"), step).close();
    } catch (CoppiceException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
    return step == 0 ? Optional.empty() : difference(found.get().folder());
  }

  private Optional<String> difference(Path checkpoint) throws IOException {
    for (String file : List.of("model.safetensors", "coppice-training/optimizer.safetensors")) {
      Path expected = reference.resolve(Folders.name(checkpoint)).resolve(file);
      if (Files.mismatch(checkpoint.resolve(file), expected) >= 0) {
        return Optional.of("bytes of " + file + " differ");
      }
    }
    return Optional.empty();
  }

  private Optional<String> crash(FaultFs faults, List<Loss> losses, long saved) {
    try {
      for (Loss loss : losses) {
        Path image = home.resolve("image");
        Optional<String> fault =
            faults.crashed(RUN, loss, image)
                ? fault(image, saved)
                : saved > 0 ? Optional.of("the run is gone") : Optional.empty();
        Folders.delete(image);
        if (fault.isPresent()) {
          return Optional.of(fault.get() + " (" + loss + ")");
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lets the power fail before every change; the first thing that goes wrong ends the sweep. */
  private List<String> crashes(long ignoredForce, Work work, Supplier<List<Loss>> losses)
      throws IOException {
    FaultFs faults = FaultFs.over(newRound());
    faults.ignoreForce(ignoredForce);
    Told told = new Told();
    List<String> wrong = new ArrayList<>();
    faults.beforeEachChange(
        () -> {
          if (wrong.isEmpty()) {
            crash(faults, losses.get(), told.saved).ifPresent(wrong::add);
          }
        });
    train(faults, work, told);
    faults.beforeEachChange(() -> {});
    crash(faults, losses.get(), told.saved).ifPresent(wrong::add);
    return wrong;
  }

  private static List<Loss> allLosses() {
    List<Loss> losses = new ArrayList<>();
    for (Bytes bytes : Bytes.values()) {
      losses.add(Loss.uniform(true, bytes));
      losses.add(Loss.uniform(false, bytes));
    }
    losses.add(Loss.random(1));
    losses.add(Loss.random(2));
    return losses;
  }

  @Test
  void aCrashLosesNothingThatWasToldToBeSaved() throws IOException {
    assertThat(crashes(-1, new Work(STEPS, 1, false), RunCrashTest::allLosses)).isEmpty();
  }

  @Test
  void norOneWhileACopyIsWritten() throws IOException {
    List<Loss> harsh = List.of(Loss.uniform(true, Bytes.DROPPED), Loss.uniform(false, Bytes.TORN));
    assertThat(crashes(-1, new Work(STEPS, 1, true), () -> harsh)).isEmpty();
  }

  @Test
  void everyForceIsNeeded() throws IOException {
    Work work = new Work(1, 9, false);
    FaultFs counter = FaultFs.over(newRound());
    train(counter, work, new Told());
    List<Loss> harsh =
        List.of(Loss.uniform(true, Bytes.DROPPED), Loss.uniform(false, Bytes.DROPPED));
    List<Long> useless = new ArrayList<>();
    for (long k = 0; k < counter.forces(); k++) {
      if (crashes(k, work, () -> harsh).isEmpty()) {
        useless.add(k);
      }
    }
    // the first save forces the name of run.json too; events may be lost, and those of the end
    long last = counter.forces() - 1;
    assertThat(useless).containsExactly(1L, 4L, last - 1, last);
  }

  @Test
  void aDeletionIsForcedBeforeItsFilesGo() throws IOException {
    Work work = new Work(2, 1, false);
    FaultFs counter = FaultFs.over(newRound());
    train(counter, work, new Told());
    // then come the curve and the events of the end
    long deletion = counter.forces() - 3;
    assertThat(crashes(-1, work, () -> List.of(new LosesOneFolder()))).isEmpty();
    assertThat(crashes(deletion, work, () -> List.of(new LosesOneFolder()))).isNotEmpty();
  }

  /** The run's folder has its old names, and those below it their new ones. */
  private static final class LosesOneFolder implements Loss {
    private int folders;

    @Override
    public boolean losesNames() {
      return folders++ == 1;
    }

    @Override
    public Bytes bytes() {
      return Bytes.KEPT;
    }

    @Override
    public String toString() {
      return "names of the run lost";
    }
  }

  @Test
  void anErrorAnywhereLosesNothing() throws IOException {
    FaultFs counter = FaultFs.over(newRound());
    train(counter, new Work(2, 1, false), new Told());
    long operations = counter.operations();
    assertThat(operations).isGreaterThan(100);
    for (Fault fault : Fault.values()) {
      for (long n = 0; n < operations; n += STRIDE) {
        Path round = newRound();
        FaultFs faults = FaultFs.over(round);
        faults.failAt(n, fault);
        Told told = new Told();
        try {
          train(faults, new Work(2, 1, false), told);
        } catch (IOException | CoppiceException e) {
          // then nothing more was told to be saved
        }
        Path run = round.resolve(RUN);
        String at = fault + " at operation " + n;
        if (Files.exists(RunFolder.manifest(run))) {
          assertThat(fault(run, told.saved)).as(at).isEmpty();
          new CountingRuns(home).resume(run);
          assertThat(difference(run.resolve("step-00000002"))).as(at).isEmpty();
          assertThat(MetricsLog.read(run.resolve("metrics.jsonl"))).as(at).hasSize(2);
        } else {
          assertThat(told.saved).as(at).isZero();
        }
        Folders.delete(round);
      }
    }
  }
}
