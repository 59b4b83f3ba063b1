package dev.coppice.train.run;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.moe.checkpoint.GrowthOrigin;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.train.Learner;
import dev.coppice.train.distill.TeacherSpec;
import dev.coppice.train.optimizer.InitialMoments;
import dev.coppice.train.optimizer.PartPolicy;
import dev.coppice.train.run.ModelTrainee.Teacher;
import dev.coppice.train.spec.InitialWeights;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Loads the model of a spec; when a part of it cannot be, nothing stays open. */
final class TraineeBuilder {
  private final Checkpoint source;
  private final TrainSpec spec;

  /**
   * A builder.
   *
   * @param source to start or resume from
   * @param spec of the run
   */
  TraineeBuilder(Checkpoint source, TrainSpec spec) {
    this.source = source;
    this.spec = spec;
  }

  /** A trainee that has not been updated by this run. */
  ModelTrainee start() throws IOException {
    boolean fresh = spec.initialWeights() == InitialWeights.FRESH;
    Path moments = RunFolder.moments(source.folder());
    boolean kept =
        !fresh && spec.initialMoments() == InitialMoments.CHECKPOINT && Files.exists(moments);
    LanguageModel model =
        fresh
            ? LanguageModel.fresh(source.config(), spec.seed(), spec.precision())
            : LanguageModel.open(source, spec.precision());
    return with(model, kept ? Optional.of(moments) : Optional.empty(), Optional.empty());
  }

  /** A trainee as a checkpoint of this run left it. */
  ModelTrainee resume() throws IOException {
    return with(
        LanguageModel.open(source, spec.precision()),
        Optional.of(RunFolder.moments(source.folder())),
        Optional.of(RunFolder.average(source.folder())));
  }

  private ModelTrainee with(LanguageModel model, Optional<Path> moments, Optional<Path> average)
      throws IOException {
    try {
      checkBiases(model);
      Learner learner =
          moments.isPresent() ? Learner.restore(model, moments.get()) : Learner.fresh(model);
      try {
        learner.recompute(spec.batch().recompute());
        learner.policy(new PartPolicy(spec.rates(), origin()));
        learner.average(spec.average());
        if (spec.average() > 0 && average.isPresent()) {
          learner.restoreAverage(average.get());
        }
        return new ModelTrainee(model, learner, teacher(model));
      } catch (IOException | RuntimeException e) {
        learner.close();
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      model.close();
      throw e;
    }
  }

  private void checkBiases(LanguageModel model) {
    if (spec.loss().biasStep() > 0 && !model.spec().router().selectionBias()) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "--bias-step must be 0 where routers have no selection bias, got "
              + spec.loss().biasStep()
              + " ("
              + source.folder()
              + ")");
    }
  }

  private Optional<GrowthOrigin> origin() {
    Optional<GrowthOrigin> origin =
        source.record().flatMap(CoppiceRecord::lineage).flatMap(GrowthOrigin::of);
    if (spec.rates().needOrigin() && origin.isEmpty()) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "rates of new layers or experts, and --freeze old, must have a lineage that lists"
              + " the new parts, got none in coppice.json ("
              + source.folder()
              + ")");
    }
    return origin;
  }

  private Optional<Teacher> teacher(LanguageModel student) throws IOException {
    TeacherSpec by = spec.teacher();
    if (by == null) {
      return Optional.empty();
    }
    try (Checkpoint checkpoint = Checkpoint.open(Path.of(by.checkpoint()))) {
      LanguageModel teacher = LanguageModel.open(checkpoint, spec.precision());
      if (teacher.spec().vocabularySize() != student.spec().vocabularySize()
          || teacher.spec().maxPositions() < spec.batch().sequence()) {
        teacher.close();
        throw new CoppiceException(
            ErrorKind.REQUEST_INVALID,
            String.format(
                Locale.ROOT,
                "teacher must have the model's %d tokens and %d positions, got %d and %d (%s)",
                student.spec().vocabularySize(),
                spec.batch().sequence(),
                teacher.spec().vocabularySize(),
                teacher.spec().maxPositions(),
                by.checkpoint()));
      }
      return Optional.of(new Teacher(teacher, by));
    }
  }
}
