package dev.coppice.moe.train;

import static com.google.common.base.Preconditions.checkState;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.checkpoint.OptimizerState.Moment;
import dev.coppice.moe.parameter.ModelFiles;
import dev.coppice.moe.parameter.Parameters;
import dev.coppice.moe.parameter.WeightTransfer;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The state of a learner that goes to files.
 *
 * @param config of the model
 * @param weights of the model
 * @param firstMoments of trained parameters
 * @param secondMoments of trained parameters
 * @param average of the weights, if one is kept
 * @param steps taken
 */
record LearnerState(
    ObjectNode config,
    Parameters weights,
    Parameters firstMoments,
    Parameters secondMoments,
    Optional<Parameters> average,
    long steps)
    implements ModelState {
  @Override
  public void writeModel(CheckpointWriter writer, long maxShardBytes) throws IOException {
    ModelFiles.write(weights, config, writer, maxShardBytes);
  }

  @Override
  public void writeAverage(CheckpointWriter writer, long maxShardBytes) throws IOException {
    ModelFiles.write(keptAverage(), config, writer, maxShardBytes);
  }

  private Parameters keptAverage() {
    checkState(average.isPresent(), "average of weights must be kept, got none");
    return average.get();
  }

  @Override
  public void saveMoments(Path file) throws IOException {
    ImmutableList<TensorSlot> slots =
        ImmutableList.<TensorSlot>builder()
            .addAll(WeightTransfer.slots(weights.layout(), Moment.FIRST.prefix()))
            .addAll(WeightTransfer.slots(weights.layout(), Moment.SECOND.prefix()))
            .build();
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(file, slots, OptimizerState.metadata(steps))) {
      WeightTransfer.save(firstMoments, Moment.FIRST.prefix(), writer);
      WeightTransfer.save(secondMoments, Moment.SECOND.prefix(), writer);
      writer.finish();
    }
  }

  @Override
  public boolean averaged() {
    return average.isPresent();
  }

  @Override
  public void saveAverage(Path file) throws IOException {
    Parameters kept = keptAverage();
    ImmutableList<TensorSlot> slots = WeightTransfer.allSlots(kept.layout());
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(file, slots, ImmutableMap.of("format", "pt"))) {
      WeightTransfer.saveAll(kept, writer);
      writer.finish();
    }
  }

  /** Reads what {@link #saveMoments} wrote, the step count apart. */
  static void loadMoments(SafetensorsFile from, Optimizer into) throws IOException {
    WeightTransfer.load(from, Moment.FIRST.prefix(), into.firstMoments());
    WeightTransfer.load(from, Moment.SECOND.prefix(), into.secondMoments());
  }

  @Override
  public void close() {
    // learner or snapshot own the memory
  }
}
