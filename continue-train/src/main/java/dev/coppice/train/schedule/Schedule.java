package dev.coppice.train.schedule;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * The learning rate as a function of the spent share of the budget, so that runs whose steps cost
 * differently are steered alike.
 *
 * <p>Every schedule first climbs from 0 to the peak in a straight line over {@code warmup}, a share
 * of the budget, and is continuous from there. Shares outside [0, 1] count as the nearer end.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Schedule.Constant.class, name = "constant"),
  @JsonSubTypes.Type(value = Schedule.Linear.class, name = "linear"),
  @JsonSubTypes.Type(value = Schedule.Cosine.class, name = "cosine"),
  @JsonSubTypes.Type(value = Schedule.Wsd.class, name = "wsd"),
  @JsonSubTypes.Type(value = Schedule.InverseSquareRoot.class, name = "inverse_sqrt")
})
public sealed interface Schedule {

  /** The share of the budget that the climb takes, in [0, 1). */
  double warmup();

  /**
   * The factor on the peak after the climb.
   *
   * @param progress share of what lies after the climb, in [0, 1]
   * @return in [0, 1]; 1 at progress 0
   */
  @JsonIgnore
  double factorAfterWarmup(double progress);

  /**
   * The learning rate.
   *
   * @param spentShare of the budget
   * @param peak learning rate at the top
   */
  default double at(double spentShare, double peak) {
    double share = Math.min(1, Math.max(0, spentShare));
    if (share < warmup()) {
      return peak * share / warmup();
    }
    return peak * factorAfterWarmup((share - warmup()) / (1 - warmup()));
  }

  /**
   * Stays at the peak.
   *
   * @param warmup share of the climb, in [0, 1)
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record Constant(double warmup) implements Schedule {
    /** Checks the share. */
    public Constant {
      checkWarmup(warmup);
    }

    @Override
    public double factorAfterWarmup(double progress) {
      return 1;
    }
  }

  /**
   * Falls in a straight line.
   *
   * @param warmup share of the climb, in [0, 1)
   * @param finalFactor of the peak at the end, in [0, 1]
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record Linear(double warmup, double finalFactor) implements Schedule {
    /** Checks the shares. */
    public Linear {
      checkWarmup(warmup);
      checkFinalFactor(finalFactor);
    }

    @Override
    public double factorAfterWarmup(double progress) {
      return between(finalFactor, 1 - progress);
    }
  }

  /**
   * Falls along half a cosine.
   *
   * <p><b>Source</b>: Loshchilov and Hutter, arXiv 1608.03983, equation 5, without restarts.
   *
   * @param warmup share of the climb, in [0, 1)
   * @param finalFactor of the peak at the end, in [0, 1]
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record Cosine(double warmup, double finalFactor) implements Schedule {
    /** Checks the shares. */
    public Cosine {
      checkWarmup(warmup);
      checkFinalFactor(finalFactor);
    }

    @Override
    public double factorAfterWarmup(double progress) {
      return between(finalFactor, (1 + Math.cos(Math.PI * progress)) / 2);
    }
  }

  /**
   * Warm-up, stable, decay: stays at the peak, then falls as 1 − √x over the last part. A run that
   * will be continued is best stopped before the fall.
   *
   * <p><b>Source</b>: the three phases are from MiniCPM, arXiv 2404.06395, section 4; the form of
   * the fall from Hägele et al., arXiv 2405.18392, section 3.
   *
   * @param warmup share of the climb, in [0, 1)
   * @param decay share of the whole budget that the fall takes, in (0, 1 − warmup]
   * @param finalFactor of the peak at the end, in [0, 1]
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record Wsd(double warmup, double decay, double finalFactor) implements Schedule {
    /** Checks the shares. */
    public Wsd {
      checkWarmup(warmup);
      checkFinalFactor(finalFactor);
      checkArgument(
          decay > 0 && decay <= 1 - warmup, "decay must lie in (0, 1 - warmup], got %s", decay);
    }

    @Override
    public double factorAfterWarmup(double progress) {
      double left = (1 - progress) * (1 - warmup);
      double fallen = Math.max(0, 1 - left / decay);
      return between(finalFactor, 1 - Math.sqrt(fallen));
    }
  }

  /**
   * Falls as one over the root of the spent share, counted from the start of the climb; where it
   * ends depends on the climb alone, √warmup, so that no end of the run need be known beforehand.
   *
   * <p><b>Source</b>: Vaswani et al., arXiv 1706.03762, section 5.3, as a share of the budget.
   *
   * @param warmup share of the climb, in (0, 1)
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record InverseSquareRoot(double warmup) implements Schedule {
    /** Checks the share. */
    public InverseSquareRoot {
      checkWarmup(warmup);
      checkArgument(warmup > 0, "warmup of an inverse root must be positive, got %s", warmup);
    }

    @Override
    public double factorAfterWarmup(double progress) {
      return Math.sqrt(warmup / (warmup + progress * (1 - warmup)));
    }
  }

  private static double between(double finalFactor, double weight) {
    return finalFactor + (1 - finalFactor) * weight;
  }

  private static void checkWarmup(double warmup) {
    checkArgument(warmup >= 0 && warmup < 1, "warmup must lie in [0, 1), got %s", warmup);
  }

  private static void checkFinalFactor(double factor) {
    checkArgument(factor >= 0 && factor <= 1, "final factor must lie in [0, 1], got %s", factor);
  }
}
