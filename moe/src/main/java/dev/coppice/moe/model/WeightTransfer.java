package dev.coppice.moe.model;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.model.ParameterLayout.Piece;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorInfo;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Moves parameters between memory and files, a stretch at a time. */
final class WeightTransfer {
  /** Elements of one stretch. */
  private static final int STRETCH = 1 << 22;

  private WeightTransfer() {}

  /** Reads bytes of one stored tensor. */
  private interface Source {
    void read(long offset, ByteBuffer into) throws IOException;
  }

  /** Uses a stretch of a parameter: element offset within the piece, and its memory. */
  private interface Stretch {
    void use(long offset, ByteBuffer memory) throws IOException;
  }

  /**
   * Reads all weights of a checkpoint.
   *
   * @throws CoppiceException if a tensor is missing, misshapen or not of floats
   */
  static void load(Checkpoint from, Parameters into) throws IOException {
    for (Map.Entry<String, Piece> entry : into.layout().pieces().entrySet()) {
      StoredTensor tensor = from.tensors().get(entry.getKey());
      if (tensor == null) {
        throw bad(from.folder(), entry.getKey(), "must be there, got none");
      }
      checkShape(from.folder(), tensor.slot(), entry.getValue());
      FloatDecoder decoder =
          FloatDecoder.of(tensor.dtype())
              .orElseThrow(
                  () ->
                      bad(
                          from.folder(),
                          tensor.name(),
                          "must be F32, BF16, F16 or F64, got " + tensor.dtype()));
      Source source = (offset, buffer) -> from.read(tensor, offset, buffer);
      read(into, entry.getValue(), decoder, source);
    }
  }

  /**
   * Reads parameters that {@link #save} wrote.
   *
   * @param from an open file
   * @param prefix stands before each tensor's name
   * @param into what is filled
   */
  static void load(SafetensorsFile from, String prefix, Parameters into) throws IOException {
    for (Map.Entry<String, Piece> entry : into.layout().pieces().entrySet()) {
      TensorInfo info = from.tensors().get(prefix + entry.getKey());
      if (info == null) {
        throw bad(from.path(), prefix + entry.getKey(), "must be there, got none");
      }
      checkShape(
          from.path(), new TensorSlot(info.name(), info.dtype(), info.shape()), entry.getValue());
      if (info.dtype() != Dtype.F32) {
        throw bad(from.path(), info.name(), "must be F32, got " + info.dtype());
      }
      Source source = (offset, buffer) -> from.read(info, offset, buffer);
      read(into, entry.getValue(), FloatDecoder.F32, source);
    }
  }

  private static void checkShape(Path where, TensorSlot tensor, Piece piece) {
    if (!tensor.shape().equals(piece.shape())) {
      throw bad(
          where,
          tensor.name(),
          String.format(Locale.ROOT, "must have shape %s, got %s", piece.shape(), tensor.shape()));
    }
  }

  private static CoppiceException bad(Path where, String tensor, String fault) {
    return new CoppiceException(
        ExitCode.INPUT_INVALID, "tensor '" + tensor + "' " + fault + " (" + where + ")");
  }

  private static void read(Parameters into, Piece piece, FloatDecoder decoder, Source source)
      throws IOException {
    int width =
        decoder == FloatDecoder.F32 ? Float.BYTES : (int) Dtype.valueOf(decoder.name()).byteSize(1);
    ByteBuffer scratch =
        ByteBuffer.allocate((int) Math.min(STRETCH, piece.elements()) * width)
            .order(ByteOrder.LITTLE_ENDIAN);
    forEachStretch(
        into,
        piece,
        (offset, memory) -> {
          if (decoder == FloatDecoder.F32) {
            source.read(offset * Float.BYTES, memory);
            return;
          }
          scratch.clear().limit(memory.remaining() / Float.BYTES * width);
          source.read(offset * width, scratch);
          decoder.decode(scratch.flip(), memory.asFloatBuffer());
        });
  }

  private static void forEachStretch(Parameters parameters, Piece piece, Stretch stretch)
      throws IOException {
    for (long offset = 0; offset < piece.elements(); offset += STRETCH) {
      long count = Math.min(STRETCH, piece.elements() - offset);
      stretch.use(offset, parameters.map(piece.slot(), piece.offset() + offset, count));
    }
  }

  /** The tensors that {@link #save} writes, in order. */
  static ImmutableList<TensorSlot> slots(ParameterLayout layout, String prefix) {
    return layout.pieces().entrySet().stream()
        .map(e -> new TensorSlot(prefix + e.getKey(), Dtype.F32, e.getValue().shape()))
        .collect(ImmutableList.toImmutableList());
  }

  /**
   * Writes parameters into a file's slots.
   *
   * @param from what is written
   * @param prefix stands before each tensor's name
   * @param into has these slots
   */
  static void save(Parameters from, String prefix, SafetensorsWriter into) throws IOException {
    for (String name : from.layout().pieces().keySet()) {
      save(from, name, prefix + name, into);
    }
  }

  private static void save(Parameters from, String piece, String name, SafetensorsWriter into)
      throws IOException {
    forEachStretch(
        from,
        from.layout().piece(piece),
        (offset, memory) -> into.write(name, offset * Float.BYTES, memory));
  }

  /**
   * Writes all weights as a checkpoint's shards and index.
   *
   * @param maxShardBytes most bytes of one file
   */
  static void save(Parameters from, CheckpointWriter into, long maxShardBytes) throws IOException {
    List<TensorSlot> slots = slots(from.layout(), "");
    ShardLayout layout = ShardLayout.of(slots, maxShardBytes);
    for (Shard shard : layout.shards()) {
      try (SafetensorsWriter file = into.openShard(shard)) {
        for (TensorSlot slot : shard.slots()) {
          save(from, slot.name(), slot.name(), file);
        }
        file.finish();
      }
    }
    into.writeIndex(layout);
  }
}
