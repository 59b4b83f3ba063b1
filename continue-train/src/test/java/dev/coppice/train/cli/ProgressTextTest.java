package dev.coppice.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.backend.MachinePeak;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.metrics.MetricsLine;
import java.math.BigInteger;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressTextTest {
  private static MetricsLine line(long step, double loss, double speed) {
    return new MetricsLine(
        step,
        1000 * step,
        BigInteger.valueOf(6_000_000_000L * step),
        BigInteger.valueOf(8_000_000_000L * step),
        MetricsLine.finite(loss),
        1.0,
        0.5,
        0.0,
        1.25,
        2,
        1e-3,
        0.5,
        !Double.isFinite(loss),
        speed,
        90.0 * step,
        0.01);
  }

  @Test
  void tellsEachKindOfBudget() {
    MetricsLine line = line(40, 2.5, 12_345);
    assertThat(new ProgressText(Budget.parseFlops("3e18"), 1e12).describe(line))
        .isEqualTo("step 40  loss 2.5000  12.3k tokens/s  10% of peak  2.4e11 of 3e18 FLOPs");
    assertThat(
            new ProgressText(new Budget.ModelFlops(Budget.parseFlops("3e18").amount()), 0)
                .describe(line))
        .endsWith("3.2e11 of 3e18 model FLOPs");
    assertThat(new ProgressText(new Budget.Tokens(2_000_000), 0).describe(line))
        .isEqualTo("step 40  loss 2.5000  12.3k tokens/s  40.0k of 2.00M tokens");
    assertThat(new ProgressText(new Budget.Steps(50), 0).describe(line)).endsWith("40 of 50 steps");
    assertThat(new ProgressText(Budget.WallClock.of(Duration.ofHours(30)), 0).describe(line))
        .endsWith("  1:00 of 30:00 h");
  }

  @Test
  void smoothsLossAndSpeed() {
    ProgressText text = new ProgressText(new Budget.Steps(50), 0);
    assertThat(text.describe(line(1, 4, 100))).contains("loss 4.0000  100 tokens/s");
    // weights 0.95 and 1, of the loss and of the seconds a token
    assertThat(text.describe(line(2, 2, 300))).contains("loss 2.9744  152 tokens/s");
  }

  @Test
  void tellsASkippedStep() {
    ProgressText text = new ProgressText(new Budget.Steps(50), 0);
    assertThat(text.describe(line(1, Double.NaN, 100))).contains("loss not finite (skipped)");
    assertThat(text.describe(line(2, 2, 100))).contains("loss 2.0000  100");
  }

  @Test
  void measuresAPeak() {
    assertThat(MachinePeak.best(Backend.forThisMachine(), Duration.ZERO, false))
        .isFinite()
        .isGreaterThan(1e6);
    assertThat(MachinePeak.best(Backend.forThisMachine(), Duration.ZERO, true))
        .isFinite()
        .isGreaterThan(1e6);
  }
}
