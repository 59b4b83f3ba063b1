package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs in a process of their own, which is then stopped in earnest. */
class KilledRunTest {
  private static final long STEPS = 1_000_000;
  private static final String THREADS = "ai.djl.pytorch.num_threads";

  @TempDir Path folder;
  private Path checkpoint;
  private TokenFile data;
  private Path out;
  private final List<Process> processes = new ArrayList<>();

  @BeforeEach
  void makeInputs() throws IOException {
    checkpoint = TinyRuns.checkpoint(folder);
    data = TinyRuns.corpus(folder.resolve("train.tokens"), 20, 1);
    out = folder.resolve("run");
  }

  @AfterEach
  void endProcesses() {
    processes.forEach(Process::destroyForcibly);
  }

  private Process coppice(String... arguments) throws IOException {
    return coppice("-Xmx512m", List.of(arguments));
  }

  private Process coppice(String heap, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.add("-D" + THREADS + "=" + System.getProperty(THREADS));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Coppice.class.getName());
    command.addAll(arguments);
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
            .start();
    processes.add(process);
    return process;
  }

  private Process begin() throws IOException {
    return begin("-Xmx512m", 4, 8);
  }

  private Process begin(String heap, long saveEvery, int batch) throws IOException {
    return coppice(
        heap,
        List.of(
            "train",
            checkpoint.toString(),
            "--data",
            data.path().toString(),
            "--out",
            out.toString(),
            "--steps",
            Long.toString(STEPS),
            "--save-every",
            Long.toString(saveEvery),
            "--batch",
            Integer.toString(batch),
            "--micro-batch",
            "8",
            "--sequence",
            "16",
            "--seed",
            "3",
            "--learning-rate",
            "1e-2"));
  }

  private static void signal(String name, Process process) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  /** Waits until the run takes steps, so that signals are heard. */
  private void awaitRun(Process process) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!Files.exists(out.resolve("metrics.jsonl"))) {
      assertThat(process.isAlive()).as(() -> "process, log:\n" + log()).isTrue();
      assertThat(System.nanoTime()).as("waited a minute").isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  private void awaitFirstLine(Process process) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (Files.size(out.resolve("metrics.jsonl")) == 0) {
      assertThat(process.isAlive()).as(() -> "process, log:\n" + log()).isTrue();
      assertThat(System.nanoTime()).as("waited a minute").isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  /** A process that is started with SIGINT ignored, as one in the background is, never hears it. */
  private static boolean hearsSigint() throws IOException {
    Path status = Path.of("/proc/self/status");
    return Files.exists(status)
        && Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .noneMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
  }

  private long newestStep() throws IOException {
    if (!Files.isDirectory(out)) {
      return -1;
    }
    try (Stream<Path> files = Files.list(out)) {
      return files
          .map(Folders::name)
          .filter(name -> name.startsWith("step-"))
          .mapToLong(name -> Long.parseLong(name.substring(5)))
          .max()
          .orElse(-1);
    }
  }

  private void awaitStepAfter(long step, Process process) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (newestStep() <= step) {
      assertThat(process.isAlive()).as(() -> "process, log:\n" + log()).isTrue();
      assertThat(System.nanoTime()).as("waited a minute").isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  private String log() {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private TrainResult stopAt(TrainingRun run, long step) throws IOException {
    return run.run(
        (line, share) -> {
          if (line.step() == step) {
            run.requestStop();
          }
        });
  }

  @Test
  void losesOnlyTheWorkSinceTheLastCheckpoint() throws Exception {
    Process first = begin();
    awaitStepAfter(4, first);
    kill(first);
    long saved = newestStep();
    Process second = coppice("train", "--out", out.toString(), "--resume");
    awaitStepAfter(saved + 8, second);
    kill(second);
    long savedAgain = newestStep();
    assertThat(savedAgain).isGreaterThan(saved + 8);

    long last = savedAgain + 3;
    TrainSpec spec;
    TrainResult parted;
    try (TrainingRun third = TrainingRun.resume(out)) {
      assertThat(third.spent().steps()).isEqualTo(savedAgain);
      spec = third.spec();
      parted = stopAt(third, last);
    }
    try (TrainingRun run =
        TrainingRun.start(
            spec, checkpoint, data, new Budget.Steps(STEPS), folder.resolve("whole"))) {
      TrainResult whole = stopAt(run, last);
      for (String file : List.of("model.safetensors", "coppice-training/optimizer.safetensors")) {
        assertThat(parted.checkpoint().resolve(file))
            .hasSameBinaryContentAs(whole.checkpoint().resolve(file));
      }
      assertThat(losses(parted)).isEqualTo(losses(whole)).hasSize((int) last);
    }
  }

  private static List<Double> losses(TrainResult result) throws IOException {
    return MetricsLog.read(result.lossCurve()).stream().map(MetricsLine::loss).toList();
  }

  private static void kill(Process process) throws InterruptedException {
    process.destroyForcibly();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(137);
  }

  @Test
  void savesAndExitsWith75OnSigterm() throws Exception {
    Process process = begin();
    awaitStepAfter(0, process);
    process.destroy();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(this::log).isEqualTo(75);
    long steps = MetricsLog.read(out.resolve("metrics.jsonl")).size();
    assertThat(newestStep()).isEqualTo(steps);
    assertThat(log()).contains("Stopped and saved after " + steps + " steps");
  }

  @Test
  void savesAndGoesOnAtSigusr1AndExitsWith75OnSigint() throws Exception {
    assumeTrue(hearsSigint());
    Process process = begin("-Xmx512m", STEPS, 8);
    awaitRun(process);
    signal("USR1", process);
    awaitStepAfter(0, process);
    long first = newestStep();
    signal("USR1", process);
    awaitStepAfter(first, process);
    signal("INT", process);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(this::log).isEqualTo(75);
    assertThat(newestStep()).isEqualTo(MetricsLog.read(out.resolve("metrics.jsonl")).size());
  }

  @Test
  void aSecondSigintEndsTheProcessAtOnce() throws Exception {
    assumeTrue(hearsSigint());
    // a step of seconds, so that both signals come within the second one
    Process process = begin("-Xmx512m", 4, 4000);
    awaitRun(process);
    long began = System.nanoTime();
    awaitFirstLine(process);
    TimeUnit.NANOSECONDS.sleep((System.nanoTime() - began) / 4);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (process.isAlive() && System.nanoTime() < deadline) {
      signal("INT", process);
      process.waitFor(100, TimeUnit.MILLISECONDS);
    }
    assertThat(process.isAlive()).isFalse();
    assertThat(process.exitValue()).as(this::log).isEqualTo(130);
    assertThat(newestStep()).isEqualTo(-1);
  }

  @Test
  void wantOfMemoryIsOneErrorWithCode5() throws Exception {
    Process process = begin("-Xmx40m", 4, 800_000);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(this::log).isEqualTo(5);
    assertThat(log())
        .contains("coppice: memory must suffice, got Java heap space (no checkpoint)")
        .doesNotContain("\tat ");
  }
}
