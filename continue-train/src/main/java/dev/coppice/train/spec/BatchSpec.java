package dev.coppice.train.spec;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * The batch of one optimizer step.
 *
 * @param sequences sequences a step, B
 * @param sequence tokens a sequence, S
 * @param microBatch sequences that go through the model at once; divides {@code sequences}. Fewer
 *     take less memory. Losses and gradient are those of the whole batch but for rounding; where
 *     the load-balancing loss counts, all micro-batches but one go forward twice
 * @param documentMask whether tokens see only their own document
 * @param recompute whether activations are computed anew in the backward pass: less memory, the
 *     same bits
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record BatchSpec(
    int sequences, int sequence, int microBatch, boolean documentMask, boolean recompute) {
  /** Checks signs and divisibility. */
  public BatchSpec {
    checkArgument(sequences > 0, "batch must be positive, got %s", sequences);
    checkArgument(sequence > 0, "sequence must be positive, got %s", sequence);
    checkArgument(
        microBatch > 0 && sequences % microBatch == 0,
        "micro-batch must divide the batch of %s, got %s",
        sequences,
        microBatch);
  }

  /**
   * With document masks, and all activations kept.
   *
   * @param sequences sequences a step
   * @param sequence tokens a sequence
   * @param microBatch sequences at once
   */
  public BatchSpec(int sequences, int sequence, int microBatch) {
    this(sequences, sequence, microBatch, true, false);
  }

  /**
   * The same with other windows.
   *
   * @param other tokens a sequence
   */
  public BatchSpec withSequence(int other) {
    return new BatchSpec(sequences, other, microBatch, documentMask, recompute);
  }

  /**
   * A step in one pass.
   *
   * @param sequences sequences a step
   * @param sequence tokens a sequence
   */
  public static BatchSpec of(int sequences, int sequence) {
    return new BatchSpec(sequences, sequence, sequences);
  }
}
