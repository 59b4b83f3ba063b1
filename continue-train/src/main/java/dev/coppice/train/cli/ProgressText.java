package dev.coppice.train.cli;

import dev.coppice.moe.report.Quantity;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.budget.Spent;
import dev.coppice.train.metrics.MetricsLine;
import java.math.BigInteger;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The text of {@code train} for a step: smoothed loss, tokens a second, the share of the machine's
 * peak and the budget spent, as the detail of a progress line that shows share and ETA.
 *
 * <p>The share is of FLOPs by 6·N_active with attention's; what a step computes anew in its
 * backward pass, and what it does beside products, counts as none. Not thread-safe.
 */
final class ProgressText {
  private static final double KEPT = 0.95;

  private final Budget budget;
  private final double peak;
  private double loss;
  private double lossWeight;
  private double secondsPerToken;
  private double speedWeight;

  /**
   * A text for a run.
   *
   * @param budget of the run
   * @param peak of the machine in FLOPs a second; 0 when it is not known
   */
  ProgressText(Budget budget, double peak) {
    this.budget = budget;
    this.peak = peak;
  }

  /**
   * Adds a step to the means, and shows them.
   *
   * @param line of the step
   */
  String describe(MetricsLine line) {
    Double now = line.loss();
    if (now != null) {
      loss = KEPT * loss + (1 - KEPT) * now;
      lossWeight = KEPT * lossWeight + (1 - KEPT);
    }
    if (line.tokensPerSecond() > 0) {
      secondsPerToken = KEPT * secondsPerToken + (1 - KEPT) / line.tokensPerSecond();
      speedWeight = KEPT * speedWeight + (1 - KEPT);
    }
    String text =
        String.format(Locale.ROOT, "step %d  loss %s", line.step(), loss(now))
            + (line.skipped() ? " (skipped)" : "");
    return text + speed(line) + "  " + spent(line);
  }

  private String loss(@Nullable Double now) {
    if (now == null || lossWeight == 0) {
      return "not finite";
    }
    return Quantity.fixed(loss / lossWeight, 4);
  }

  private String speed(MetricsLine line) {
    if (secondsPerToken == 0) {
      return "";
    }
    double tokens = speedWeight / secondsPerToken;
    String text = "  " + Quantity.si(tokens) + " tokens/s";
    if (peak <= 0 || line.tokens() == 0) {
      return text;
    }
    double flopsPerToken = line.modelFlops().doubleValue() / line.tokens();
    return text
        + String.format(Locale.ROOT, "  %.0f%% of peak", 100 * tokens * flopsPerToken / peak);
  }

  private String spent(MetricsLine line) {
    return budget.progress(
        new Spent(
            line.step(),
            line.tokens(),
            line.extraFlops(),
            line.modelFlops(),
            BigInteger.ZERO,
            BigInteger.ZERO,
            BigInteger.ZERO,
            line.seconds()));
  }
}
