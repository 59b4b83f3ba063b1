package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.TrainJson;
import dev.coppice.train.metrics.EventLog;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.spec.GuardSpec;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.SpikePolicy;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.RunFolder;
import dev.coppice.train.store.RunState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Spikes and numbers that are not finite, met at chosen steps. */
class RollBackTest {
  @TempDir Path folder;
  private CountingRuns runs;
  private Path out;
  private List<Integer> order;

  @BeforeEach
  void prepare() throws IOException {
    CountingRuns.prepare(folder);
    runs = new CountingRuns(folder);
    out = folder.resolve("run");
    runs.train(spec(SpikePolicy.WARN), 60, folder.resolve("calm"));
    order = List.copyOf(runs.world.seen);
    assertThat(order).doesNotHaveDuplicates();
    again();
  }

  /** Another process on the same inputs, with the same spikes. */
  private void again() {
    CountingRuns fresh = new CountingRuns(folder);
    fresh.world.losses.putAll(runs.world.losses);
    runs = fresh;
  }

  private static TrainSpec spec(SpikePolicy policy) {
    return CountingRuns.spec(new SaveSpec(5, 2)).withGuard(new GuardSpec(policy, 8, 6, 7, 3, 2));
  }

  /** Lets the n-th batch in the order of the data have a loss. */
  private void lossAt(int batch, double loss) {
    runs.world.losses.put(order.get(batch - 1), loss);
  }

  private List<RunEvent> events(String kind) throws IOException {
    return EventLog.read(out.resolve("events.jsonl")).stream()
        .filter(event -> event.kind().equals(kind))
        .toList();
  }

  private long weights(long step) throws IOException {
    return Long.parseLong(
        Files.readString(RunFolder.moments(out.resolve(RunFolder.stepName(step)))));
  }

  @Test
  void warnsOfASpikeAndTakesIt() throws IOException {
    lossAt(20, 50);
    TrainResult result = runs.train(spec(SpikePolicy.WARN), 30, out);
    assertThat(result.skippedSteps()).isZero();
    assertThat(events(RunEvent.SPIKE)).extracting(RunEvent::step).containsExactly(20L);
    assertThat(runs.world.seen).isEqualTo(order.subList(0, 30));
  }

  @Test
  void skipsASpike() throws IOException {
    lossAt(20, 50);
    TrainResult result = runs.train(spec(SpikePolicy.SKIP), 30, out);
    assertThat(result.skippedSteps()).isEqualTo(1);
    assertThat(events(RunEvent.SPIKE)).extracting(RunEvent::step).containsExactly(20L);
    assertThat(runs.world.weights.get(19)).isEqualTo(runs.world.weights.get(18));
    assertThat(runs.world.weights.get(20)).isNotEqualTo(runs.world.weights.get(19));
  }

  @Test
  void goesBackAndLeavesBatchesOut() throws IOException {
    lossAt(19, 50);
    TrainResult result = runs.train(spec(SpikePolicy.ROLLBACK), 30, out);
    // 12 at most: so step 10's weights, which batches 1 to 10 made; 20 to 22 are left out
    assertThat(result.steps()).isEqualTo(30);
    assertThat(runs.world.seen.subList(0, 19)).isEqualTo(order.subList(0, 19));
    assertThat(runs.world.seen.subList(19, 30)).isEqualTo(order.subList(22, 33));
    RunEvent back = events(RunEvent.ROLLED_BACK).get(0);
    assertThat(back.step()).isEqualTo(19);
    assertThat(back.values()).containsEntry("to", 10.0);
    assertThat(MetricsLog.read(out.resolve("metrics.jsonl")))
        .extracting(MetricsLine::step)
        .hasSize(30)
        .isSorted();
    // what step 15 knew was given up
    assertThat(out.resolve("step-00000015")).doesNotExist();
  }

  @Test
  void theWeightsAfterARollBackAreThoseOfTheOldCheckpoint() throws IOException {
    lossAt(19, 50);
    long[] old = {0};
    long[] after = {0};
    try (TrainingRun run = runs.start(spec(SpikePolicy.ROLLBACK), 30, out)) {
      run.run(
          (line, share) -> {
            if (line.step() == 12) {
              old[0] = unchecked(10);
            } else if (line.step() == 20) {
              after[0] = unchecked(19);
            }
          });
    }
    assertThat(after[0]).isEqualTo(old[0]).isNotZero();
  }

  private long unchecked(long step) {
    try {
      return weights(step);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void goesBackToTheStartWhereNothingIsOldEnough() throws IOException {
    lossAt(6, 50);
    runs.train(spec(SpikePolicy.ROLLBACK), 12, out);
    assertThat(events(RunEvent.ROLLED_BACK).get(0).values()).containsEntry("to", 0.0);
    assertThat(runs.world.seen.get(6)).isEqualTo(order.get(9));
  }

  @Test
  void endsWhereItRolledBackTooOften() throws IOException {
    lossAt(10, 50);
    lossAt(20, 50);
    lossAt(30, 50);
    assertThatThrownBy(() -> runs.train(spec(SpikePolicy.ROLLBACK), 60, out))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DIVERGED))
        .hasMessageContaining("loss must stay calm after 2 roll backs, got another spike");
    assertThat(events(RunEvent.ROLLED_BACK)).hasSize(2);
  }

  @Test
  void aResumeAnywhereIsExactAlsoOverRollBacks() throws IOException {
    lossAt(19, 50);
    lossAt(33, 50);
    runs.train(spec(SpikePolicy.ROLLBACK), 45, out);
    long whole = weights(45);
    for (long stop = 3; stop < 45; stop += 4) {
      Folders.delete(out);
      again();
      stopAt(stop, 45);
      again();
      runs.resume(out);
      assertThat(weights(45)).as("stopped at %s", stop).isEqualTo(whole);
    }
  }

  @Test
  void aKillAnywhereIsExactAlsoOverRollBacks() throws IOException {
    lossAt(19, 50);
    runs.train(spec(SpikePolicy.ROLLBACK), 28, out);
    long whole = weights(28);
    for (long stop = 17; stop < 28; stop += 2) {
      Folders.delete(out);
      again();
      stopAt(stop, 28);
      // a kill would have left no last checkpoint, but where one was due
      if (stop % 5 != 0 && stop != 19) {
        Folders.delete(out.resolve(RunFolder.stepName(stop)));
      }
      again();
      runs.resume(out);
      assertThat(weights(28)).as("killed at %s", stop).isEqualTo(whole);
    }
  }

  private void stopAt(long step, long budget) throws IOException {
    try (TrainingRun run = runs.start(spec(SpikePolicy.ROLLBACK), budget, out)) {
      run.run(
          (line, share) -> {
            if (line.step() == step) {
              run.requestStop();
            }
          });
    }
  }

  @Test
  void whatIsNotFiniteReachesNeitherWeightsNorStatistics() throws IOException {
    lossAt(4, Double.NaN);
    lossAt(9, Double.POSITIVE_INFINITY);
    lossAt(10, Double.NEGATIVE_INFINITY);
    for (SpikePolicy policy : SpikePolicy.values()) {
      Folders.delete(out);
      again();
      TrainResult result = runs.train(spec(policy), 15, out);
      assertThat(result.skippedSteps()).isEqualTo(3);
      for (int step : new int[] {4, 9, 10}) {
        assertThat(runs.world.weights.get(step - 1)).isEqualTo(runs.world.weights.get(step - 2));
      }
      assertThat(events(RunEvent.SKIPPED)).extracting(RunEvent::step).containsExactly(4L, 9L, 10L);
      RunState state =
          TrainJson.read(RunFolder.state(out.resolve("step-00000015")), RunState.class);
      assertThat(state.guard().losses()).hasSize(8).allMatch(loss -> loss > 2 && loss < 3);
      assertThat(state.guard().norms()).hasSize(8).allMatch(norm -> norm == 1);
    }
  }
}
