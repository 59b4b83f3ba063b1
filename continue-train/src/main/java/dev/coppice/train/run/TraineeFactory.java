package dev.coppice.train.run;

import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;

/** Makes what the loop trains. */
interface TraineeFactory {
  /** Language models. */
  TraineeFactory MODELS =
      (checkpoint, spec, resumed) ->
          resumed ? ModelTrainee.resume(checkpoint, spec) : ModelTrainee.start(checkpoint, spec);

  /**
   * Makes one.
   *
   * @param checkpoint to start or resume from
   * @param spec of the run
   * @param resumed whether the checkpoint is one of this run, with moments
   */
  Trainee make(Checkpoint checkpoint, TrainSpec spec, boolean resumed) throws IOException;
}
