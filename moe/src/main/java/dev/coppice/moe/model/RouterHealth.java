package dev.coppice.moe.model;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableDoubleArray;

/**
 * Measurements of the routers on some tokens.
 *
 * @param experts experts E of a layer; 0 where the model has no mixture
 * @param tokens tokens T that were routed in each layer
 * @param rows a row a mixture layer: how often two experts were chosen together [E, E], the sums of
 *     probabilities [E], the sum of entropies [1]
 */
public record RouterHealth(int experts, long tokens, ImmutableDoubleArray rows) {
  /** Checks that rows are whole. */
  public RouterHealth {
    checkArgument(tokens > 0, "tokens must be positive, got %s", tokens);
    checkArgument(
        experts > 0 ? rows.length() % width(experts) == 0 : rows.isEmpty(),
        "rows must be whole, got %s numbers for %s experts",
        rows.length(),
        experts);
  }

  private static int width(int experts) {
    return experts * experts + experts + 1;
  }

  /** Mixture layers L. */
  public int layers() {
    return experts == 0 ? 0 : rows.length() / width(experts);
  }

  /** Share of tokens that an expert took, 0 to 1. */
  public double load(int layer, int expert) {
    return together(layer, expert, expert) / tokens;
  }

  /** Mean probability of an expert. */
  public double probability(int layer, int expert) {
    return rows.get(layer * width(experts) + experts * experts + expert) / tokens;
  }

  /** Experts of a layer that took nothing. */
  public int deadExperts(int layer) {
    int dead = 0;
    for (int expert = 0; expert < experts; expert++) {
      dead += together(layer, expert, expert) == 0 ? 1 : 0;
    }
    return dead;
  }

  /** Mean entropy of a token's probabilities, over log E: 0 certain, 1 undecided. */
  public double entropy(int layer) {
    double sum = rows.get((layer + 1) * width(experts) - 1);
    return experts == 1 ? 0 : sum / tokens / Math.log(experts);
  }

  /**
   * How often two experts go together: tokens that took both over those that took either; 1 right
   * after an exact growth for an expert and its copy, if top-k grew with the experts. 0 if neither
   * took any.
   */
  public double agreement(int layer, int one, int other) {
    double both = together(layer, one, other);
    double either = together(layer, one, one) + together(layer, other, other) - both;
    return either == 0 ? 0 : both / either;
  }

  /** Tokens that took both experts. */
  private double together(int layer, int one, int other) {
    return rows.get(layer * width(experts) + one * experts + other);
  }

  /**
   * Both together.
   *
   * @throws IllegalArgumentException if they are of different models
   */
  public RouterHealth plus(RouterHealth other) {
    checkArgument(
        experts == other.experts && rows.length() == other.rows.length(),
        "health must be of one model, got %s and %s experts",
        experts,
        other.experts);
    ImmutableDoubleArray.Builder sum = ImmutableDoubleArray.builder(rows.length());
    for (int i = 0; i < rows.length(); i++) {
      sum.add(rows.get(i) + other.rows.get(i));
    }
    return new RouterHealth(experts, tokens + other.tokens, sum.build());
  }
}
