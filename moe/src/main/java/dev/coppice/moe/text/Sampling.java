package dev.coppice.moe.text;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableSet;

/**
 * How the next token is chosen, and when to stop.
 *
 * @param temperature divides logits; 0 takes the likeliest token always
 * @param topK only so many of the likeliest tokens may come; 0 for all
 * @param topP only the likeliest tokens that together have this probability may come, in (0, 1]
 * @param seed the same seed chooses the same tokens
 * @param maxNewTokens most tokens that are made
 * @param stops ids that end a text; they are not part of it
 */
public record Sampling(
    double temperature,
    int topK,
    double topP,
    long seed,
    int maxNewTokens,
    ImmutableSet<Integer> stops) {
  /** Checks ranges. */
  public Sampling {
    checkArgument(
        temperature >= 0 && Double.isFinite(temperature),
        "temperature must be finite and not negative, got %s",
        temperature);
    checkArgument(topK >= 0, "top-k must not be negative, got %s", topK);
    checkArgument(topP > 0 && topP <= 1, "top-p must lie in (0, 1], got %s", topP);
    checkArgument(maxNewTokens > 0, "new tokens must be at least one, got %s", maxNewTokens);
  }

  /** The likeliest token, always. */
  public static Sampling greedy(int maxNewTokens) {
    return new Sampling(0, 0, 1, 0, maxNewTokens, ImmutableSet.of());
  }
}
