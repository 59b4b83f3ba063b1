package dev.coppice.growth.moment;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableSortedMap;
import com.google.common.collect.Sets;
import dev.coppice.growth.bytes.TensorBytes;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.checkpoint.Checkpoint;
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

/**
 * The optimizer's state beside a checkpoint: two moments of every trained tensor, float32, and the
 * number of steps, as training saves them.
 */
public final class TrainingState implements TensorBytes, Closeable {
  /** Where it lies in a checkpoint's folder. */
  public static final String FILE = "coppice-training/optimizer.safetensors";

  /** Prefix of a first moment's name. */
  static final String FIRST = "exp_avg.";

  /** Prefix of a second moment's name. */
  static final String SECOND = "exp_avg_sq.";

  /** Key of the number of steps in the file's metadata. */
  static final String STEPS = "steps";

  private static final Set<Dtype> FLOATS = EnumSet.of(Dtype.BF16, Dtype.F16, Dtype.F32, Dtype.F64);

  private final SafetensorsFile file;
  private final long steps;
  private final ImmutableSortedMap<String, StoredTensor> tensors;

  private TrainingState(SafetensorsFile file) {
    this.file = file;
    this.steps = steps(file);
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

  private static long steps(SafetensorsFile file) {
    String text = file.metadata().getOrDefault(STEPS, "none");
    if (!text.matches("\\d{1,18}")) {
      throw malformed(file.path(), "metadata 'steps' must be a step count, got '" + text + "'");
    }
    return Long.parseLong(text);
  }

  /** Prefix of the name of a moment: 1 for that of gradients, 2 for that of their squares. */
  static String prefix(int order) {
    return order == 1 ? FIRST : SECOND;
  }

  /** Whether there is one in a checkpoint's folder. */
  public static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(FILE), LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Opens the state in a checkpoint's folder, as it is.
   *
   * @throws CoppiceException INPUT_INVALID if there is none, or it is no such file
   */
  public static TrainingState open(Path folder) throws IOException {
    Path path = folder.resolve(FILE);
    if (!isIn(folder)) {
      throw new CoppiceException(
          ExitCode.INPUT_INVALID, "optimizer state must be there to grow, got none (" + path + ")");
    }
    if (!path.toRealPath().startsWith(folder.toRealPath())) {
      throw malformed(path, "it must lie inside its folder, got " + path.toRealPath());
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
        for (String prefix : new String[] {FIRST, SECOND}) {
          expected.add(prefix + tensor.name());
          check(prefix + tensor.name(), tensor);
        }
      }
    }
    for (String name : Sets.difference(tensors.keySet(), expected)) {
      throw malformed(file.path(), "tensor '" + name + "' must not be there, got one");
    }
    for (String name : Sets.intersection(expected, checkpoint.tensors().keySet())) {
      throw malformed(file.path(), "tensor '" + name + "' must not be one of the model's as well");
    }
  }

  private void check(String name, StoredTensor weight) {
    StoredTensor moment = tensors.get(name);
    if (moment == null) {
      throw malformed(file.path(), "tensor '" + name + "' must be there, got none");
    }
    if (moment.dtype() != Dtype.F32 || !moment.shape().equals(weight.shape())) {
      throw malformed(
          file.path(),
          "tensor '"
              + name
              + "' must be F32 "
              + weight.shape()
              + ", got "
              + moment.dtype()
              + " "
              + moment.shape());
    }
  }

  private static CoppiceException malformed(Path path, String fault) {
    return new CoppiceException(
        ExitCode.INPUT_INVALID,
        "optimizer state must be the checkpoint's: " + fault + " (" + path + ")");
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
