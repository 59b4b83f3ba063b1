package dev.coppice.train.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
  @TempDir Path folder;

  private static MetricsLine line(long step, double loss) {
    return new MetricsLine(
        step,
        64 * step,
        BigInteger.valueOf(1000 * step),
        BigInteger.valueOf(1100 * step),
        MetricsLine.finite(loss),
        1.0,
        0.5,
        0.0,
        1.25,
        2,
        1e-3,
        MetricsLine.finite(loss),
        !Double.isFinite(loss),
        2000,
        0.1 * step,
        0.001);
  }

  private Path write(int steps) throws IOException {
    Path file = folder.resolve("metrics.jsonl");
    try (MetricsLog log = MetricsLog.openAfter(file, 0)) {
      for (int step = 1; step <= steps; step++) {
        log.append(line(step, 5.0 / step));
      }
    }
    return file;
  }

  @Test
  void readsBackWhatWasAppended() throws IOException {
    Path file = write(3);
    assertThat(MetricsLog.read(file)).containsExactly(line(1, 5), line(2, 2.5), line(3, 5.0 / 3));
    assertThat(Files.readAllLines(file).get(0))
        .isEqualTo(
            "{\"step\":1,\"tokens\":64,\"extra_flops\":1000,\"model_flops\":1100,\"loss\":5.0,\"load_balance\":1.0,"
                + "\"z\":0.5,\"distillation\":0.0,\"load_imbalance\":1.25,\"dead_experts\":2,\"learning_rate\":0.001,\"gradient_norm\":5.0,\"skipped\":false,"
                + "\"tokens_per_second\":2000.0,\"seconds\":0.1,\"wait_seconds\":0.001}");
  }

  @Test
  void goesOnAfterAStep() throws IOException {
    Path file = write(5);
    try (MetricsLog log = MetricsLog.openAfter(file, 3)) {
      log.append(line(4, 9));
    }
    assertThat(MetricsLog.read(file)).extracting(MetricsLine::step).containsExactly(1L, 2L, 3L, 4L);
    assertThat(MetricsLog.read(file).get(3).loss()).isEqualTo(9.0);
  }

  @Test
  void cutsWhatAKillLeftUnfinished() throws IOException {
    Path file = write(3);
    Files.writeString(file, "{\"step\":4,\"tok", StandardOpenOption.APPEND);
    assertThat(MetricsLog.read(file)).hasSize(3);
    MetricsLog.openAfter(file, 3).close();
    assertThat(Files.readString(file)).endsWith("}\n");
    MetricsLog.openAfter(file, 0).close();
    assertThat(file).isEmptyFile();
  }

  @Test
  void refusesACurveThatIsTooShort() throws IOException {
    Path file = write(3);
    assertThatThrownBy(() -> MetricsLog.openAfter(file, 4))
        .hasMessage("metrics must reach step 4, got fewer lines (" + file + ")");
    Path none = folder.resolve("none.jsonl");
    assertThatThrownBy(() -> MetricsLog.openAfter(none, 1)).hasMessageContaining("step 1");
    assertThat(none).doesNotExist();
  }

  @Test
  void writesWhatIsNotFiniteAsNull() throws IOException {
    Path file = folder.resolve("metrics.jsonl");
    try (MetricsLog log = MetricsLog.openAfter(file, 0)) {
      log.append(line(1, Double.NaN));
    }
    assertThat(Files.readString(file)).contains("\"loss\":null").contains("\"skipped\":true");
    assertThat(MetricsLog.read(file).get(0).loss()).isNull();
  }
}
