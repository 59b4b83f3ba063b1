package dev.coppice.train.run;

import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.train.budget.StepCost;
import dev.coppice.train.distill.TeacherSpec;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.DoubleFunction;

/** The cost of steps: more while a teacher is active. */
final class StepCosts {
  private StepCosts() {}

  /**
   * Costs by the share of the budget that is spent before the step.
   *
   * @param model that is trained
   * @param spec of the run
   * @throws IOException when the teacher's shape cannot be read
   */
  static DoubleFunction<StepCost> of(MoeSpec model, TrainSpec spec) throws IOException {
    BatchSpec batch = spec.batch();
    StepCost alone = StepCost.of(model, batch.sequences(), batch.sequence());
    TeacherSpec teacher = spec.teacher();
    if (teacher == null) {
      return share -> alone;
    }
    try (Checkpoint checkpoint = Checkpoint.open(Path.of(teacher.checkpoint()))) {
      StepCost taught = alone.withTeacher(checkpoint.spec(), batch.sequence());
      return share -> teacher.at(share) > 0 ? taught : alone;
    }
  }
}
