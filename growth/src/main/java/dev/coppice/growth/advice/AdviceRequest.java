package dev.coppice.growth.advice;

import static com.google.common.base.Preconditions.checkArgument;

import java.math.BigInteger;
import java.util.Optional;

/**
 * Request to the advisor.
 *
 * @param budget extra FLOPs that there are, if known
 * @param tokens tokens that the checkpoint was trained on, if known; used where it has no ledger
 * @param sunk FLOPs that it has cost, if known; used where there is neither ledger nor tokens
 * @param depth times each layer would be placed; at least 2
 * @param width experts for each old one; at least 2
 * @param norms whether to read all weights for the norm profile
 */
public record AdviceRequest(
    Optional<BigInteger> budget,
    Optional<BigInteger> tokens,
    Optional<BigInteger> sunk,
    int depth,
    int width,
    boolean norms) {
  /** Checks the ranges. */
  public AdviceRequest {
    check("budget", budget);
    check("tokens", tokens);
    check("sunk compute", sunk);
    checkArgument(depth >= 2, "depth factor must be at least 2, got %s", depth);
    checkArgument(width >= 2, "width factor must be at least 2, got %s", width);
  }

  private static void check(String name, Optional<BigInteger> value) {
    checkArgument(
        value.filter(number -> number.signum() <= 0).isEmpty(),
        "%s must be positive, got %s",
        name,
        value.orElse(BigInteger.ZERO));
  }
}
