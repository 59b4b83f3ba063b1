package dev.coppice.train.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableSortedMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventLogTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("events.jsonl");
  }

  private void write(RunEvent... events) throws IOException {
    try (EventLog log = EventLog.openAfter(file, Long.MAX_VALUE)) {
      for (RunEvent event : events) {
        log.event(event);
      }
    }
  }

  @Test
  void readsBackWhatHappened() throws IOException {
    RunEvent spike =
        new RunEvent(
            7,
            RunEvent.SPIKE,
            "norm 9 \"above\" 3\n",
            ImmutableSortedMap.of("norm", 9.0, "a", 1.5));
    RunEvent stopped = RunEvent.of(8, RunEvent.STOPPED, "asked");
    write(spike, stopped);
    assertThat(EventLog.read(file)).containsExactly(spike, stopped);
    assertThat(Files.readString(file))
        .isEqualTo(
            "{\"step\":7,\"kind\":\"spike\",\"message\":\"norm 9 \\\"above\\\" 3\\n\","
                + "\"values\":{\"a\":1.5,\"norm\":9.0}}\n"
                + "{\"step\":8,\"kind\":\"stopped\",\"message\":\"asked\",\"values\":{}}\n");
  }

  @Test
  void keepsWhatIsNotFinite() throws IOException {
    RunEvent event =
        new RunEvent(1, RunEvent.SKIPPED, "", ImmutableSortedMap.of("norm", Double.NaN));
    write(event);
    assertThat(Files.readString(file)).contains("\"norm\":null");
    assertThat(EventLog.read(file)).containsExactly(event);
  }

  @Test
  void goesOnAfterAStep() throws IOException {
    RunEvent first = RunEvent.of(5, RunEvent.SAVED, "step-5");
    write(first, RunEvent.of(6, RunEvent.SKIPPED, ""), RunEvent.of(9, RunEvent.SAVED, ""));
    Files.writeString(file, "{\"step\":5,\"ki", StandardOpenOption.APPEND);
    RunEvent resumed = RunEvent.of(5, RunEvent.RESUMED, "from step-5");
    try (EventLog log = EventLog.openAfter(file, 5)) {
      log.event(resumed);
    }
    assertThat(EventLog.read(file)).containsExactly(first, resumed);
  }

  @Test
  void keepsWhatWentBeforeARollBack() throws IOException {
    RunEvent spike = RunEvent.of(12, RunEvent.SPIKE, "");
    RunEvent back = RunEvent.of(10, RunEvent.ROLLED_BACK, "");
    write(spike, back, RunEvent.of(13, RunEvent.WARNING, ""));
    EventLog.openAfter(file, 11).close();
    assertThat(EventLog.read(file)).containsExactly(spike, back);
  }

  @Test
  void hasNoEventsWithoutAFile() throws IOException {
    assertThat(EventLog.read(file)).isEmpty();
  }

  @Test
  void refusesWhatIsNoEvent() throws IOException {
    Files.writeString(file, "{\"step\":1,\"kind\":\"No kind\"}\n");
    assertThatThrownBy(() -> EventLog.read(file)).hasMessageContaining("got {\"step\":1");
    Files.writeString(file, "[]\n");
    assertThatThrownBy(() -> EventLog.openAfter(file, 1))
        .hasMessage("metrics must be JSON lines, got [] (" + file + ")");
  }
}
