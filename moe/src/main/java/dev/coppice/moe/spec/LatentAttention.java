package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Multi-head latent attention: keys and values of all heads come from one narrow vector a token,
 * and one rotary key serves all heads.
 *
 * <p><b>Source</b>: DeepSeek-V2, arXiv 2405.04434.
 *
 * @param heads heads H
 * @param queryRank width of the queries' latent vector; 0 where queries are projected directly
 * @param keyValueRank width of the keys' and values' latent vector
 * @param plainDim width of the part of a query or key that does not turn
 * @param rotaryDim width of the part that turns; even
 * @param valueDim width of one head's value
 * @param bias whether the projections down and the output projection have biases
 * @param scale factor on the product of query and key
 * @param rope rotary positions, {@code rotaryDim} wide
 */
public record LatentAttention(
    int heads,
    int queryRank,
    int keyValueRank,
    int plainDim,
    int rotaryDim,
    int valueDim,
    boolean bias,
    double scale,
    RopeSpec rope)
    implements AttentionSpec {
  /** Checks signs and widths. */
  public LatentAttention {
    checkArgument(heads > 0, "attention heads must be positive, got %s", heads);
    checkArgument(
        queryRank >= 0 && queryRank <= MAX_WIDTH,
        "query rank must lie in 0..%s, got %s",
        MAX_WIDTH,
        queryRank);
    checkArgument(
        keyValueRank > 0 && keyValueRank <= MAX_WIDTH,
        "key-value rank must lie in 1..%s, got %s",
        MAX_WIDTH,
        keyValueRank);
    checkArgument(plainDim > 0, "unturned head dimension must be positive, got %s", plainDim);
    checkArgument(valueDim > 0, "value dimension must be positive, got %s", valueDim);
    checkArgument(
        rotaryDim == rope.width(),
        "rotary head dimension must be the rotary width %s, got %s",
        rope.width(),
        rotaryDim);
    long widest = (long) plainDim + Math.max(rotaryDim, valueDim);
    checkArgument(
        widest <= MAX_WIDTH / heads,
        "heads times head dimension must be at most %s, got %s x %s",
        MAX_WIDTH,
        heads,
        widest);
    checkArgument(
        scale > 0 && Double.isFinite(scale),
        "attention scale must be positive and finite, got %s",
        scale);
  }

  @Override
  public int scoreDim() {
    return plainDim + rotaryDim;
  }

  /** Rows of the projection to queries: H·(plain+rotary). */
  public long queryRows() {
    return (long) heads * scoreDim();
  }

  /** Rows of both projections down: query rank, key-value rank, rotary dimension. */
  public long downRows() {
    return (long) queryRank + keyValueRank + rotaryDim;
  }

  /** Rows of the projection from the latent vector to keys and values: H·(plain+value). */
  public long upRows() {
    return (long) heads * (plainDim + valueDim);
  }

  @Override
  public long parameterCount(int hiddenSize) {
    long query = queryRows() * (queryRank == 0 ? hiddenSize : queryRank);
    long down = downRows() * hiddenSize;
    long up = upRows() * keyValueRank;
    long output = (long) heads * valueDim * hiddenSize;
    long norms = (long) queryRank + keyValueRank;
    return query + down + up + output + norms + (bias ? downRows() + hiddenSize : 0);
  }
}
