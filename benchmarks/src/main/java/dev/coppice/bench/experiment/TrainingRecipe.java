package dev.coppice.bench.experiment;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.optimizer.OptimizerSpec;
import dev.coppice.train.schedule.Schedule;

/**
 * How the base and the arms learn. The three arms share all of it.
 *
 * @param batch sequences a step
 * @param sequence tokens a sequence, S
 * @param documentMask whether tokens attend to their own document only, in training and evaluation;
 *     true where a recipe does not say
 * @param optimizer AdamW and its peak learning rate
 * @param loss weights of the router's losses
 * @param baseSchedule learning rate over the base's budget; best without a decay at its end, as
 *     growth does better from a model that is not annealed
 * @param armSchedule learning rate over the extra budget, with its own warm-up
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record TrainingRecipe(
    int batch,
    int sequence,
    boolean documentMask,
    OptimizerSpec optimizer,
    LossSpec loss,
    Schedule baseSchedule,
    Schedule armSchedule) {
  /** Checks signs. */
  public TrainingRecipe {
    checkArgument(batch > 0, "batch must be positive, got %s", batch);
    checkArgument(sequence > 1, "sequence must be at least 2, got %s", sequence);
  }

  /** The same with another mask. */
  TrainingRecipe withDocumentMask(boolean other) {
    return new TrainingRecipe(batch, sequence, other, optimizer, loss, baseSchedule, armSchedule);
  }

  /** Tokens of one step. */
  public long tokensPerStep() {
    return (long) batch * sequence;
  }
}
