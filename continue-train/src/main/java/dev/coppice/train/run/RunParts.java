package dev.coppice.train.run;

import dev.coppice.train.budget.BudgetMeter;
import dev.coppice.train.store.CheckpointSaver;
import java.util.Optional;

/** The parts of a run; a roll back exchanges the trainee. */
final class RunParts implements AutoCloseable {
  private final BudgetMeter meter;
  private final CheckpointSaver saver;
  private Optional<Trainee> trainee;
  private StepRunner runner;

  /**
   * Parts of a run.
   *
   * @param trainee model and learner; closed with the parts
   * @param runner of its steps
   * @param meter of the budget
   * @param saver of checkpoints
   */
  RunParts(Trainee trainee, StepRunner runner, BudgetMeter meter, CheckpointSaver saver) {
    this.trainee = Optional.of(trainee);
    this.runner = runner;
    this.meter = meter;
    this.saver = saver;
  }

  Trainee trainee() {
    return trainee.orElseThrow();
  }

  StepRunner runner() {
    return runner;
  }

  BudgetMeter meter() {
    return meter;
  }

  CheckpointSaver saver() {
    return saver;
  }

  /** Where the run stands. */
  long step() {
    return runner.state().step();
  }

  /** Continues with another trainee. */
  void exchange(Trainee other, StepRunner otherRunner) {
    close();
    trainee = Optional.of(other);
    runner = otherRunner;
  }

  /** Releases the memory of the trainee; there may be none for two. */
  @Override
  public void close() {
    trainee.ifPresent(Trainee::close);
    trainee = Optional.empty();
  }
}
