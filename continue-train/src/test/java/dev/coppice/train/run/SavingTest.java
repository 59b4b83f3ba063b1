package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.metrics.EventLog;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.spec.GuardSpec;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.SpikePolicy;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.Retention;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When checkpoints are written, kept and deleted, and what becomes of a run that cannot. */
class SavingTest {
  @TempDir Path folder;
  private CountingRuns runs;
  private Path out;

  @BeforeEach
  void prepare() throws IOException {
    CountingRuns.prepare(folder);
    runs = new CountingRuns(folder);
    out = folder.resolve("run");
  }

  private static List<Long> steps(Path out) throws IOException {
    try (Stream<Path> files = Files.list(out)) {
      return files
          .map(Folders::name)
          .filter(name -> name.startsWith("step-"))
          .map(name -> Long.parseLong(name.substring(5)))
          .sorted()
          .toList();
    }
  }

  private List<String> kinds() throws IOException {
    return EventLog.read(out.resolve("events.jsonl")).stream().map(RunEvent::kind).toList();
  }

  @Test
  void keepsTheLastAndThoseForGood() throws IOException {
    runs.train(CountingRuns.spec(new SaveSpec(3, 0, 2, 6, false)), 22, out);
    assertThat(steps(out)).containsExactly(6L, 12L, 18L, 21L, 22L);
  }

  @Test
  void savesByMinutesToo() throws IOException {
    TrainSpec spec = CountingRuns.spec(new SaveSpec(100, 5, 9, 0, false));
    try (TrainingRun run = runs.start(spec, 12, out)) {
      run.run((line, share) -> runs.nanos.addAndGet(TimeUnit.MINUTES.toNanos(2)));
    }
    assertThat(steps(out)).containsExactly(3L, 6L, 9L, 12L);
  }

  @Test
  void savesWhenAskedAndGoesOn() throws IOException {
    try (TrainingRun run = runs.start(CountingRuns.spec(new SaveSpec(100, 9)), 12, out)) {
      TrainResult result =
          run.run(
              (line, share) -> {
                if (line.step() == 5) {
                  run.requestSave();
                }
              });
      assertThat(result.finished()).isTrue();
    }
    assertThat(steps(out)).containsExactly(5L, 12L);
  }

  @Test
  void aFullDiskStopsSavingButNotTheRun() throws IOException {
    try (TrainingRun run = runs.start(CountingRuns.spec(new SaveSpec(4, 9)), 14, out)) {
      run.run(
          (line, share) -> {
            // the checkpoint of this model takes some 4000 bytes
            runs.free.set(line.step() >= 6 && line.step() <= 13 ? 4000 : 1_000_000);
          });
    }
    assertThat(steps(out)).containsExactly(4L, 14L);
    assertThat(kinds())
        .containsExactly("started", "saved", "save_failed", "save_failed", "saved", "finished");
    RunEvent failed = EventLog.read(out.resolve("events.jsonl")).get(2);
    assertThat(failed.message())
        .contains("step 8 could not be saved")
        .containsPattern("disk must have \\d,\\d{3} bytes free for the output, got 4,000");
    assertThat(MetricsLog.read(out.resolve("metrics.jsonl"))).hasSize(14);
  }

  @Test
  void needsFivePercentMoreThanTheLastCheckpointTook() throws IOException {
    runs.train(CountingRuns.spec(new SaveSpec(4, 9)), 4, out);
    long bytes;
    try (Stream<Path> files = Files.walk(out.resolve("step-00000004"))) {
      bytes =
          files
              .filter(Files::isRegularFile)
              .filter(file -> !file.endsWith("manifest.json"))
              .mapToLong(file -> file.toFile().length())
              .sum();
    }
    Path other = folder.resolve("other");
    try (TrainingRun run = runs.start(CountingRuns.spec(new SaveSpec(4, 9)), 16, other)) {
      run.run(
          (line, share) -> {
            long step = line.step();
            runs.free.set(
                step == 8 ? bytes + bytes / 40 : step == 12 ? bytes + bytes / 10 : 1_000_000);
          });
    }
    assertThat(steps(other)).containsExactly(4L, 12L, 16L);
  }

  @Test
  void theLastSaveMustNotFail() throws IOException {
    try (TrainingRun run = runs.start(CountingRuns.spec(new SaveSpec(4, 9)), 7, out)) {
      assertThatThrownBy(
              () -> run.run((line, share) -> runs.free.set(line.step() > 4 ? 10 : 1_000_000)))
          .isInstanceOfSatisfying(
              CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.RESOURCE))
          .hasMessageContaining("step 7 must be saved at the end")
          .hasMessageContaining("newest whole checkpoint: " + out.resolve("step-00000004"));
    }
    runs.free.set(Long.MAX_VALUE);
    assertThat(runs.resume(out).checkpoint()).isEqualTo(out.resolve("step-00000007"));
    assertThat(MetricsLog.read(out.resolve("metrics.jsonl"))).hasSize(7);
  }

  @Test
  void aCopyIsWrittenWhileTrainingGoesOn() throws IOException {
    CountDownLatch later = new CountDownLatch(1);
    runs.world.beforeWrite = () -> await(later);
    TrainSpec spec = CountingRuns.spec(new SaveSpec(4, 0, 9, 0, true));
    try (TrainingRun run = runs.start(spec, 10, out)) {
      run.run(
          (line, share) -> {
            if (line.step() == 7) {
              assertThat(out.resolve("step-00000004")).doesNotExist();
              later.countDown();
            }
          });
    }
    Path plain = folder.resolve("plain");
    CountingRuns others = new CountingRuns(folder);
    others.train(CountingRuns.spec(new SaveSpec(4, 9)), 10, plain);
    for (String file : List.of("model.safetensors", "coppice-training/optimizer.safetensors")) {
      for (String step : List.of("step-00000004", "step-00000008", "step-00000010")) {
        assertThat(out.resolve(step).resolve(file))
            .hasSameBinaryContentAs(plain.resolve(step).resolve(file));
      }
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aCopyThatCannotBeWrittenIsToldAndTriedAgain() throws IOException {
    TrainSpec spec = CountingRuns.spec(new SaveSpec(4, 0, 9, 0, true));
    int[] writes = {0};
    runs.world.beforeWrite =
        () -> {
          if (writes[0]++ == 0) {
            throw new UncheckedIOException(new IOException("No space left on device"));
          }
        };
    runs.train(spec, 9, out);
    assertThat(steps(out)).containsExactly(8L, 9L);
    assertThat(kinds()).contains("save_failed", "saved", "finished");
  }

  @Test
  void wantOfMemoryInASaveEndsTheRunWithItsCode() throws IOException {
    int[] writes = {0};
    runs.world.beforeWrite =
        () -> {
          if (++writes[0] == 2) {
            throw new OutOfMemoryError("Java heap space");
          }
        };
    for (boolean asynchronous : List.of(true, false)) {
      writes[0] = 0;
      Path run = folder.resolve("run-" + asynchronous);
      TrainSpec spec = CountingRuns.spec(new SaveSpec(4, 0, 9, 0, asynchronous));
      assertThatThrownBy(() -> runs.train(spec, 12, run))
          .isInstanceOfSatisfying(
              CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.RESOURCE))
          .hasMessage(
              "memory must suffice, got Java heap space (newest whole checkpoint: "
                  + run.resolve("step-00000004")
                  + ")");
      assertThat(steps(run)).containsExactly(4L);
    }
  }

  @Test
  void keepsLinesInMemoryUntilTheDiskTakesThem() throws IOException {
    FlakySink sink = new FlakySink();
    RunLog log = new RunLog(sink, 0);
    sink.fails = true;
    log.step(FlakySink.line(1));
    log.step(FlakySink.line(2));
    assertThat(sink.events).containsExactly("warning");
    assertThatThrownBy(log::force).isInstanceOf(IOException.class);
    sink.fails = false;
    log.step(FlakySink.line(3));
    log.force();
    assertThat(sink.steps).containsExactly(1L, 2L, 3L);
  }

  @Test
  void writesTheAverageAsAModelAtTheEnd() throws IOException {
    runs.world.averages = true;
    try (TrainingRun run = runs.start(CountingRuns.spec(new SaveSpec(4, 9)), 9, out)) {
      run.run(
          (line, share) -> {
            if (line.step() == 6) {
              run.requestStop();
            }
          });
    }
    assertThat(out.resolve("averaged-00000006")).doesNotExist();
    assertThat(out.resolve("step-00000006/coppice-training/average.safetensors")).exists();
    TrainResult result = runs.resume(out);
    assertThat(result.averaged()).contains(out.resolve("averaged-00000009"));
    try (Checkpoint average = Checkpoint.open(out.resolve("averaged-00000009"))) {
      assertThat(average.record()).isPresent();
      assertThat(average.modelCard()).isPresent();
    }
    assertThat(out.resolve("averaged-00000009/model.safetensors")).isRegularFile();
    runs.resume(out);
  }

  @Test
  void retentionKeepsWhatARollBackNeeds() {
    GuardSpec guard = new GuardSpec(SpikePolicy.ROLLBACK, 8, 6, 100, 0, 1);
    Retention retention = new Retention(new SaveSpec(10, 1), guard);
    List<Long> kept = new ArrayList<>();
    for (long step = 10; step <= 2000; step += 10) {
      kept.add(0, step);
      kept.removeAll(retention.surplus(kept));
      long now = step;
      long oldest = kept.get(kept.size() - 1);
      assertThat(kept).hasSizeLessThanOrEqualTo(3);
      if (step >= 300) {
        assertThat(oldest).isBetween(now - 210, now - 100);
      }
    }
  }
}
