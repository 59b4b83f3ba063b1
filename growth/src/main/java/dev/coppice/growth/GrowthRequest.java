package dev.coppice.growth;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.moe.checkpoint.ShardLayout;
import java.util.Optional;

/**
 * A growth to be carried out.
 *
 * @param operator how the checkpoint grows
 * @param seed seed of all noise
 * @param maxShardBytes most bytes of one weight file; changes no tensor
 * @param threads threads that write, beside as many that hash; changes no byte
 * @param sha256 whether the record names the SHA-256 of the source's files beside their CRC-32C
 * @param moments what becomes of the optimizer's moments; empty if its state is left behind
 */
public record GrowthRequest(
    GrowthOperator operator,
    long seed,
    long maxShardBytes,
    int threads,
    boolean sha256,
    Optional<MomentRule> moments) {
  /** Checks that sizes are positive. */
  public GrowthRequest {
    checkArgument(maxShardBytes > 0, "shard size must be positive, got %s", maxShardBytes);
    checkArgument(threads > 0, "threads must be positive, got %s", threads);
  }

  /** A growth of weights alone, whose record names the CRC-32C of the source's files. */
  public GrowthRequest(GrowthOperator operator, long seed, long maxShardBytes, int threads) {
    this(operator, seed, maxShardBytes, threads, false, Optional.empty());
  }

  /** The same with or without SHA-256 of the source's files. */
  public GrowthRequest withSha256(boolean wanted) {
    return new GrowthRequest(operator, seed, maxShardBytes, threads, wanted, moments);
  }

  /** The same with the optimizer's moments, or without. */
  public GrowthRequest withMoments(Optional<MomentRule> rule) {
    return new GrowthRequest(operator, seed, maxShardBytes, threads, sha256, rule);
  }

  /**
   * A growth with shards of 5 GB and a thread for each core.
   *
   * @param operator how the checkpoint grows
   * @param seed seed of all noise
   */
  public static GrowthRequest of(GrowthOperator operator, long seed) {
    return new GrowthRequest(
        operator, seed, ShardLayout.DEFAULT_MAX_BYTES, Runtime.getRuntime().availableProcessors());
  }
}
