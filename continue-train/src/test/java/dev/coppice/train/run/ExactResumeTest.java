package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.djl.pytorch.jni.JniUtils;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.TrainJson;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.DataPath;
import dev.coppice.train.data.Preparation;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.metrics.EventLog;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.GuardSpec;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.SpikePolicy;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.Environment;
import dev.coppice.train.store.RunFolder;
import dev.coppice.train.store.RunState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that stop and go on, against those that do not: the same bits of the same batches. */
class ExactResumeTest {
  private static final int HALF = 4;
  private static final int SEQUENCES = 4;

  @TempDir Path folder;
  private Path checkpoint;

  @BeforeEach
  void prepare() throws IOException {
    checkpoint = TinyRuns.checkpoint(folder);
    // 400 tokens are 26 windows of 15: a pass ends in the midst of a step of four
    TinyRuns.corpus(folder.resolve("train.tokens"), 2, 1).close();
    // 13 windows, of which a mixture draws two thirds of 32
    TinyRuns.corpus(folder.resolve("other.tokens"), 1, 2).close();
  }

  /** What a run reads: one file, or two sources with weights. */
  private enum Sources {
    ONE,
    WEIGHTED
  }

  private TrainingData data(Sources sources, Path out) throws IOException {
    DataPath train = new DataPath(folder.resolve("train.tokens"), OptionalDouble.empty());
    List<DataPath> paths =
        sources == Sources.ONE
            ? List.of(train)
            : List.of(
                new DataPath(train.path(), OptionalDouble.of(1)),
                new DataPath(folder.resolve("other.tokens"), OptionalDouble.of(2)));
    return new Preparation(DataReading.plain(), new ByteTokenizer(), PreparationProgress.NONE)
        .prepare(paths, Optional.empty(), out);
  }

  private static TrainSpec spec(int microBatch, long everySteps, boolean asynchronous) {
    return TinyRuns.spec()
        .withBatch(new BatchSpec(SEQUENCES, 15, microBatch))
        .withGuard(new GuardSpec(SpikePolicy.SKIP, 8, 0.5, 100, 200, 3))
        .withSave(new SaveSpec(everySteps, 0, 99, 0, asynchronous));
  }

  /**
   * What came of a run, or of a part of it.
   *
   * @param result how it ended
   * @param before steps that it found done
   * @param batches all that it learned from, in order
   */
  private record Trained(TrainResult result, long before, List<TokenBatch> batches) {}

  private Trained train(TrainSpec spec, Sources sources, Path out, long stop) throws IOException {
    return train(spec, sources, out, stop, Host.here());
  }

  private Trained train(TrainSpec spec, Sources sources, Path out, long stop, Host host)
      throws IOException {
    BatchRecorder recorder = new BatchRecorder(TraineeFactory.MODELS);
    Budget budget = new Budget.Steps(2 * HALF);
    try (TrainingRun run =
        new RunOpener(recorder, host)
            .start(new RunRequest(spec, checkpoint, data(sources, out), budget, out))) {
      return new Trained(stopped(run, stop), 0, recorder.batches());
    }
  }

  private static Trained resume(Path out) throws IOException {
    return resume(out, Host.here());
  }

  private static Trained resume(Path out, Host host) throws IOException {
    BatchRecorder recorder = new BatchRecorder(TraineeFactory.MODELS);
    try (TrainingRun run = new RunOpener(recorder, host).resume(out)) {
      long before = run.spent().steps();
      return new Trained(run.run(ProgressListener.NONE), before, recorder.batches());
    }
  }

  private static TrainResult stopped(TrainingRun run, long stop) throws IOException {
    return run.run(
        (line, share) -> {
          if (line.step() == stop) {
            run.requestStop();
          }
        });
  }

  /** Lines but for their times. */
  private static List<String> lines(TrainResult result) throws IOException {
    List<String> lines = new ArrayList<>();
    for (MetricsLine line : MetricsLog.read(result.lossCurve())) {
      lines.add(
          String.valueOf(line).replaceAll("(tokensPerSecond|seconds|waitSeconds)=[^,\\]]*", "$1"));
    }
    return lines;
  }

  /** Holds two parts to the whole: weights, moments, metrics and batches. */
  private static void assertSame(Trained whole, Trained first, Trained second) throws IOException {
    TrainResult one = whole.result();
    TrainResult other = second.result();
    for (String file :
        List.of("model.safetensors", "config.json", "coppice-training/optimizer.safetensors")) {
      assertThat(other.checkpoint().resolve(file))
          .hasSameBinaryContentAs(one.checkpoint().resolve(file));
    }
    assertThat(lines(other)).isEqualTo(lines(one)).hasSize(2 * HALF);
    int aStep = whole.batches().size() / (2 * HALF);
    List<TokenBatch> batches =
        new ArrayList<>(first.batches().subList(0, (int) second.before() * aStep));
    batches.addAll(second.batches());
    assertThat(batches).isEqualTo(whole.batches());
  }

  /** Any two values of sources, micro-batch, interval and way of saving meet, but not all four. */
  @Test
  void halfAndHalfIsTheWhole() throws IOException {
    for (Sources sources : Sources.values()) {
      for (int share = 0; share < 3; share++) {
        int microBatch = 1 << share;
        Path alone = folder.resolve("whole-" + sources + microBatch);
        Trained whole = train(spec(microBatch, 99, false), sources, alone, -1);
        assertThat(whole.batches()).hasSize(2 * HALF * SEQUENCES / microBatch);
        for (int interval = 0; interval < 3; interval++) {
          boolean weighted = (share + 2 * interval) % 3 == 1;
          if (weighted == (sources == Sources.WEIGHTED)) {
            boolean asynchronous = (share + interval) % 2 == 0;
            long everySteps = List.of(1L, 3L, 7L).get(interval);
            assertHalves(whole, sources, spec(microBatch, everySteps, asynchronous));
          }
        }
      }
    }
  }

  private void assertHalves(Trained whole, Sources sources, TrainSpec spec) throws IOException {
    long everySteps = spec.save().everySteps();
    Path out = folder.resolve("parted");
    Trained first = train(spec, sources, out, HALF);
    boolean killed = everySteps == 3;
    if (killed) {
      // as if it had not been asked to stop: what came after the last interval is done again
      Folders.delete(out.resolve(RunFolder.stepName(HALF)));
    }
    Trained second = resume(out);
    assertThat(second.before()).isEqualTo(killed ? everySteps : HALF);
    assertSame(whole, first, second);
    Folders.delete(out);
  }

  /** A control: the axes of the matrix are there. */
  @Test
  void otherSourcesAndOtherPartsOfAStepAreOtherBatches() throws IOException {
    Trained one = train(spec(4, 99, false), Sources.ONE, folder.resolve("one"), 1);
    Trained weighted = train(spec(4, 99, false), Sources.WEIGHTED, folder.resolve("weighted"), 1);
    Trained accumulated = train(spec(2, 99, false), Sources.ONE, folder.resolve("accumulated"), 1);
    assertThat(weighted.batches()).hasSize(1).isNotEqualTo(one.batches());
    assertThat(accumulated.batches()).extracting(TokenBatch::batch).containsExactly(2, 2);
  }

  @Test
  void aResumeAtEachStepIsTheWhole() throws IOException {
    Path out = folder.resolve("whole");
    Trained whole = train(spec(4, 1, true), Sources.ONE, out, -1);
    assertThat(lines(whole.result())).anyMatch(line -> line.contains("skipped=true"));
    for (long lost = 2 * HALF; lost > 1; lost -= 4) {
      Path parted = folder.resolve("parted-" + lost);
      Trained first = train(spec(4, 1, true), Sources.ONE, parted, lost);
      // as after a kill in the step: what came after the last checkpoint is done again
      Folders.delete(parted.resolve(RunFolder.stepName(lost)));
      Trained second = resume(parted);
      assertThat(second.before()).isEqualTo(lost - 1);
      assertSame(whole, first, second);
    }
  }

  @Test
  void threadsThatDifferAreRefused() throws IOException {
    Path out = folder.resolve("run");
    train(spec(4, 99, false), Sources.ONE, out, 1);
    int threads = JniUtils.getNumThreads();
    JniUtils.setNumThreads(threads + 1);
    try {
      assertThat(catchThrowable(() -> TrainingRun.resume(out).close()))
          .hasMessageContaining("threads " + (threads + 1) + " instead of " + threads);
    } finally {
      JniUtils.setNumThreads(threads);
    }
  }

  /** A machine of so many cores. */
  private static Host machine(int cores, boolean threadsGiven) {
    return new Host(
        () -> Environment.here().withThreads(cores),
        threadsGiven,
        Host.here().disk(),
        Host.here().nanoTime());
  }

  /** A run of a version that took all cores, or of a user who said how many. */
  @Test
  void aRunGoesOnWithItsOwnThreadsHoweverManyCoresThereAre() throws IOException {
    TrainSpec spec = spec(4, 99, false);
    Trained whole = train(spec, Sources.ONE, folder.resolve("whole"), -1, machine(2, true));
    Path out = folder.resolve("parted");
    Trained first = train(spec, Sources.ONE, out, HALF, machine(2, true));
    Trained second = resume(out, machine(7, false));
    assertSame(whole, first, second);
    Path state = second.result().checkpoint().resolve("coppice-training/state.json");
    assertThat(TrainJson.read(state, RunState.class).environment().threads()).isEqualTo(2);
  }

  @Test
  void aTinyRunTakesOneThreadWhereNoNumberIsGiven() throws IOException {
    Path out = folder.resolve("run");
    Trained run = train(spec(4, 99, false), Sources.ONE, out, 1, machine(7, false));
    Path state = run.result().checkpoint().resolve("coppice-training/state.json");
    assertThat(TrainJson.read(state, RunState.class).environment().threads()).isOne();
  }

  private static RunOpener elsewhere(Environment other) {
    return new RunOpener(
        TraineeFactory.MODELS,
        new Host(() -> other, true, Host.here().disk(), Host.here().nanoTime()));
  }

  /** Where no product is asked for, the kernels of the version before numbers, by their hash. */
  private static final Map<String, String> HASHES =
      Map.of(
          "1-blas", "fa2e16a367b27c835673ab4b0d3bb0d512c4e6b3b7031d8d62a85915a800b24f",
          "1-onednn", "7709d8b3f7bf75c1dff7543d2203bdf95300158618dd1e9ec51ab098fd3189ac");

  private static Host beforeNumbers() {
    Environment e = Environment.here();
    String hash = Objects.requireNonNull(HASHES.get(e.kernels()));
    Environment before =
        new Environment(e.coppiceVersion(), hash, e.instructionSet(), e.device(), e.threads());
    return new Host(() -> before, true, Host.here().disk(), Host.here().nanoTime());
  }

  @Test
  void aRunOfTheVersionBeforeKernelsHadANumberGoesOnExactly() throws IOException {
    TrainSpec spec = spec(4, 99, false);
    Trained whole = train(spec, Sources.ONE, folder.resolve("whole"), -1);
    Path out = folder.resolve("parted");
    Trained first = train(spec, Sources.ONE, out, HALF, beforeNumbers());
    Path state = first.result().checkpoint().resolve("coppice-training/state.json");
    assertThat(Files.readString(state)).contains(beforeNumbers().environment().get().kernels());
    assertSame(whole, first, resume(out));
  }

  /** Its losses were those of each micro-batch. */
  @Test
  void aRunOfThatVersionWithMicroBatchesMustAgreeToBeInexact() throws IOException {
    Path out = folder.resolve("run");
    TrainSpec spec = spec(2, 99, false).withLoss(new LossSpec(0.01, 0, 0));
    train(spec, Sources.ONE, out, HALF, beforeNumbers());
    assertThatThrownBy(() -> resume(out))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining("auxiliary losses of the whole batch instead of each micro-batch");
  }

  /** Another build, other kernels, instruction set, device or threads: each is said by name. */
  @Test
  void eachDifferenceIsRefusedByNameUnlessItMayBeInexact() throws IOException {
    Path out = folder.resolve("run");
    train(spec(4, 99, false), Sources.ONE, out, 1);
    Environment e = Environment.here();
    Map<String, Environment> others = new TreeMap<>();
    String set = e.instructionSet();
    String build = e.coppiceVersion();
    others.put(
        "coppice version x instead of " + build,
        new Environment("x", e.kernels(), set, e.device(), e.threads()));
    others.put(
        "kernels x instead of " + e.kernels(),
        new Environment(build, "x", set, e.device(), e.threads()));
    others.put(
        "instruction set x instead of " + set,
        new Environment(build, e.kernels(), "x", e.device(), e.threads()));
    others.put(
        "device x instead of " + e.device(),
        new Environment(build, e.kernels(), set, "x", e.threads()));
    others.put(
        "threads 99 instead of " + e.threads(),
        new Environment(build, e.kernels(), set, e.device(), 99));
    for (Map.Entry<String, Environment> other : others.entrySet()) {
      assertThatThrownBy(() -> elsewhere(other.getValue()).resume(out))
          .isInstanceOfSatisfying(
              CoppiceException.class,
              x -> assertThat(x.kind()).isEqualTo(ErrorKind.REQUEST_INVALID))
          .hasMessage(
              "environment must be that of the run for an exact resume, got "
                  + other.getKey()
                  + " (restore it, or use --inexact: results then agree but for rounding)");
    }
    Environment other = new Environment("x", "x", "x", "x", 99);
    elsewhere(other).resume(out, new ResumeSpec(true, true)).close();
    // nothing was trained elsewhere, and here it is still exact
    assertThat(resume(out).before()).isEqualTo(1);
    assertThat(EventLog.read(out.resolve("events.jsonl")))
        .extracting(RunEvent::kind)
        .doesNotContain(RunEvent.WARNING);
  }
}
