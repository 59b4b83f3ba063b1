package dev.coppice.train.run;

import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.model.AdamWSettings;
import dev.coppice.moe.model.ExpertLoad;
import dev.coppice.moe.model.LossStats;
import dev.coppice.moe.model.LossWeights;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.model.UpdateReport;
import java.io.IOException;
import java.nio.file.Path;

/** What the loop trains: a model with its gradients and moments. */
interface Trainee extends AutoCloseable {

  /**
   * Adds a batch's gradient.
   *
   * @param batch ids and labels
   * @param weights of the loss terms
   * @param scale of this batch's gradient in the step's
   * @return losses of the batch
   */
  LossStats accumulate(TokenBatch batch, LossWeights weights, double scale);

  /** Updates the weights, or leaves them when the gradient is not finite. */
  UpdateReport update(AdamWSettings settings, double learningRate);

  /** Moves selection biases by a step towards equal load. */
  void balance(ExpertLoad load, double step);

  /** Writes weights and configuration. */
  void writeModel(CheckpointWriter writer) throws IOException;

  /** Writes the moments. */
  void saveMoments(Path file) throws IOException;

  @Override
  void close();
}
