package dev.coppice.train.cli;

import dev.coppice.train.schedule.Schedule;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** How the learning rate follows the spent share of the budget. */
final class ScheduleOptions {
  private static final double FINAL_FACTOR = 0.1;
  private static final double DECAY = 0.2;

  enum Kind {
    CONSTANT,
    LINEAR,
    COSINE,
    WSD,
    INVERSE_SQRT
  }

  @Option(
      names = "--schedule",
      paramLabel = "KIND",
      description =
          "Schedule of the learning rate: constant, linear, cosine, wsd or inverse_sqrt"
              + " (default: cosine).")
  private Optional<Kind> kind;

  @Option(
      names = "--warmup",
      paramLabel = "SHARE",
      description = "Share of the budget over which the learning rate rises (default: 0.05).")
  private Optional<Double> warmup;

  @Option(
      names = "--final-factor",
      paramLabel = "F",
      description = "Learning rate at the end, as a factor of the peak (default: 0.1).")
  private Optional<Double> finalFactor;

  @Option(
      names = "--decay",
      paramLabel = "SHARE",
      description = "Share of the budget over which wsd lowers the learning rate (default: 0.2).")
  private Optional<Double> decay;

  /** A schedule with what was given put in place of its own. */
  Schedule over(Schedule base) {
    if (kind.isEmpty() && warmup.isEmpty() && finalFactor.isEmpty() && decay.isEmpty()) {
      return base;
    }
    double climb = warmup.orElse(base.warmup());
    double end = finalFactor.orElse(finalFactorOf(base));
    return switch (kind.orElse(kindOf(base))) {
      case CONSTANT -> new Schedule.Constant(climb);
      case LINEAR -> new Schedule.Linear(climb, end);
      case COSINE -> new Schedule.Cosine(climb, end);
      case INVERSE_SQRT -> new Schedule.InverseSquareRoot(climb);
      case WSD -> wsd(climb, end, base);
    };
  }

  /** Warm-up and decay share the budget; of the two, one that was not given gives way. */
  private Schedule wsd(double climb, double end, Schedule base) {
    double fall = decay.orElse(decayOf(base));
    boolean fits = fall <= 1 - climb;
    if (!fits && decay.isEmpty() && climb < 1) {
      log().warn("wsd falls over {} of the budget: --warmup leaves no more", round(1 - climb));
      return new Schedule.Wsd(climb, 1 - climb, end);
    }
    if (!fits && warmup.isEmpty() && fall <= 1) {
      log().warn("the rate climbs over {} of the budget: --decay leaves no more", round(1 - fall));
      return new Schedule.Wsd(Math.max(0, Math.nextDown(1 - fall)), fall, end);
    }
    return new Schedule.Wsd(climb, fall, end);
  }

  private static double round(double share) {
    return Math.round(1e6 * share) / 1e6;
  }

  private static Kind kindOf(Schedule base) {
    if (base instanceof Schedule.Constant) {
      return Kind.CONSTANT;
    }
    if (base instanceof Schedule.Linear) {
      return Kind.LINEAR;
    }
    if (base instanceof Schedule.InverseSquareRoot) {
      return Kind.INVERSE_SQRT;
    }
    return base instanceof Schedule.Cosine ? Kind.COSINE : Kind.WSD;
  }

  private static double finalFactorOf(Schedule base) {
    if (base instanceof Schedule.Linear linear) {
      return linear.finalFactor();
    }
    if (base instanceof Schedule.Cosine cosine) {
      return cosine.finalFactor();
    }
    return base instanceof Schedule.Wsd wsd ? wsd.finalFactor() : FINAL_FACTOR;
  }

  private static double decayOf(Schedule base) {
    return base instanceof Schedule.Wsd wsd ? wsd.decay() : DECAY;
  }

  // no field: logging is set up where it is needed, not at the start of every command
  private static Logger log() {
    return LoggerFactory.getLogger(ScheduleOptions.class);
  }
}
