package dev.coppice.train.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
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
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.DoublePredicate;

/** Learns nothing, and has gradients that are not finite when it is told to. */
final class FakeTrainee implements Trainee {
  private final ObjectNode config;
  private final ImmutableList<TensorSlot> slots;
  private final Set<Long> badUpdates;
  private long updates;

  private FakeTrainee(Checkpoint source, Set<Long> badUpdates) {
    this.config = source.config();
    this.slots =
        source.tensors().values().stream()
            .map(StoredTensor::slot)
            .collect(ImmutableList.toImmutableList());
    this.badUpdates = badUpdates;
  }

  /** Trainees whose updates of these numbers, counted from 1 in each, are not finite. */
  static TraineeFactory factory(Long... badUpdates) {
    return (checkpoint, spec, resumed) -> new FakeTrainee(checkpoint, Set.of(badUpdates));
  }

  @Override
  public void threads(int count) {}

  @Override
  public LossStats accumulate(
      ImmutableList<TokenBatch> parts, LossWeights weights, double teacherWeight) {
    boolean bad = badUpdates.contains(updates + 1);
    long tokens = parts.stream().mapToLong(part -> part.ids().length).sum();
    return new LossStats(bad ? Double.NaN : 2.5, 1, 0.1, tokens);
  }

  @Override
  public UpdateReport update(AdamWSettings settings, double learningRate, DoublePredicate accepts) {
    updates++;
    return badUpdates.contains(updates)
        ? new UpdateReport(Double.POSITIVE_INFINITY, true)
        : new UpdateReport(1, !accepts.test(1));
  }

  @Override
  public void balance(ExpertLoad load, double step) {}

  @Override
  public EvalReport evaluate(HeldOutText heldOut, EvalSpec spec) {
    return new EvalReport(
        2.5,
        3.6,
        0.5,
        2.4,
        2.6,
        0.4,
        0.6,
        "documents",
        10,
        10,
        100,
        100L,
        spec.documentMask(),
        "none");
  }

  @Override
  public ModelState now() {
    return new State();
  }

  @Override
  public ModelState copy() {
    return new State();
  }

  /** Zeros. */
  private final class State implements ModelState {
    @Override
    public void writeModel(CheckpointWriter writer, long maxShardBytes) throws IOException {
      for (Shard shard : ShardLayout.of(slots, ShardLayout.DEFAULT_MAX_BYTES).shards()) {
        try (SafetensorsWriter file = writer.openShard(shard)) {
          for (TensorSlot slot : shard.slots()) {
            file.write(slot.name(), 0, ByteBuffer.allocate((int) slot.byteSize()));
          }
          file.finish();
        }
      }
      writer.writeConfig(config);
    }

    @Override
    public void saveMoments(Path file) throws IOException {
      Files.writeString(file, "none");
    }

    @Override
    public boolean averaged() {
      return false;
    }

    @Override
    public void saveAverage(Path file) {}

    @Override
    public void writeAverage(CheckpointWriter writer, long maxShardBytes) {}

    @Override
    public void close() {}
  }

  @Override
  public void close() {}
}
