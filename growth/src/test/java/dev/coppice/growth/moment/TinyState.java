package dev.coppice.growth.moment;

import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Optimizer state of tiny models, as training would have written it. */
public final class TinyState {
  static final long STEPS = 1234;

  private TinyState() {}

  /** Writes random moments beside a checkpoint. */
  public static void write(Checkpoint checkpoint, long seed) throws IOException {
    List<TensorSlot> slots = new ArrayList<>();
    for (String prefix : new String[] {"exp_avg.", "exp_avg_sq."}) {
      for (StoredTensor tensor : checkpoint.tensors().values()) {
        TensorSite site = checkpoint.anatomy().site(tensor.name());
        if (site.region() != TensorSite.Region.MTP && !site.is(Part.SELECTION_BIAS)) {
          slots.add(new TensorSlot(prefix + tensor.name(), Dtype.F32, tensor.shape()));
        }
      }
    }
    write(checkpoint.folder(), slots, seed);
  }

  /** Writes random numbers as those tensors. */
  public static void write(Path folder, List<TensorSlot> slots, long seed) throws IOException {
    Random random = new Random(seed);
    Map<String, float[]> numbers = new TreeMap<>();
    for (TensorSlot slot : slots) {
      float[] values = new float[(int) slot.elementCount()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian();
      }
      numbers.put(slot.name(), values);
    }
    write(folder, slots, numbers);
  }

  /** Writes those tensors. */
  public static void write(Path folder, List<TensorSlot> slots, Map<String, float[]> numbers)
      throws IOException {
    Path file = file(folder);
    Files.createDirectories(file.getParent());
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(
            file, slots, ImmutableMap.of("format", "pt", "steps", Long.toString(STEPS)))) {
      for (TensorSlot slot : slots) {
        ByteBuffer bytes =
            ByteBuffer.allocate((int) slot.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : numbers.get(slot.name())) {
          bytes.putFloat(value);
        }
        writer.write(slot.name(), 0, bytes.flip());
      }
      writer.finish();
    }
  }

  /** Where the state lies. */
  public static Path file(Path folder) {
    return folder.resolve("coppice-training").resolve("optimizer.safetensors");
  }

  /** All moments of a folder by name. */
  public static Map<String, float[]> read(Path folder) throws IOException {
    return readFile(file(folder));
  }

  /** All tensors of a file by name. */
  public static Map<String, float[]> readFile(Path path) throws IOException {
    Map<String, float[]> moments = new TreeMap<>();
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      for (var info : file.tensors().values()) {
        ByteBuffer bytes =
            ByteBuffer.allocate((int) info.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
        file.read(info, 0, bytes);
        float[] values = new float[(int) info.byteSize() / Float.BYTES];
        bytes.flip().asFloatBuffer().get(values);
        moments.put(info.name(), values);
      }
    }
    return moments;
  }
}
