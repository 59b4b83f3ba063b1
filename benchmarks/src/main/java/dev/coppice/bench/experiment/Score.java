package dev.coppice.bench.experiment;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.spec.MoeSpec;
import java.math.BigInteger;

/**
 * One model of an experiment: what it is, what it cost, how well it foretells held-out text. In
 * JSON all fields stand side by side.
 *
 * @param name {@code base}, {@code grown}, {@code scratch} or {@code kept}
 * @param checkpoint its folder, relative to the results
 * @param size of the model
 * @param cost of its training
 * @param judgement evaluation on held-out text
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Score(
    String name,
    String checkpoint,
    @JsonUnwrapped Size size,
    @JsonUnwrapped Cost cost,
    @JsonUnwrapped Judgement judgement) {

  /**
   * How large a model is.
   *
   * @param parameters all weights
   * @param activeParameters weights that a token is multiplied with
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Size(long parameters, long activeParameters) {
    static Size of(MoeSpec spec) {
      return new Size(spec.parameterCount(), spec.activeParameterCount());
    }
  }

  /**
   * Training cost of a model.
   *
   * @param sunkFlops spent before its last training
   * @param extraFlops spent in its last training
   * @param steps of its last training
   * @param tokens of its last training
   * @param trainSeconds of its last training
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Cost(
      BigInteger sunkFlops, BigInteger extraFlops, long steps, long tokens, double trainSeconds) {}

  /**
   * How a model does on held-out text, each figure with its 95 % bootstrap interval.
   *
   * @param heldoutLoss nats a byte
   * @param intervalLow lower end of the loss' interval
   * @param intervalHigh upper end of it
   * @param heldoutBitsPerByte the loss in bits
   * @param bitsPerByteLow lower end of its interval
   * @param bitsPerByteHigh upper end of it
   * @param heldoutAccuracy share of bytes that the model held likeliest
   * @param accuracyLow lower end of its interval
   * @param accuracyHigh upper end of it
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Judgement(
      double heldoutLoss,
      double intervalLow,
      double intervalHigh,
      double heldoutBitsPerByte,
      double bitsPerByteLow,
      double bitsPerByteHigh,
      double heldoutAccuracy,
      double accuracyLow,
      double accuracyHigh) {}
}
