package dev.coppice.train.spec;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.model.Precision;
import dev.coppice.train.distill.TeacherSpec;
import dev.coppice.train.optimizer.InitialMoments;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.optimizer.OptimizerSpec;
import dev.coppice.train.optimizer.PartRates;
import dev.coppice.train.schedule.Schedule;
import org.jspecify.annotations.Nullable;

/**
 * All that decides what a run does, but for its checkpoint, its data and its budget.
 *
 * @param seed decides the order of the data, and fresh weights
 * @param initialWeights what the run starts from
 * @param initialMoments what AdamW's moments are then
 * @param precision of the compute; weights and moments are float32 always
 * @param batch of one step
 * @param optimizer AdamW and what guards it
 * @param rates which parts learn faster, slower or not at all
 * @param average decay of the running average of the weights, in [0, 1); 0 for none
 * @param schedule of the learning rate
 * @param loss weights of the loss terms
 * @param teacher older model to learn from, if any
 * @param guard against spikes
 * @param save when checkpoints are written
 * @param evaluation how often the run is evaluated
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record TrainSpec(
    long seed,
    InitialWeights initialWeights,
    InitialMoments initialMoments,
    Precision precision,
    BatchSpec batch,
    OptimizerSpec optimizer,
    PartRates rates,
    double average,
    Schedule schedule,
    LossSpec loss,
    @Nullable TeacherSpec teacher,
    GuardSpec guard,
    SaveSpec save,
    EvaluationSpec evaluation) {
  /** Checks the average. */
  public TrainSpec {
    checkArgument(average >= 0 && average < 1, "average must lie in [0, 1), got %s", average);
  }

  /**
   * Settings that suit small models: batch 8 of 256 tokens, cosine to a tenth after a climb over 5
   * % of the budget, a checkpoint every 100 steps or 30 minutes of which two are kept.
   */
  public static TrainSpec defaults() {
    return new TrainSpec(
        0,
        InitialWeights.CHECKPOINT,
        InitialMoments.CHECKPOINT,
        Precision.FLOAT32,
        BatchSpec.of(8, 256),
        OptimizerSpec.DEFAULT,
        PartRates.EVEN,
        0,
        new Schedule.Cosine(0.05, 0.1),
        LossSpec.DEFAULT,
        null,
        GuardSpec.DEFAULT,
        SaveSpec.DEFAULT,
        EvaluationSpec.DEFAULT);
  }

  /**
   * The same with another seed.
   *
   * @param other other seed
   */
  public TrainSpec withSeed(long other) {
    return new TrainSpec(
        other,
        initialWeights,
        initialMoments,
        precision,
        batch,
        optimizer,
        rates,
        average,
        schedule,
        loss,
        teacher,
        guard,
        save,
        evaluation);
  }

  /**
   * The same from another start.
   *
   * @param other what the run starts from
   */
  public TrainSpec withInitialWeights(InitialWeights other) {
    return new TrainSpec(
        seed,
        other,
        initialMoments,
        precision,
        batch,
        optimizer,
        rates,
        average,
        schedule,
        loss,
        teacher,
        guard,
        save,
        evaluation);
  }

  /**
   * The same from other moments.
   *
   * @param other what AdamW's moments are then
   */
  public TrainSpec withInitialMoments(InitialMoments other) {
    return new TrainSpec(
        seed,
        initialWeights,
        other,
        precision,
        batch,
        optimizer,
        rates,
        average,
        schedule,
        loss,
        teacher,
        guard,
        save,
        evaluation);
  }

  /**
   * The same in another precision.
   *
   * @param other precision of the compute
   */
  public TrainSpec withPrecision(Precision other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        other,
        batch,
        optimizer,
        rates,
        average,
        schedule,
        loss,
        teacher,
        guard,
        save,
        evaluation);
  }

  /**
   * The same with other batches.
   *
   * @param other what one step sees
   */
  public TrainSpec withBatch(BatchSpec other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        precision,
        other,
        optimizer,
        rates,
        average,
        schedule,
        loss,
        teacher,
        guard,
        save,
        evaluation);
  }

  /**
   * The same with another optimizer.
   *
   * @param other AdamW's settings
   */
  public TrainSpec withOptimizer(OptimizerSpec other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        precision,
        batch,
        other,
        rates,
        average,
        schedule,
        loss,
        teacher,
        guard,
        save,
        evaluation);
  }

  /**
   * The same with other rates of parts.
   *
   * @param other rates of parts
   */
  public TrainSpec withRates(PartRates other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        precision,
        batch,
        optimizer,
        other,
        average,
        schedule,
        loss,
        teacher,
        guard,
        save,
        evaluation);
  }

  /**
   * The same with another average.
   *
   * @param other decay of the average; 0 for none
   */
  public TrainSpec withAverage(double other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        precision,
        batch,
        optimizer,
        rates,
        other,
        schedule,
        loss,
        teacher,
        guard,
        save,
        evaluation);
  }

  /**
   * The same with another schedule.
   *
   * @param other schedule of the learning rate
   */
  public TrainSpec withSchedule(Schedule other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        precision,
        batch,
        optimizer,
        rates,
        average,
        other,
        loss,
        teacher,
        guard,
        save,
        evaluation);
  }

  /**
   * The same with other loss weights.
   *
   * @param other weights of the loss terms
   */
  public TrainSpec withLoss(LossSpec other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        precision,
        batch,
        optimizer,
        rates,
        average,
        schedule,
        other,
        teacher,
        guard,
        save,
        evaluation);
  }

  /**
   * The same with another teacher.
   *
   * @param other older model to learn from; null for none
   */
  public TrainSpec withTeacher(@Nullable TeacherSpec other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        precision,
        batch,
        optimizer,
        rates,
        average,
        schedule,
        loss,
        other,
        guard,
        save,
        evaluation);
  }

  /**
   * The same with another guard.
   *
   * @param other what is done about spikes
   */
  public TrainSpec withGuard(GuardSpec other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        precision,
        batch,
        optimizer,
        rates,
        average,
        schedule,
        loss,
        teacher,
        other,
        save,
        evaluation);
  }

  /**
   * The same with other checkpoints.
   *
   * @param other when checkpoints are written
   */
  public TrainSpec withSave(SaveSpec other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        precision,
        batch,
        optimizer,
        rates,
        average,
        schedule,
        loss,
        teacher,
        guard,
        other,
        evaluation);
  }

  /**
   * The same with other evaluations.
   *
   * @param other how often the run is evaluated
   */
  public TrainSpec withEvaluation(EvaluationSpec other) {
    return new TrainSpec(
        seed,
        initialWeights,
        initialMoments,
        precision,
        batch,
        optimizer,
        rates,
        average,
        schedule,
        loss,
        teacher,
        guard,
        save,
        other);
  }
}
