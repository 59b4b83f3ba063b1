package dev.coppice.bench.experiment;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.report.Quantity;
import java.math.BigInteger;
import java.util.Locale;

/** Says in words what the intervals allow to say, and no more. */
final class Verdict {
  private Verdict() {}

  /**
   * One or two sentences.
   *
   * @param extraFlops each arm's budget
   * @param differences of the grown arm to each of the others
   */
  static String of(BigInteger extraFlops, ImmutableList<Difference> differences) {
    StringBuilder text = new StringBuilder();
    text.append("With ").append(Quantity.si(extraFlops.doubleValue()));
    text.append(" FLOPs more for each, the grown model ");
    for (int i = 0; i < differences.size(); i++) {
      text.append(i == 0 ? "" : i == differences.size() - 1 ? ", and " : ", ");
      text.append(clause(differences.get(i)));
    }
    return text.append(" (held-out loss, nats a byte, 95 % intervals).").toString();
  }

  private static String clause(Difference d) {
    String size = String.format(Locale.ROOT, "%.4f", Math.abs(d.loss()));
    String interval =
        String.format(Locale.ROOT, "%+.4f to %+.4f", d.intervalLow(), d.intervalHigh());
    return switch (d.finding()) {
      case BETTER -> "beats " + d.second() + " by " + size + " [" + interval + "]";
      case WORSE -> "loses to " + d.second() + " by " + size + " [" + interval + "]";
      case UNDECIDED -> "is not distinguishable from " + d.second() + " [" + interval + "]";
    };
  }
}
