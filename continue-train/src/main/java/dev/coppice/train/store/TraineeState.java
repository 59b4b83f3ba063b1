package dev.coppice.train.store;

import dev.coppice.moe.checkpoint.CheckpointWriter;
import java.io.IOException;
import java.nio.file.Path;

/** The files of a trainee in a checkpoint: as it is now, or a copy that stays as it was. */
public interface TraineeState extends AutoCloseable {

  /** Writes weights and configuration. */
  void writeModel(CheckpointWriter writer) throws IOException;

  /** Writes the moments. */
  void saveMoments(Path file) throws IOException;

  /** Whether there is a running average of the weights. */
  boolean averaged();

  /** Writes the running average of the weights, which must exist, for a later resume. */
  void saveAverage(Path file) throws IOException;

  /** Writes the average, which there must be, as weights and configuration of a model. */
  void writeAverage(CheckpointWriter writer) throws IOException;

  @Override
  void close();
}
