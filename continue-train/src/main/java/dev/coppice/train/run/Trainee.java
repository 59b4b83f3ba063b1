package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.train.AdamWSettings;
import dev.coppice.moe.train.ExpertLoad;
import dev.coppice.moe.train.LossStats;
import dev.coppice.moe.train.LossWeights;
import dev.coppice.moe.train.ModelState;
import dev.coppice.moe.train.UpdateReport;
import dev.coppice.train.eval.EvalReport;
import dev.coppice.train.eval.EvalSpec;
import dev.coppice.train.eval.HeldOutText;
import java.io.IOException;
import java.util.function.DoublePredicate;

/** Model and learner of the loop: a model with its gradients and moments. */
interface Trainee extends AutoCloseable {

  /** Uses so many threads from now on. */
  void threads(int count);

  /**
   * Adds a batch's gradient.
   *
   * @param parts of the batch, one after the other
   * @param weights of the loss terms
   * @param teacherWeight of the teacher's loss; 0 to leave it out
   * @return losses of the whole batch
   */
  LossStats accumulate(ImmutableList<TokenBatch> parts, LossWeights weights, double teacherWeight);

  /**
   * Updates the weights, or leaves them.
   *
   * @param settings AdamW's constants
   * @param learningRate of the step
   * @param accepts whether a gradient of that finite norm is to be used
   */
  UpdateReport update(AdamWSettings settings, double learningRate, DoublePredicate accepts);

  /** Moves selection biases by a step towards equal load. */
  void balance(ExpertLoad load, double step);

  /** Judges the model on some text. */
  EvalReport evaluate(HeldOutText heldOut, EvalSpec spec) throws IOException;

  /** What it is now; valid until the next update. */
  ModelState now();

  /**
   * A copy of what it is now, which another thread may write while training continues. One at a
   * time: the one before must be closed.
   */
  ModelState copy();

  @Override
  void close();
}
