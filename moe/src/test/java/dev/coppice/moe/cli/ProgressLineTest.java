package dev.coppice.moe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
  private static final long SECOND = 1_000_000_000L;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final AtomicLong now = new AtomicLong(17);

  @Test
  void withoutATerminalALineComesEveryFewSeconds() {
    ProgressLine line = line(false);
    for (int second = 0; second < 12; second++) {
      line.update(second, "loss 2.5");
      now.addAndGet(SECOND);
    }
    line.finish("all");
    assertThat(text().lines())
        .containsExactly(
            "work:   0.0%  ETA --:--  loss 2.5",
            "work:   5.0%  ETA 01:35  loss 2.5",
            "work:  10.0%  ETA 01:30  loss 2.5",
            "work: done in 00:12  all");
  }

  @Test
  void onATerminalTheLineIsRedrawnOverItself() {
    ProgressLine line = line(true);
    line.update(10, "a longer detail");
    now.addAndGet(SECOND);
    line.update(20, "short");
    line.close();
    assertThat(text()).startsWith("\rwork:  10.0%").contains("\rwork:  20.0%");
    assertThat(text().substring(text().lastIndexOf('\r'))).contains("short          \n");
  }

  private ProgressLine line(boolean terminal) {
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    return new ProgressLine(out, terminal, now::get, "work", 100);
  }

  private String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
