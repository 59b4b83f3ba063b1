package dev.coppice.train.run;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.model.AdamWSettings;
import dev.coppice.moe.model.ExpertLoad;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Learner;
import dev.coppice.moe.model.LossStats;
import dev.coppice.moe.model.LossWeights;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.model.UpdateReport;
import dev.coppice.train.data.TokenFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.DoublePredicate;

/** A language model and its learner. */
final class ModelTrainee implements Trainee {
  /** Largest weight file, bytes: the hub's default. */
  private static final long MAX_SHARD_BYTES = 5_000_000_000L;

  private final LanguageModel model;
  private final Learner learner;

  private ModelTrainee(LanguageModel model, Learner learner) {
    this.model = model;
    this.learner = learner;
  }

  /** A model that has not been updated by this run. */
  static ModelTrainee start(Checkpoint source, TrainSpec spec) throws IOException {
    LanguageModel model =
        spec.initialWeights() == InitialWeights.FRESH
            ? LanguageModel.fresh(source.config(), spec.seed(), spec.precision())
            : LanguageModel.open(source, spec.precision());
    if (spec.loss().biasStep() > 0 && !model.spec().router().selectionBias()) {
      model.close();
      throw new CoppiceException(
          ExitCode.USAGE,
          "--bias-step must be 0 where routers have no selection bias, got "
              + spec.loss().biasStep()
              + " ("
              + source.folder()
              + ")");
    }
    return new ModelTrainee(model, Learner.fresh(model));
  }

  /** A model as a checkpoint of this run left it. */
  static ModelTrainee resume(Checkpoint step, TrainSpec spec) throws IOException {
    LanguageModel model = LanguageModel.open(step, spec.precision());
    try {
      return new ModelTrainee(model, Learner.restore(model, RunFolder.moments(step.folder())));
    } catch (IOException | RuntimeException e) {
      model.close();
      throw e;
    }
  }

  @Override
  public LossStats accumulate(
      TokenBatch batch, LossWeights weights, double scale, double teacherWeight) {
    return learner.accumulate(batch, weights, scale);
  }

  @Override
  public UpdateReport update(AdamWSettings settings, double learningRate, DoublePredicate accepts) {
    return learner.update(settings, learningRate, accepts);
  }

  @Override
  public EvalReport evaluate(TokenFile heldOut, EvalSpec spec) {
    return Evaluator.evaluate(model, heldOut, spec);
  }

  @Override
  public TraineeState now() {
    return new Now();
  }

  @Override
  public TraineeState copy() {
    return new Now();
  }

  /** Writes what the learner holds. */
  private final class Now implements TraineeState {
    @Override
    public void writeModel(CheckpointWriter writer) throws IOException {
      model.writeTo(writer, MAX_SHARD_BYTES);
    }

    @Override
    public void saveMoments(Path file) throws IOException {
      learner.save(file);
    }

    @Override
    public boolean averaged() {
      return false;
    }

    @Override
    public void saveAverage(Path file) {}

    @Override
    public void writeAverage(CheckpointWriter writer) {}

    @Override
    public void close() {}
  }

  @Override
  public void balance(ExpertLoad load, double step) {
    learner.balance(load, step);
  }

  @Override
  public void close() {
    learner.close();
    model.close();
  }
}
