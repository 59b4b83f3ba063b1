package dev.coppice.train.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import java.util.Optional;

/**
 * The loss: cross-entropy, and the router's two losses with their weights.
 *
 * <p>The load-balancing loss is that of {@code transformers}: over all mixture layers together,
 * experts times the sum of each one's share of the tokens and its mean probability. It is K where
 * experts are in perfect balance, so a weight here is worth K of a paper whose loss is 1 there.
 *
 * <p><b>Source</b>: defaults are those of OLMoE, arXiv 2409.02060, section 4.1.
 *
 * @param loadBalance weight of the load-balancing loss; not negative
 * @param z weight of the router's z loss; not negative
 * @param biasStep how far a selection bias moves in a step towards balance, without a loss (arXiv
 *     2408.15664); 0 for never. Only routers with a selection bias can
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record LossSpec(double loadBalance, double z, double biasStep) {
  /** Load balance 0.01, z 0.001. */
  public static final LossSpec DEFAULT = new LossSpec(0.01, 0.001);

  /**
   * The defaults with the load-balance weight that a checkpoint's own configuration names; 0.01
   * where it names none.
   *
   * @param checkpoint of a family that runs
   * @throws CoppiceException when the configuration's weight is no number of at least 0
   */
  public static LossSpec defaultsOf(Checkpoint checkpoint) {
    Optional<JsonNode> named = loadBalanceKey(checkpoint).map(checkpoint.config()::path);
    if (named.isEmpty()) {
      return DEFAULT;
    }
    double weight = named.get().asDouble(-1);
    if (!named.get().isNumber() || !(weight >= 0 && Double.isFinite(weight))) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          loadBalanceKey(checkpoint).orElseThrow()
              + " must be a number of at least 0, got "
              + named.get()
              + " ("
              + checkpoint.folder().resolve("config.json")
              + "; --load-balance sets another)");
    }
    return new LossSpec(weight, DEFAULT.z());
  }

  /**
   * The key by which a checkpoint's configuration names a load-balance weight.
   *
   * @param checkpoint of a family that runs
   * @return nothing where it names none
   */
  public static Optional<String> loadBalanceKey(Checkpoint checkpoint) {
    return checkpoint.family().loadBalanceKey().filter(checkpoint.config()::hasNonNull);
  }

  /** Checks signs. */
  public LossSpec {
    checkArgument(loadBalance >= 0, "load-balance weight must be at least 0, got %s", loadBalance);
    checkArgument(z >= 0, "z weight must be at least 0, got %s", z);
    checkArgument(
        biasStep >= 0 && Double.isFinite(biasStep),
        "bias step must be finite and at least 0, got %s",
        biasStep);
  }

  /** Losses alone. */
  public LossSpec(double loadBalance, double z) {
    this(loadBalance, z, 0);
  }
}
