package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.train.AdamWSettings;
import dev.coppice.moe.train.Distillation;
import dev.coppice.moe.train.ExpertLoad;
import dev.coppice.moe.train.Learner;
import dev.coppice.moe.train.LearnerSnapshot;
import dev.coppice.moe.train.LossStats;
import dev.coppice.moe.train.LossWeights;
import dev.coppice.moe.train.ModelState;
import dev.coppice.moe.train.UpdateReport;
import dev.coppice.train.distill.TeacherSpec;
import dev.coppice.train.eval.EvalReport;
import dev.coppice.train.eval.EvalSpec;
import dev.coppice.train.eval.Evaluator;
import dev.coppice.train.eval.HeldOutText;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.util.Optional;
import java.util.function.DoublePredicate;

/** A language model and its learner, and the teacher if there is one. */
final class ModelTrainee implements Trainee {
  private final LanguageModel model;
  private final Learner learner;
  private final Optional<Teacher> teacher;
  private Optional<LearnerSnapshot> spare = Optional.empty();

  /** A model to learn from. */
  record Teacher(LanguageModel model, TeacherSpec spec) {}

  ModelTrainee(LanguageModel model, Learner learner, Optional<Teacher> teacher) {
    this.model = model;
    this.learner = learner;
    this.teacher = teacher;
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
  public ModelState now() {
    return learner.state();
  }

  @Override
  public ModelState copy() {
    LearnerSnapshot copy = learner.snapshot(spare);
    spare = Optional.of(copy);
    return copy.state();
  }

  @Override
  public void close() {
    spare.ifPresent(LearnerSnapshot::close);
    learner.close();
    teacher.ifPresent(t -> t.model().close());
    model.close();
  }
}
