package dev.coppice.growth.plan;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.util.Locale;
import java.util.Optional;

/** Growths that cannot be done right, and why. */
public final class Refusal {
  private Refusal() {}

  /**
   * Refuses what a family's description says it cannot have.
   *
   * @param plan what would grow
   * @param operator name of the growth in the description
   * @param what the growth as a verb
   * @throws CoppiceException INPUT_INVALID with the reason
   */
  public static void check(GrowthPlan plan, String operator, String what) {
    Optional<String> reason = plan.anatomy().refusal(operator);
    if (reason.isPresent()) {
      throw of(plan, what, reason.get());
    }
  }

  /** A refusal. */
  public static CoppiceException of(GrowthPlan plan, String what, String reason) {
    return new CoppiceException(
        ErrorKind.INPUT_INVALID,
        String.format(
            Locale.ROOT, "family %s cannot %s, since %s", plan.family().name(), what, reason));
  }
}
