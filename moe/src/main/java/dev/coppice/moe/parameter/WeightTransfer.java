package dev.coppice.moe.parameter;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Maps;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.parameter.ParameterLayout.Piece;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorInfo;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.LoggerFactory;

/** Moves parameters between memory and files, a stretch at a time. */
public final class WeightTransfer {
  /** Elements of one stretch. */
  private static final int STRETCH = 1 << 22;

  private static final int NOT_FINITE = 0x7f800000;

  private WeightTransfer() {}

  /** Reads bytes of one stored tensor. */
  private interface Source {
    void read(long offset, ByteBuffer into) throws IOException;
  }

  /** Looks at a stretch of what was read: element offset within the tensor, and its numbers. */
  private interface Check {
    void see(long offset, FloatBuffer floats);
  }

  /**
   * Reads all weights of a checkpoint.
   *
   * @throws CoppiceException if a tensor is missing, misshapen, not of floats, or not finite
   */
  public static void load(Checkpoint from, Parameters into) throws IOException {
    warnOfRest(from);
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
      Check check = (offset, floats) -> checkFinite(from.folder(), tensor.slot(), offset, floats);
      read(into, entry.getValue(), decoder, source, check);
    }
  }

  private static void warnOfRest(Checkpoint from) {
    long aside =
        from.anatomy().sites().values().stream()
            .filter(site -> site.region() == TensorSite.Region.MTP)
            .count();
    if (aside > 0) {
      LoggerFactory.getLogger(WeightTransfer.class)
          .warn(
              "{}: {} tensors of next-token-prediction layers are neither run nor saved",
              from.folder(),
              aside);
    }
  }

  /**
   * Reads trained parameters, or their moments, that {@link #save} wrote.
   *
   * @param from an open file
   * @param prefix stands before each tensor's name
   * @param into what is filled
   */
  public static void load(SafetensorsFile from, String prefix, Parameters into) throws IOException {
    load(from, prefix, into, trained(into.layout()));
  }

  /** Reads all parameters, which {@link #saveAll} wrote. */
  public static void loadAll(SafetensorsFile from, Parameters into) throws IOException {
    load(from, "", into, into.layout().pieces());
  }

  private static void load(
      SafetensorsFile from, String prefix, Parameters into, Map<String, Piece> pieces)
      throws IOException {
    for (Map.Entry<String, Piece> entry : pieces.entrySet()) {
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
      read(into, entry.getValue(), FloatDecoder.F32, source, (offset, floats) -> {});
    }
  }

  private static Map<String, Piece> trained(ParameterLayout layout) {
    return Maps.filterValues(layout.pieces(), piece -> layout.slots().get(piece.slot()).trained());
  }

  /** Refuses the first number of a stretch that is not finite. */
  private static void checkFinite(Path where, TensorSlot tensor, long offset, FloatBuffer floats) {
    for (int i = 0; i < floats.limit(); i++) {
      // an exponent of ones; cheaper than two comparisons
      if ((Float.floatToRawIntBits(floats.get(i)) & NOT_FINITE) == NOT_FINITE) {
        throw bad(
            where,
            tensor.name(),
            String.format(
                Locale.ROOT,
                "must hold finite numbers, got %s at %s",
                floats.get(i),
                index(tensor.shape(), offset + i)));
      }
    }
  }

  private static List<Long> index(ImmutableList<Long> shape, long element) {
    List<Long> index = new ArrayList<>();
    long rest = element;
    for (long extent : shape.reverse()) {
      index.add(rest % extent);
      rest /= extent;
    }
    Collections.reverse(index);
    return index;
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
        ErrorKind.INPUT_INVALID, "tensor '" + tensor + "' " + fault + " (" + where + ")");
  }

  private static void read(
      Parameters into, Piece piece, FloatDecoder decoder, Source source, Check check)
      throws IOException {
    if (!piece.order().isSame()) {
      readExperts(into, piece, decoder, source, check);
      return;
    }
    ByteBuffer scratch = scratch(decoder, Math.min(STRETCH, piece.elements()));
    for (Part part : stretches(piece)) {
      into.upload(
          part.slot(),
          part.at(),
          part.count(),
          memory -> {
            FloatBuffer floats = memory.asFloatBuffer();
            if (decoder == FloatDecoder.F32) {
              source.read(part.offset() * Float.BYTES, memory);
            } else {
              scratch.clear().limit(floats.limit() * decoder.width());
              source.read(part.offset() * decoder.width(), scratch);
              decoder.decode(scratch.flip(), floats.duplicate());
            }
            check.see(part.offset(), floats);
          });
    }
  }

  /** Reads experts, one at a time, that lie in the file in another order. */
  private static void readExperts(
      Parameters into, Piece piece, FloatDecoder decoder, Source source, Check check)
      throws IOException {
    int each = piece.order().elements();
    ByteBuffer scratch = scratch(decoder, each);
    FloatBuffer floats = FloatBuffer.allocate(each);
    for (long offset = 0; offset < piece.elements(); offset += each) {
      source.read(offset * decoder.width(), scratch.clear());
      decoder.decode(scratch.flip(), floats.clear());
      check.see(offset, floats.flip());
      into.upload(
          piece.slot(),
          piece.offset() + offset,
          each,
          memory -> piece.order().load(floats, memory.asFloatBuffer()));
    }
  }

  private static ByteBuffer scratch(FloatDecoder decoder, long elements) {
    return ByteBuffer.allocate(Math.toIntExact(elements * decoder.width()))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Part of a piece: its first element within the array and within the piece, and its length. */
  private record Part(int slot, long at, long offset, long count) {}

  private static List<Part> stretches(Piece piece) {
    List<Part> parts = new ArrayList<>();
    for (long offset = 0; offset < piece.elements(); offset += STRETCH) {
      long count = Math.min(STRETCH, piece.elements() - offset);
      parts.add(new Part(piece.slot(), piece.offset() + offset, offset, count));
    }
    return parts;
  }

  /** The tensors that {@link #save} writes of trained parameters, in order. */
  public static ImmutableList<TensorSlot> slots(ParameterLayout layout, String prefix) {
    return slots(trained(layout), prefix);
  }

  /** The tensors that {@link #saveAll} writes, in order. */
  public static ImmutableList<TensorSlot> allSlots(ParameterLayout layout) {
    return slots(layout.pieces(), "");
  }

  private static ImmutableList<TensorSlot> slots(Map<String, Piece> pieces, String prefix) {
    return pieces.entrySet().stream()
        .map(e -> new TensorSlot(prefix + e.getKey(), Dtype.F32, e.getValue().shape()))
        .collect(ImmutableList.toImmutableList());
  }

  /**
   * Writes trained parameters, or their moments, into a file's slots.
   *
   * @param from what is written
   * @param prefix stands before each tensor's name
   * @param into has these slots
   */
  public static void save(Parameters from, String prefix, SafetensorsWriter into)
      throws IOException {
    for (String name : trained(from.layout()).keySet()) {
      save(from, name, prefix + name, into);
    }
  }

  /** Writes all parameters into a file's slots. */
  public static void saveAll(Parameters from, SafetensorsWriter into) throws IOException {
    for (String name : from.layout().pieces().keySet()) {
      save(from, name, name, into);
    }
  }

  private static void save(Parameters from, String name, String as, SafetensorsWriter into)
      throws IOException {
    Piece piece = from.layout().piece(name);
    if (!piece.order().isSame()) {
      saveExperts(from, piece, as, into);
      return;
    }
    for (Part part : stretches(piece)) {
      from.download(
          part.slot(),
          part.at(),
          part.count(),
          memory -> into.write(as, part.offset() * Float.BYTES, memory));
    }
  }

  /** Writes experts, one at a time, that lie in the file in another order. */
  private static void saveExperts(Parameters from, Piece piece, String as, SafetensorsWriter into)
      throws IOException {
    int each = piece.order().elements();
    ByteBuffer bytes = scratch(FloatDecoder.F32, each);
    for (long offset = 0; offset < piece.elements(); offset += each) {
      from.download(
          piece.slot(),
          piece.offset() + offset,
          each,
          memory -> piece.order().save(memory.asFloatBuffer(), bytes.clear().asFloatBuffer()));
      into.write(as, offset * Float.BYTES, bytes);
    }
  }

  /**
   * Writes all weights as a checkpoint's shards and index.
   *
   * @param maxShardBytes most bytes of one file
   */
  public static void save(Parameters from, CheckpointWriter into, long maxShardBytes)
      throws IOException {
    List<TensorSlot> slots = allSlots(from.layout());
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
