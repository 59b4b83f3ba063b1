package dev.coppice.train.run;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.model.Precision;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.optimizer.OptimizerSpec;
import dev.coppice.train.schedule.Schedule;

/**
 * All that decides what a run does, but for its checkpoint, its data and its budget.
 *
 * @param seed decides the order of the data, and fresh weights
 * @param initialWeights what the run starts from
 * @param precision of the compute; weights and moments are float32 always
 * @param batch what one step sees
 * @param optimizer AdamW and what guards it
 * @param schedule of the learning rate
 * @param loss weights of the loss terms
 * @param save when checkpoints are written
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record TrainSpec(
    long seed,
    InitialWeights initialWeights,
    Precision precision,
    BatchSpec batch,
    OptimizerSpec optimizer,
    Schedule schedule,
    LossSpec loss,
    SaveSpec save) {

  /**
   * Settings that suit small models: batch 8 of 256 tokens, cosine to a tenth after a climb over 5
   * % of the budget, a checkpoint every 100 steps of which two are kept.
   */
  public static TrainSpec defaults() {
    return new TrainSpec(
        0,
        InitialWeights.CHECKPOINT,
        Precision.FLOAT32,
        BatchSpec.of(8, 256),
        OptimizerSpec.DEFAULT,
        new Schedule.Cosine(0.05, 0.1),
        LossSpec.DEFAULT,
        new SaveSpec(100, 2));
  }

  /**
   * The same with another seed.
   *
   * @param other seed
   */
  public TrainSpec withSeed(long other) {
    return new TrainSpec(other, initialWeights, precision, batch, optimizer, schedule, loss, save);
  }

  /**
   * The same from another start.
   *
   * @param other what the run starts from
   */
  public TrainSpec withInitialWeights(InitialWeights other) {
    return new TrainSpec(seed, other, precision, batch, optimizer, schedule, loss, save);
  }

  /**
   * The same in another precision.
   *
   * @param other precision of the compute
   */
  public TrainSpec withPrecision(Precision other) {
    return new TrainSpec(seed, initialWeights, other, batch, optimizer, schedule, loss, save);
  }

  /**
   * The same with other batches.
   *
   * @param other what one step sees
   */
  public TrainSpec withBatch(BatchSpec other) {
    return new TrainSpec(seed, initialWeights, precision, other, optimizer, schedule, loss, save);
  }

  /**
   * The same with another optimizer.
   *
   * @param other AdamW's settings
   */
  public TrainSpec withOptimizer(OptimizerSpec other) {
    return new TrainSpec(seed, initialWeights, precision, batch, other, schedule, loss, save);
  }

  /**
   * The same with another schedule.
   *
   * @param other schedule of the learning rate
   */
  public TrainSpec withSchedule(Schedule other) {
    return new TrainSpec(seed, initialWeights, precision, batch, optimizer, other, loss, save);
  }

  /**
   * The same with other loss weights.
   *
   * @param other weights of the loss terms
   */
  public TrainSpec withLoss(LossSpec other) {
    return new TrainSpec(seed, initialWeights, precision, batch, optimizer, schedule, other, save);
  }

  /**
   * The same with other checkpoints.
   *
   * @param other when they are written
   */
  public TrainSpec withSave(SaveSpec other) {
    return new TrainSpec(seed, initialWeights, precision, batch, optimizer, schedule, loss, other);
  }
}
