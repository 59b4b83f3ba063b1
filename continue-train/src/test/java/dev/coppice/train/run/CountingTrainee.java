package dev.coppice.train.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.random.KeyedHash;
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
import dev.coppice.train.store.RunFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoublePredicate;

/**
 * Has one number for weights: a hash of all batches that updated it, in order. So two of them are
 * equal only if they saw the same. Takes no engine.
 */
final class CountingTrainee implements Trainee {
  /** What all trainees of one factory have met, and what they are to meet. */
  static final class World {
    /** Losses that batches are to have, by {@link #key}. */
    final Map<Integer, Double> losses = new ConcurrentHashMap<>();

    /** Keys of batches, in the order in which they came. */
    final List<Integer> seen = new ArrayList<>();

    /** Weights that were finite numbers when they were updated, by step in this world. */
    final List<Long> weights = new ArrayList<>();

    /** Called at the beginning of each write. */
    volatile Runnable beforeWrite = () -> {};

    boolean averages;

    TraineeFactory factory() {
      return (checkpoint, spec, resumed) -> new CountingTrainee(this, checkpoint, resumed);
    }
  }

  private final World world;
  private final ObjectNode config;
  private final ImmutableList<TensorSlot> slots;
  private long weights;
  private long pending;
  private volatile boolean copied;

  private CountingTrainee(World world, Checkpoint source, boolean resumed) throws IOException {
    this.world = world;
    this.config = source.config();
    this.slots =
        source.tensors().values().stream()
            .map(StoredTensor::slot)
            .collect(ImmutableList.toImmutableList());
    if (resumed) {
      weights = Long.parseLong(Files.readString(RunFolder.moments(source.folder())));
      byte[] bytes = Files.readAllBytes(source.folder().resolve("model.safetensors"));
      long last = ByteBuffer.wrap(bytes, bytes.length - Long.BYTES, Long.BYTES).getLong();
      if (last != weights) {
        throw new IllegalStateException("weights and moments must be of one step");
      }
    }
  }

  static int key(TokenBatch batch) {
    return Arrays.hashCode(batch.ids());
  }

  @Override
  public void threads(int count) {}

  @Override
  public LossStats accumulate(
      ImmutableList<TokenBatch> parts, LossWeights lossWeights, double teacherWeight) {
    double loss = 0;
    for (TokenBatch part : parts) {
      loss += loss(part) / parts.size();
    }
    long tokens = parts.stream().mapToLong(part -> part.ids().length).sum();
    return new LossStats(loss, 1, 0.1, tokens);
  }

  private double loss(TokenBatch batch) {
    int key = key(batch);
    world.seen.add(key);
    pending = KeyedHash.of(pending, key);
    double noise = (key & 0xff) / 1e4;
    return world.losses.getOrDefault(key, 2.5 + noise);
  }

  @Override
  public UpdateReport update(AdamWSettings settings, double learningRate, DoublePredicate accepts) {
    boolean accepted = accepts.test(1);
    if (accepted) {
      weights = KeyedHash.of(weights, pending);
    }
    pending = 0;
    world.weights.add(weights);
    return new UpdateReport(1, !accepted);
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
    return new State(weights, true);
  }

  @Override
  public ModelState copy() {
    if (copied) {
      throw new IllegalStateException("the copy before must be closed");
    }
    copied = true;
    return new State(weights, false);
  }

  /** Its number, over and over. */
  private final class State implements ModelState {
    private final long number;
    private final boolean current;

    State(long number, boolean current) {
      this.number = number;
      this.current = current;
    }

    @Override
    public void writeModel(CheckpointWriter writer, long maxShardBytes) throws IOException {
      world.beforeWrite.run();
      write(writer, number);
    }

    private void write(CheckpointWriter writer, long value) throws IOException {
      for (Shard shard : ShardLayout.of(slots, ShardLayout.DEFAULT_MAX_BYTES).shards()) {
        try (SafetensorsWriter file = writer.openShard(shard)) {
          for (TensorSlot slot : shard.slots()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) slot.byteSize());
            while (bytes.remaining() >= Long.BYTES) {
              bytes.putLong(value);
            }
            file.write(slot.name(), 0, bytes.rewind());
          }
          file.finish();
        }
      }
      writer.writeConfig(config);
    }

    @Override
    public void saveMoments(Path file) throws IOException {
      if (current && number != weights) {
        throw new IllegalStateException("what is now must be written before the next update");
      }
      write(file, Long.toString(number));
    }

    private void write(Path file, String text) throws IOException {
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
        channel.force(true);
      }
    }

    @Override
    public boolean averaged() {
      return world.averages;
    }

    @Override
    public void saveAverage(Path file) throws IOException {
      write(file, Long.toString(-number));
    }

    @Override
    public void writeAverage(CheckpointWriter writer, long maxShardBytes) throws IOException {
      write(writer, -number);
    }

    @Override
    public void close() {
      copied = copied && current;
    }
  }

  @Override
  public void close() {}
}
