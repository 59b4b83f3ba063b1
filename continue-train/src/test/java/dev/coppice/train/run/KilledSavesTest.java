package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.metrics.MetricsSink;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.metrics.RunSinks;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.CheckpointFinder;
import dev.coppice.train.store.CheckpointManifest;
import dev.coppice.train.store.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs that save and delete at each step, in one process after the other, each of which is killed
 * (SIGKILL) at a random time.
 *
 * <p>A kill loses no page of the kernel's, so it says nothing of forces; for these see {@link
 * RunCrashTest}. {@code -Dcoppice.kills=252} sets the number of kills.
 */
class KilledSavesTest {
  private static final int KILLS = Integer.getInteger("coppice.kills", 6);
  private static final int KILLS_OF_A_RUN = 6;
  private static final int WINDOW_MICROS = 60_000;
  private static final long STEPS = 1_000_000;

  @TempDir Path home;

  private static TrainSpec spec() {
    return CountingRuns.spec(new SaveSpec(1, 0, 2, 50, true));
  }

  /** Run in a child: begins or goes on until it is killed, and prints each step that is saved. */
  static final class Child implements RunSinks.Opener, MetricsSink {
    private Child() {}

    public static void main(String[] arguments) throws IOException {
      Path home = Path.of(arguments[0]);
      Path out = Path.of(arguments[1]);
      CountingRuns runs = new CountingRuns(home);
      try (TrainingRun run =
          Files.exists(RunFolder.manifest(out))
              ? runs.opener().resume(out)
              : runs.start(spec(), STEPS, out)) {
        run.run(ProgressListener.NONE, ImmutableList.of(new Child()));
      }
    }

    @Override
    public String name() {
      return "child";
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
        System.out.println(event.values().get("checkpoint").longValue());
        System.out.flush();
      }
    }

    @Override
    public void force() {}

    @Override
    public void close() {}
  }

  @Test
  void losesNothingThatWasToldToBeSaved() throws Exception {
    CountingRuns.prepare(home);
    Random random = new Random(20261121);
    int leftovers = 0;
    for (int kill = 0; kill < KILLS; kill += KILLS_OF_A_RUN) {
      Path out = home.resolve("run-" + kill);
      List<Long> steps = new ArrayList<>();
      List<Long> weights = new ArrayList<>();
      for (int i = 0; i < KILLS_OF_A_RUN; i++) {
        long saved = trainAndKill(out, random.nextInt(WINDOW_MICROS));
        leftovers += hasLeftover(out) ? 1 : 0;
        CheckpointFinder.Found found = newest(out);
        assertThat(found.state().step()).as("kill %s", kill + i).isGreaterThanOrEqualTo(saved);
        steps.add(found.state().step());
        weights.add(Long.parseLong(Files.readString(RunFolder.moments(found.folder()))));
      }
      assertThat(weights).isEqualTo(uninterrupted(steps));
      Folders.delete(out);
    }
    System.out.println("kills: " + KILLS + ", of these in the midst of a change: " + leftovers);
  }

  /** The newest checkpoint, having made sure that every one is whole. */
  private static CheckpointFinder.Found newest(Path out) throws Exception {
    try (RunFolder held = RunFolder.hold(out)) {
      for (Path step : held.steps()) {
        CheckpointManifest.verified(step);
      }
      CheckpointFinder.Found found =
          new CheckpointFinder(held, false, text -> {}).newest(step -> true).orElseThrow();
      assertThat(MetricsLog.read(held.metrics()).size())
          .isGreaterThanOrEqualTo((int) found.state().step());
      return found;
    }
  }

  private static boolean hasLeftover(Path out) throws IOException {
    try (var entries = Files.list(out)) {
      return entries.anyMatch(path -> path.getFileName().toString().matches("\\.(step-|trash-).*"));
    }
  }

  /** The weights that a run which is never stopped has after some steps. */
  private List<Long> uninterrupted(List<Long> steps) throws IOException {
    CountingRuns runs = new CountingRuns(home);
    long last = steps.get(steps.size() - 1);
    runs.train(CountingRuns.spec(new SaveSpec(STEPS, 1)), last, home.resolve("whole"));
    Folders.delete(home.resolve("whole"));
    return steps.stream().map(step -> runs.world.weights.get((int) (step - 1))).toList();
  }

  private String errors() {
    try {
      return Files.readString(home.resolve("errors"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private long trainAndKill(Path out, int micros) throws Exception {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                home.toString(),
                out.toString())
            .redirectError(home.resolve("errors").toFile())
            .start();
    var lines = child.inputReader();
    String first = lines.readLine();
    assertThat(first).as(() -> "the child's first line: " + errors()).isNotNull();
    TimeUnit.MICROSECONDS.sleep(micros);
    // the handle's way leaves what the child has printed to be read
    child.toHandle().destroyForcibly();
    child.waitFor();
    assertThat(child.exitValue()).isEqualTo(137);
    long last = Long.parseLong(first);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      last = Long.parseLong(line);
    }
    return last;
  }
}
