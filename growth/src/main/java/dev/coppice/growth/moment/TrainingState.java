package dev.coppice.growth.moment;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableSortedMap;
import com.google.common.collect.Sets;
import dev.coppice.growth.bytes.TensorBytes;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.checkpoint.OptimizerState.Moment;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.TensorInfo;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;

/** An {@link OptimizerState} that is open, beside the checkpoint whose moments it holds. */
public final class TrainingState implements TensorBytes, Closeable {
  private static final Set<Dtype> FLOATS = EnumSet.of(Dtype.BF16, Dtype.F16, Dtype.F32, Dtype.F64);

  private final SafetensorsFile file;
  private final long steps;
  private final ImmutableSortedMap<String, StoredTensor> tensors;

  private TrainingState(SafetensorsFile file) {
    this.file = file;
    this.steps = OptimizerState.steps(file);
    ImmutableSortedMap.Builder<String, StoredTensor> byName = ImmutableSortedMap.naturalOrder();
    for (TensorInfo info : file.tensors().values()) {
      byName.put(info.name(), stored(file, info));
    }
    this.tensors = byName.buildOrThrow();
  }

  private static StoredTensor stored(SafetensorsFile file, TensorInfo info) {
    long offset = file.dataOffset() + info.begin();
    return new StoredTensor(
        info.name(), info.dtype(), info.shape(), file.path(), offset, info.byteSize());
  }

  /** Whether there is one in a checkpoint's folder. */
  public static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(OptimizerState.FILE), LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Opens the state in a checkpoint's folder, as it is.
   *
   * @throws CoppiceException INPUT_INVALID if there is none, or it is no such file
   */
  public static TrainingState open(Path folder) throws IOException {
    Path path = folder.resolve(OptimizerState.FILE);
    if (!isIn(folder)) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "optimizer state must be there to grow, got none (" + path + ")");
    }
    if (!path.toRealPath().startsWith(folder.toRealPath())) {
      throw OptimizerState.malformed(
          path, "it must lie inside its folder, got " + path.toRealPath());
    }
    SafetensorsFile file = SafetensorsFile.open(path);
    try {
      return new TrainingState(file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Opens the state of a checkpoint, and holds it against the tensors that are trained.
   *
   * @throws CoppiceException INPUT_INVALID if there is none, or it is not that model's
   */
  public static TrainingState open(Checkpoint checkpoint) throws IOException {
    TrainingState state = open(checkpoint.folder());
    try {
      state.check(checkpoint);
      return state;
    } catch (RuntimeException e) {
      state.close();
      throw e;
    }
  }

  private void check(Checkpoint checkpoint) {
    Set<String> expected = new TreeSet<>();
    for (StoredTensor tensor : checkpoint.tensors().values()) {
      if (isTrained(tensor.slot(), checkpoint.anatomy().site(tensor.name()))) {
        for (Moment moment : Moment.values()) {
          TensorSlot slot = moment.of(tensor.slot());
          expected.add(slot.name());
          check(slot);
        }
      }
    }
    for (String name : Sets.difference(tensors.keySet(), expected)) {
      throw OptimizerState.malformed(
          file.path(), "tensor '" + name + "' must not be there, got one");
    }
    for (String name : Sets.intersection(expected, checkpoint.tensors().keySet())) {
      throw OptimizerState.malformed(
          file.path(), "tensor '" + name + "' must not be one of the model's as well");
    }
  }

  private void check(TensorSlot expected) {
    StoredTensor moment = tensors.get(expected.name());
    if (moment == null) {
      throw OptimizerState.malformed(
          file.path(), "tensor '" + expected.name() + "' must be there, got none");
    }
    if (!moment.slot().equals(expected)) {
      throw OptimizerState.malformed(
          file.path(),
          "tensor '"
              + expected.name()
              + "' must be F32 "
              + expected.shape()
              + ", got "
              + moment.dtype()
              + " "
              + moment.shape());
    }
  }

  /**
   * Whether training moves a tensor by its gradient: all floats but selection biases, and those of
   * next-token-prediction layers, which are not run.
   */
  static boolean isTrained(TensorSlot slot, TensorSite site) {
    return FLOATS.contains(slot.dtype())
        && site.region() != Region.MTP
        && !site.is(Part.SELECTION_BIAS)
        && !site.is(Part.QUANTIZED);
  }

  /** Steps that the moments have seen. */
  public long steps() {
    return steps;
  }

  /** Size of the moments, bytes. */
  public long byteSize() {
    return tensors.values().stream().mapToLong(StoredTensor::byteSize).sum();
  }

  /** The open file. */
  public SafetensorsFile file() {
    return file;
  }

  /** All moments by name. */
  ImmutableSortedMap<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public StoredTensor tensor(String name) {
    StoredTensor tensor = tensors.get(name);
    checkArgument(tensor != null, "tensor must be one of %s, got '%s'", file.path(), name);
    return tensor;
  }

  @Override
  public void read(StoredTensor tensor, long offset, ByteBuffer into) throws IOException {
    file.read(file.tensor(tensor.name()), offset, into);
  }

  @Override
  public FileChannel channel(StoredTensor tensor) {
    return file.channel();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
