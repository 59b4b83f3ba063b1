package dev.coppice.growth.advice;

import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.ComputeLedger;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Optional;

/**
 * The training cost of a checkpoint, and its source.
 *
 * @param flops by the 6·N_active convention, if known
 * @param origin where from
 */
record SunkCompute(Optional<BigInteger> flops, String origin) {
  private static final String SOURCE =
      "boundary 1 x F_c = 120 N_active^2 (20 tokens an active parameter): arXiv 2510.08008, where"
          + " interposition and stacking are about equal before it and interposition is ahead after"
          + " it; shown on one family of models of 3B and 17B. Its N_active counts the look-up in the"
          + " embedding, ours does not: our boundary is the lower one (17B: 3.7e20 for 5.3e20)";

  static SunkCompute of(Checkpoint checkpoint, AdviceRequest request) {
    BigInteger ledger =
        checkpoint
            .record()
            .map(CoppiceRecord::ledger)
            .map(SunkCompute::total)
            .orElse(BigInteger.ZERO);
    if (ledger.signum() > 0) {
      return new SunkCompute(Optional.of(ledger), "the ledger in coppice.json");
    }
    BigInteger perToken = BigInteger.valueOf(checkpoint.anatomy().counts().flopsPerToken());
    if (request.tokens().isPresent()) {
      return new SunkCompute(request.tokens().map(perToken::multiply), "--tokens times 6 N_active");
    }
    return new SunkCompute(request.sunk(), request.sunk().isPresent() ? "--sunk" : "nothing");
  }

  private static BigInteger total(ComputeLedger ledger) {
    return ledger.sunkFlops().add(ledger.extraFlops());
  }

  /** 120·N². */
  static BigInteger chinchilla(long active) {
    return BigInteger.valueOf(active).pow(2).multiply(BigInteger.valueOf(120));
  }

  /** Whether more than the boundary was spent; empty where nothing is known. */
  Optional<Boolean> beyond(long active) {
    return flops.map(spent -> spent.compareTo(chinchilla(active)) > 0);
  }

  Finding finding(long active) {
    BigInteger boundary = chinchilla(active);
    ImmutableMap.Builder<String, Number> numbers = ImmutableMap.builder();
    numbers.put("active_parameters", active);
    numbers.put("boundary_flops", boundary);
    if (flops.isEmpty()) {
      return new Finding(
          "sunk",
          "unknown",
          numbers.buildOrThrow(),
          String.format(
              Locale.ROOT,
              "The cost of this checkpoint is unknown: there is no ledger, and neither"
                  + " --tokens nor --sunk was given. The boundary is %s FLOPs.",
              Figures.flops(boundary)),
          SOURCE);
    }
    double ratio = Figures.ratio(flops.get(), boundary);
    numbers.put("sunk_flops", flops.get());
    numbers.put("sunk_over_boundary", ratio);
    return new Finding(
        "sunk",
        beyond(active).orElseThrow() ? "above" : "below",
        numbers.buildOrThrow(),
        String.format(
            Locale.ROOT,
            "Sunk compute is %s FLOPs (from %s): %.2f times the boundary of %s.",
            Figures.flops(flops.get()),
            origin,
            ratio,
            Figures.flops(boundary)),
        SOURCE);
  }
}
