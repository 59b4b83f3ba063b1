package dev.coppice.train.eval;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** How well a model foretells held-out text, unit by unit, so that two models can be compared. */
public final class HeldOutScores {
  private final ScoreSums.Units units;
  private final EvalSpec spec;
  private final EvalReport report;

  HeldOutScores(ScoreSums sums, HeldOutText heldOut, EvalSpec spec) {
    this.units = sums.units();
    this.spec = spec;
    this.report = report(sums, heldOut);
  }

  private EvalReport report(ScoreSums sums, HeldOutText heldOut) {
    double loss = units.loss() / sums.tokens();
    double[] lossInterval = interval(units.losses());
    double[] accuracyInterval = interval(units.correct());
    return new EvalReport(
        loss,
        bitsPerByte(sums),
        units.hits() / sums.tokens(),
        lossInterval[0],
        lossInterval[1],
        accuracyInterval[0],
        accuracyInterval[1],
        units.kind(),
        units.count(),
        sums.windows(),
        sums.tokens(),
        sums.bytes().isPresent() ? (Long) sums.bytes().getAsLong() : null,
        spec.documentMask(),
        heldOut.tokens().fingerprint());
  }

  private @Nullable Double bitsPerByte(ScoreSums sums) {
    OptionalLong bytes = sums.bytes();
    return bytes.orElse(0) > 0 ? (Double) (units.loss() / Math.log(2) / bytes.getAsLong()) : null;
  }

  /** The figures and their intervals. */
  public EvalReport report() {
    return report;
  }

  /**
   * The 95 % bootstrap interval of this model's loss less another's. Both are resampled alike, so
   * that the text's own difficulty cancels.
   *
   * @param other the other model, evaluated on the same text with the same settings
   * @return lower and upper end, nats a token
   */
  public double[] differenceInterval(HeldOutScores other) {
    checkArgument(
        spec.equals(other.spec)
            && report.data().equals(other.report.data())
            && Arrays.equals(units.tokens(), other.units.tokens()),
        "models must be evaluated on the same text with the same settings, got %s and %s",
        spec,
        other.spec);
    double[] differences = units.losses().clone();
    for (int i = 0; i < differences.length; i++) {
      differences[i] -= other.units.losses()[i];
    }
    return interval(differences);
  }

  private double[] interval(double[] sums) {
    return new Bootstrap(sums, units.tokens()).interval(spec.resamples(), spec.seed());
  }
}
