package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.train.AdamWSettings;
import dev.coppice.moe.train.Distillation;
import dev.coppice.moe.train.ExpertLoad;
import dev.coppice.moe.train.Learner;
import dev.coppice.moe.train.LearnerSnapshot;
import dev.coppice.moe.train.LossStats;
import dev.coppice.moe.train.LossWeights;
import dev.coppice.moe.train.UpdateReport;
import dev.coppice.train.distill.TeacherSpec;
import dev.coppice.train.eval.EvalReport;
import dev.coppice.train.eval.EvalSpec;
import dev.coppice.train.eval.Evaluator;
import dev.coppice.train.eval.HeldOutText;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.TraineeState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.DoublePredicate;

/** A language model and its learner, and the teacher if there is one. */
final class ModelTrainee implements Trainee {
  /** Largest weight file, bytes: the hub's default. */
  private static final long MAX_SHARD_BYTES = 5_000_000_000L;

  private final LanguageModel model;
  private final Learner learner;
  private final Optional<Teacher> teacher;
  private final boolean averages;
  private Optional<LearnerSnapshot> spare = Optional.empty();

  /** A model to learn from. */
  record Teacher(LanguageModel model, TeacherSpec spec) {}

  ModelTrainee(LanguageModel model, Learner learner, Optional<Teacher> teacher, boolean averages) {
    this.model = model;
    this.learner = learner;
    this.teacher = teacher;
    this.averages = averages;
  }

  /** A model that has not been updated by this run. */
  static ModelTrainee start(Checkpoint source, TrainSpec spec) throws IOException {
    return new TraineeBuilder(source, spec).start();
  }

  /** A model as a checkpoint of this run left it. */
  static ModelTrainee resume(Checkpoint step, TrainSpec spec) throws IOException {
    return new TraineeBuilder(step, spec).resume();
  }

  @Override
  public void threads(int count) {
    model.threads(count);
  }

  @Override
  public LossStats accumulate(
      ImmutableList<TokenBatch> parts, LossWeights weights, double teacherWeight) {
    Optional<Distillation> distillation =
        teacher
            .filter(by -> teacherWeight > 0)
            .map(
                by ->
                    new Distillation(
                        by.model(), by.spec().temperature(), teacherWeight, by.spec().top()));
    return learner.accumulate(parts, weights, 1, distillation);
  }

  @Override
  public UpdateReport update(AdamWSettings settings, double learningRate, DoublePredicate accepts) {
    return learner.update(settings, learningRate, accepts);
  }

  @Override
  public void balance(ExpertLoad load, double step) {
    learner.balance(load, step);
  }

  @Override
  public EvalReport evaluate(HeldOutText heldOut, EvalSpec spec) {
    return Evaluator.evaluate(model, heldOut, spec);
  }

  @Override
  public TraineeState now() {
    return new Now();
  }

  @Override
  public TraineeState copy() {
    LearnerSnapshot copy = learner.snapshot(spare);
    spare = Optional.of(copy);
    return new Copied(copy, averages);
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
      return averages;
    }

    @Override
    public void saveAverage(Path file) throws IOException {
      learner.saveAverage(file);
    }

    @Override
    public void writeAverage(CheckpointWriter writer) throws IOException {
      learner.writeAverage(writer, MAX_SHARD_BYTES);
    }

    @Override
    public void close() {
      // the learner is the trainee's
    }
  }

  /**
   * Writes what a snapshot holds.
   *
   * @param snapshot whose memory the next copy uses again
   * @param averages whether it holds an average
   */
  private record Copied(LearnerSnapshot snapshot, boolean averages) implements TraineeState {
    @Override
    public void writeModel(CheckpointWriter writer) throws IOException {
      snapshot.writeModel(writer, MAX_SHARD_BYTES);
    }

    @Override
    public void saveMoments(Path file) throws IOException {
      snapshot.saveMoments(file);
    }

    @Override
    public boolean averaged() {
      return averages;
    }

    @Override
    public void saveAverage(Path file) throws IOException {
      snapshot.saveAverage(file);
    }

    @Override
    public void writeAverage(CheckpointWriter writer) throws IOException {
      snapshot.writeAverage(writer, MAX_SHARD_BYTES);
    }

    @Override
    public void close() {
      // its memory is used again, and closed with the trainee
    }
  }

  @Override
  public void close() {
    spare.ifPresent(LearnerSnapshot::close);
    learner.close();
    teacher.ifPresent(t -> t.model().close());
    model.close();
  }
}
