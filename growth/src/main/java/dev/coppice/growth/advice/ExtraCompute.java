package dev.coppice.growth.advice;

import com.google.common.collect.ImmutableMap;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Optional;

/**
 * How much training a growth needs.
 *
 * @param sunk what the checkpoint has cost
 * @param budget extra FLOPs that there are
 * @param grownActive active parameters of the grown model
 */
record ExtraCompute(SunkCompute sunk, Optional<BigInteger> budget, long grownActive) {
  /** Share of the sunk compute from which a budget is of its order. */
  private static final double SAME_ORDER = 1 / 3.0;

  private static final String SOURCE =
      "rule of thumb of arXiv 2510.08008's first author: extra FLOPs of at least the order of the"
          + " sunk ones, else train from scratch. It is about total cost; at a fixed extra budget"
          + " later checkpoints still ended better. 'Of the order' from a third on is our reading,"
          + " and FLOPs are good to about 20%";

  Finding finding() {
    BigInteger scratch = SunkCompute.chinchilla(grownActive);
    ImmutableMap.Builder<String, Number> numbers = ImmutableMap.builder();
    numbers.put("grown_active_parameters", grownActive);
    numbers.put("scratch_flops", scratch);
    numbers.put("scratch_tokens", 20 * grownActive);
    sunk.flops()
        .ifPresent(
            flops -> {
              numbers.put("needed_flops", flops);
              numbers.put("needed_tokens", tokens(flops));
            });
    budget.ifPresent(
        flops -> {
          numbers.put("budget_flops", flops);
          numbers.put("budget_tokens", tokens(flops));
          numbers.put("budget_over_scratch", Figures.ratio(flops, scratch));
          sunk.flops()
              .ifPresent(spent -> numbers.put("budget_over_sunk", Figures.ratio(flops, spent)));
        });
    return new Finding("compute", verdict(), numbers.buildOrThrow(), text(scratch), SOURCE);
  }

  private BigInteger tokens(BigInteger flops) {
    return flops.divide(BigInteger.valueOf(grownActive).multiply(BigInteger.valueOf(6)));
  }

  String verdict() {
    if (budget.isEmpty() || sunk.flops().isEmpty()) {
      return "unknown";
    }
    double ratio = Figures.ratio(budget.get(), sunk.flops().get());
    return ratio >= 1 ? "enough" : ratio >= SAME_ORDER ? "borderline" : "too_little";
  }

  private String text(BigInteger scratch) {
    StringBuilder text = new StringBuilder();
    sunk.flops()
        .ifPresentOrElse(
            flops ->
                text.append(
                    String.format(
                        Locale.ROOT,
                        "Extra compute should be of at least the order of the sunk %s FLOPs: %s"
                            + " tokens of the grown model.",
                        Figures.flops(flops),
                        Figures.count(tokens(flops).doubleValue()))),
            () -> text.append("How much extra compute is enough depends on the sunk compute."));
    budget.ifPresent(
        flops ->
            text.append(
                String.format(
                    Locale.ROOT,
                    " The budget of %s is %s tokens: %s.",
                    Figures.flops(flops),
                    Figures.count(tokens(flops).doubleValue()),
                    said())));
    text.append(
        String.format(
            Locale.ROOT,
            " Training a model of the grown size from scratch takes its own F_c: %s FLOPs or"
                + " %s tokens.",
            Figures.flops(scratch),
            Figures.count(20.0 * grownActive)));
    return text.toString();
  }

  private String said() {
    return switch (verdict()) {
      case "enough" -> "enough";
      case "borderline" -> "of the order, but less";
      case "too_little" -> "too little by that rule";
      default -> "not known whether it is enough";
    };
  }
}
