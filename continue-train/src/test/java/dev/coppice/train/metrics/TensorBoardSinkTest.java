package dev.coppice.train.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableSortedMap;
import com.google.common.io.BaseEncoding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardSinkTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.ofEpochSecond(1_700_000_000L), ZoneOffset.UTC);

  @TempDir Path run;

  private TensorBoardSink open(long lastStep) throws IOException {
    return TensorBoardSink.open(run, lastStep, CLOCK);
  }

  private void steps(long after, long last) throws IOException {
    try (TensorBoardSink sink = open(after)) {
      for (long step = after + 1; step <= last; step++) {
        sink.step(Steps.line(step));
      }
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(run.resolve("tensorboard"))) {
      return all.sorted().toList();
    }
  }

  /** All entries of all files, as {@code step tag value}. */
  private List<String> entries() throws IOException {
    List<String> entries = new ArrayList<>();
    for (Path file : files()) {
      byte[] bytes = Files.readAllBytes(file);
      List<byte[]> records = TensorBoardReader.wholeRecords(bytes);
      assertThat(TensorBoardReader.size(records)).isEqualTo(bytes.length);
      records.forEach(record -> entries.addAll(TensorBoardReader.entries(record)));
    }
    return entries;
  }

  private List<String> losses() throws IOException {
    return entries().stream().filter(e -> e.contains("train/loss")).toList();
  }

  /** The bytes that tensorboard 2.21.0 was seen to read. */
  @Test
  void keepsItsBytes() throws IOException {
    try (TensorBoardSink sink = open(0)) {
      sink.event(
          new RunEvent(300, RunEvent.EVALUATED, "held out", ImmutableSortedMap.of("loss", 2.5)));
    }
    assertThat(files()).hasSize(1);
    assertThat(files().get(0).getFileName())
        .hasToString("events.out.tfevents.1700000000.coppice.000001");
    assertThat(BaseEncoding.base16().lowerCase().encode(Files.readAllBytes(files().get(0))))
        .isEqualTo(
            "1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d"
                + "0f000000000000006d532b090900000040fc54d94110013a020801822f9c49"
                + "3e00000000000000d9d240e70900000040fc54d94110ac022a300a2e0a106576656e74732f65"
                + "76616c7561746564420e08071200420868656c64206f75744a0a0a060a047465787420023650"
                + "8936200000000000000029eda9500900000040fc54d94110ac022a120a100a096576616c2f6c"
                + "6f73731500002040a284fd1a");
  }

  @Test
  void givesEachStepItsScalars() throws IOException {
    steps(0, 2);
    assertThat(entries())
        .startsWith("0 brain.Event:2", "1 start")
        .contains(
            "1 train/loss 5.0",
            "2 train/loss 2.5",
            "2 train/learning_rate 0.001",
            "2 train/gradient_norm 1.0",
            "2 train/tokens_per_second 2000.0",
            "2 train/load_balance 1.0",
            "2 train/z 0.5",
            "2 train/distillation 0.25",
            "2 train/wait_seconds 0.0078125",
            "2 router/imbalance 1.25",
            "2 router/dead_experts 2.0",
            "2 spent/tokens 128.0",
            "2 spent/extra_flops 2000.0",
            "2 spent/model_flops 2200.0",
            "2 spent/seconds 0.2");
  }

  @Test
  void tellsEventsAsText() throws IOException {
    try (TensorBoardSink sink = open(0)) {
      sink.event(RunEvent.of(3, RunEvent.SAVED, "step-00000003 ☃"));
      sink.event(
          new RunEvent(
              200, RunEvent.EVALUATED, "", ImmutableSortedMap.of("loss", 1.5, "odd", Double.NaN)));
    }
    assertThat(entries())
        .containsExactly(
            "0 brain.Event:2",
            "1 start",
            "3 events/saved text step-00000003 ☃",
            "200 events/evaluated text evaluated",
            "200 eval/loss 1.5");
  }

  @Test
  void doesNotRepeatStepsOnResume() throws IOException {
    steps(0, 300);
    try (TensorBoardSink sink = open(200)) {
      sink.event(RunEvent.of(200, RunEvent.RESUMED, "first"));
    }
    steps(200, 260);
    assertThat(files()).hasSize(3);
    assertThat(losses()).hasSize(260).doesNotHaveDuplicates();
    assertThat(entries()).contains("201 start", "200 events/resumed text first");
  }

  @Test
  void forgetsStepsOnRewind() throws IOException {
    try (TensorBoardSink sink = open(0)) {
      for (long step = 1; step <= 5; step++) {
        sink.step(Steps.line(step));
      }
      sink.rewind(3);
      sink.step(Steps.line(4));
    }
    assertThat(losses()).hasSize(4).doesNotHaveDuplicates();
  }

  @Test
  void cutsATornTailAtAnyByte() throws IOException {
    steps(0, 2);
    Path file = files().get(0);
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      byte[] torn = Arrays.copyOf(whole, length);
      Files.write(file, torn);
      EventRecords.cutAfter(file, 5);
      assertThat(Files.size(file))
          .isEqualTo(TensorBoardReader.size(TensorBoardReader.wholeRecords(torn)));
    }
  }

  @Test
  void cutsAtTheFirstDamagedRecord() throws IOException {
    steps(0, 2);
    Path file = files().get(0);
    byte[] whole = Files.readAllBytes(file);
    for (int at = 0; at < whole.length; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x40;
      Files.write(file, damaged);
      EventRecords.cutAfter(file, 5);
      assertThat(Files.size(file))
          .isEqualTo(TensorBoardReader.size(TensorBoardReader.wholeRecords(damaged)));
    }
  }
}
