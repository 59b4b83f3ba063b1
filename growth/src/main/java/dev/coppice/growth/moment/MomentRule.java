package dev.coppice.growth.moment;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.util.Locale;
import java.util.Optional;

/**
 * The rule for AdamW's moments when a model grows.
 *
 * <p>Three things hold whatever the rule. Moments are never noised. What is drawn anew or starts as
 * zero (a random router or expert, the output projections of an identity) is a new parameter that
 * has seen no gradient: its moments are zero. The count of steps is carried on, for it belongs to
 * all parameters together; where moments are zero and the count is large, AdamW corrects no bias,
 * and a first step is up to (1 − β₁)/√(1 − β₂) times the learning rate: 3.2 at 0.9 and 0.999, 0.45
 * at 0.9 and 0.95.
 *
 * <p><b>What growth does to gradients.</b> Let width growth put M copies in the place of each
 * expert, so that the grown loss G keeps the source's loss F: F(θ) = G(θ, …, θ) for every θ of an
 * expert or of its row in the router, which holds wherever all copies of a chosen expert are chosen
 * (top-k is multiplied) and share its weight. The chain rule gives ∂F/∂θ = Σ ∂G/∂θ_c, and since G
 * is symmetric in the copies all terms are equal at θ_1 = … = θ_M:
 *
 * <pre>∂G/∂θ_c = (1/M) · ∂F/∂θ</pre>
 *
 * <p>First moments are means of gradients and second moments of their squares, so that they become
 * m/M and v/M². AdamW's step m̂/(√v̂ + ε) is then m̂/(√v̂ + Mε): each copy moves as its original
 * would have, and training continues as if nothing had grown, up to ε and rounding. Decoupled
 * weight decay shrinks each copy as it did the original. With noise all this holds to first order
 * in it.
 *
 * <p>It does not hold of what counts experts. The load-balancing loss, which is K at perfect
 * balance, becomes M times itself: divide its weight by M to keep it. The router's z loss sums over
 * more experts. And the squared norm of M copies' gradients is 1/M of their original's, so that the
 * norm over all parameters is smaller, and a step that was clipped is clipped less.
 *
 * <p>Depth growth changes the function, and no factor says how gradients follow: layers and their
 * copies take the moments as they are. The copy that starts as an identity is an exception: nothing
 * before its zero projections has a gradient until these have moved, which makes all its moments
 * zero.
 */
public enum MomentRule {
  /** Copies get the moments of their originals, bit for bit, and originals keep theirs. */
  COPY,
  /** Originals keep their moments; those of copies, layers as experts, are zero. */
  RESET,
  /** Moments follow the gradients: those of experts and router are divided by M and by M². */
  SCALE;

  /** The key of a rule in recipes and lineages. */
  public static final String KEY = "with_optimizer";

  /**
   * The rule of that name.
   *
   * @param name a text, or missing where there is no rule
   * @throws CoppiceException INPUT_INVALID if it is no rule's
   */
  public static Optional<MomentRule> read(JsonNode name) {
    if (name.isMissingNode()) {
      return Optional.empty();
    }
    for (MomentRule rule : values()) {
      if (rule.key().equals(name.textValue())) {
        return Optional.of(rule);
      }
    }
    throw new CoppiceException(
        ErrorKind.INPUT_INVALID, KEY + " must be copy, reset or scale, got " + name);
  }

  /** Its name in recipes, lineages and on the command line. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
