package dev.coppice.moe.train;

import dev.coppice.moe.checkpoint.CheckpointWriter;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The files of a model in training: as it is now, from {@link Learner#state}, or as it was, from
 * {@link LearnerSnapshot#state}. All tensors are float32.
 */
public interface ModelState extends AutoCloseable {

  /**
   * Writes weights, index and configuration, under the family's own names.
   *
   * @param writer of the folder, whose other files and commit are the caller's
   * @param maxShardBytes most bytes of one file
   */
  void writeModel(CheckpointWriter writer, long maxShardBytes) throws IOException;

  /**
   * Writes moments and step count as one safetensors file.
   *
   * @param file must not exist
   */
  void saveMoments(Path file) throws IOException;

  /** Whether there is a running average of the weights. */
  boolean averaged();

  /**
   * Writes the average as one safetensors file of all the model's tensors, for a later resume.
   *
   * @param file must not exist
   * @throws IllegalStateException if none is kept
   */
  void saveAverage(Path file) throws IOException;

  /**
   * Writes the average as {@link #writeModel} writes the weights.
   *
   * @throws IllegalStateException if none is kept
   */
  void writeAverage(CheckpointWriter writer, long maxShardBytes) throws IOException;

  /** Ends the use of this state; its memory is its owner's. */
  @Override
  void close();
}
