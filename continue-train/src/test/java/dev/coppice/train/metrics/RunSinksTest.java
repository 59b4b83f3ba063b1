package dev.coppice.train.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunSinksTest {
  @TempDir Path folder;

  @Test
  void goOnWhenAnotherSinkFails() throws IOException {
    Failing failing = new Failing();
    try (RunSinks sinks = RunSinks.open(folder, 0, ImmutableList.of(failing))) {
      for (int step = 1; step <= 3; step++) {
        sinks.step(Steps.line(step));
      }
      sinks.event(RunEvent.of(3, RunEvent.SAVED, "step-3"));
      sinks.force();
    }
    assertThat(failing.calls).isEqualTo(6);
    assertThat(MetricsLog.read(folder.resolve("metrics.jsonl"))).hasSize(3);
    assertThat(EventLog.read(folder.resolve("events.jsonl"))).hasSize(1);
  }

  @Test
  void goOnWithoutASinkThatCannotBeOpened() throws IOException {
    Files.createDirectory(folder.resolve("events.jsonl"));
    try (RunSinks sinks = RunSinks.open(folder, 0, ImmutableList.of())) {
      sinks.step(Steps.line(1));
      sinks.event(RunEvent.of(1, RunEvent.SAVED, ""));
    }
    assertThat(MetricsLog.read(folder.resolve("metrics.jsonl"))).hasSize(1);
  }

  @Test
  void endWhenTheCurveCannotBeKept() throws IOException {
    RunSinks sinks = RunSinks.open(folder, 0, ImmutableList.of());
    sinks.close();
    assertThatThrownBy(() -> sinks.step(Steps.line(1))).isInstanceOf(IOException.class);
  }

  @Test
  void goBackInTheCurveButNotInEvents() throws IOException {
    try (RunSinks sinks = RunSinks.open(folder, 0, ImmutableList.of())) {
      for (int step = 1; step <= 5; step++) {
        sinks.step(Steps.line(step));
      }
      sinks.event(RunEvent.of(5, RunEvent.SPIKE, ""));
      sinks.rewind(3);
      sinks.event(RunEvent.of(3, RunEvent.ROLLED_BACK, ""));
      sinks.step(Steps.line(4));
    }
    assertThat(MetricsLog.read(folder.resolve("metrics.jsonl")))
        .extracting(MetricsLine::step)
        .containsExactly(1L, 2L, 3L, 4L);
    assertThat(EventLog.read(folder.resolve("events.jsonl"))).hasSize(2);
  }

  private static final class Failing implements RunSinks.Opener, MetricsSink {
    private int calls;

    @Override
    public String name() {
      return "failing";
    }

    @Override
    public MetricsSink open(Path runFolder, long lastStep) {
      return this;
    }

    private void fail() throws IOException {
      calls++;
      throw new IOException("as told");
    }

    @Override
    public void step(MetricsLine line) throws IOException {
      fail();
    }

    @Override
    public void event(RunEvent event) throws IOException {
      fail();
    }

    @Override
    public void force() throws IOException {
      fail();
    }

    @Override
    public void close() throws IOException {
      fail();
    }
  }
}
