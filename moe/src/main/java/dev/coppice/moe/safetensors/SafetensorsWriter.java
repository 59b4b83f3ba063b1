package dev.coppice.moe.safetensors;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.io.DurableFiles;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;

/**
 * Writes a safetensors file whose header goes down first: every shape is known before a byte of
 * data is.
 *
 * <p>Data may then arrive in any order and from any thread. {@link #finish()} checks that each
 * tensor got as many bytes as it has and makes them durable; a writer that is closed without it
 * leaves a file that is not to be used.
 *
 * <p>Layout follows the reference writer: types with the widest alignment first, then by name; the
 * header is padded with blanks to a multiple of eight.
 */
public final class SafetensorsWriter implements Closeable {
  /** Longest header that common readers accept, bytes. */
  static final int MAX_HEADER = 25_000_000;

  private static final int SMALL = 1 << 16;

  private final Path path;
  private final FileChannel channel;
  private final ImmutableMap<String, Slot> slots;
  private int headerSize;
  private long headerCrc;

  private record Slot(TensorInfo info, long fileOffset, AtomicLong written) {}

  private SafetensorsWriter(Path path, FileChannel channel, ImmutableMap<String, Slot> slots) {
    this.path = path;
    this.channel = channel;
    this.slots = slots;
  }

  /**
   * Creates a file and writes its header.
   *
   * @param file must not exist
   * @param tensors what the file will hold; names differ
   * @param metadata free text pairs for the header, such as {@code format: pt}
   * @throws IllegalArgumentException if a name stands twice or the header exceeds 25 MB
   */
  public static SafetensorsWriter create(
      Path file, Collection<TensorSlot> tensors, Map<String, String> metadata) throws IOException {
    List<TensorInfo> infos = layOut(tensors);
    byte[] header = header(infos, metadata);
    checkArgument(
        header.length <= MAX_HEADER,
        "header of %s must be at most %s bytes, got %s: use smaller shards",
        file,
        MAX_HEADER,
        header.length);
    long dataOffset = (long) Long.BYTES + header.length;
    ImmutableMap.Builder<String, Slot> slots = ImmutableMap.builder();
    infos.forEach(i -> slots.put(i.name(), new Slot(i, dataOffset + i.begin(), new AtomicLong())));
    ImmutableMap<String, Slot> byName = slots.buildOrThrow();
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    SafetensorsWriter writer = new SafetensorsWriter(file, channel, byName);
    try {
      writer.writeHeader(prefixed(header));
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    return writer;
  }

  private void writeHeader(ByteBuffer bytes) throws IOException {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    headerSize = bytes.remaining();
    headerCrc = crc.getValue();
    DurableFiles.writeAt(channel, bytes, 0);
  }

  /** Where each tensor will lie, in the order of the file. */
  static List<TensorInfo> layOut(Collection<TensorSlot> tensors) {
    List<TensorSlot> sorted = new ArrayList<>(tensors);
    sorted.sort(Comparator.comparing(TensorSlot::dtype).reversed().thenComparing(TensorSlot::name));
    List<TensorInfo> infos = new ArrayList<>(sorted.size());
    long begin = 0;
    for (TensorSlot slot : sorted) {
      checkArgument(
          !slot.name().equals(HeaderParser.METADATA),
          "tensor name must not be that of the metadata, got '%s'",
          slot.name());
      long end = Math.addExact(begin, slot.byteSize());
      infos.add(new TensorInfo(slot.name(), slot.dtype(), slot.shape(), begin, end));
      begin = end;
    }
    return infos;
  }

  /** The header's bytes, padded. */
  static byte[] header(List<TensorInfo> infos, Map<String, String> metadata) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart(HeaderParser.METADATA);
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
          json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
      }
      for (TensorInfo info : infos) {
        writeEntry(json, info);
      }
      json.writeEndObject();
    }
    while (bytes.size() % 8 != 0) {
      bytes.write(' ');
    }
    return bytes.toByteArray();
  }

  private static void writeEntry(JsonGenerator json, TensorInfo info) throws IOException {
    json.writeObjectFieldStart(info.name());
    json.writeStringField("dtype", info.dtype().name());
    json.writeArrayFieldStart("shape");
    for (long extent : info.shape()) {
      json.writeNumber(extent);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("data_offsets");
    json.writeNumber(info.begin());
    json.writeNumber(info.end());
    json.writeEndArray();
    json.writeEndObject();
  }

  private static ByteBuffer prefixed(byte[] header) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Long.BYTES + header.length).order(ByteOrder.LITTLE_ENDIAN);
    return bytes.putLong(header.length).put(header).flip();
  }

  /** Where the file lies. */
  public Path path() {
    return path;
  }

  /** Position in the file of a tensor's first byte. */
  public long fileOffset(String tensor) {
    return slot(tensor).fileOffset();
  }

  /**
   * Writes some of a tensor's bytes; safe from any thread. No byte may be written twice.
   *
   * @param tensor name of the tensor
   * @param offset first byte, counted from the start of the tensor
   * @param bytes written from position to limit
   */
  public void write(String tensor, long offset, ByteBuffer bytes) throws IOException {
    Slot slot = slot(tensor);
    checkRange(slot, offset, bytes.remaining());
    slot.written().addAndGet(bytes.remaining());
    DurableFiles.writeAt(channel, bytes, slot.fileOffset() + offset);
  }

  /**
   * Copies some of a tensor's bytes from another file inside the kernel; safe from any thread.
   *
   * @param tensor name of the tensor
   * @param offset first byte, counted from the start of the tensor
   * @param source file to copy from; its position is not used
   * @param position first byte to copy
   * @param count number of bytes
   * @throws CheckpointFormatException if the source ends too early
   */
  public void transferFrom(
      String tensor, long offset, FileChannel source, long position, long count)
      throws IOException {
    Slot slot = slot(tensor);
    checkRange(slot, offset, count);
    slot.written().addAndGet(count);
    if (count <= SMALL) {
      copySmall(source, position, (int) count, slot.fileOffset() + offset);
      return;
    }
    // sendfile writes at the target's own position, so each call needs a descriptor of its own
    try (FileChannel target = FileChannel.open(path, StandardOpenOption.WRITE)) {
      target.position(slot.fileOffset() + offset);
      long done = 0;
      while (done < count) {
        long moved = source.transferTo(position + done, count - done, target);
        if (moved <= 0) {
          throw sourceEnds(tensor, position + done);
        }
        done += moved;
      }
    }
  }

  private void copySmall(FileChannel source, long position, int count, long target)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (source.read(bytes, position + bytes.position()) < 0) {
        throw sourceEnds("at file offset " + target, position + bytes.position());
      }
    }
    DurableFiles.writeAt(channel, bytes.flip(), target);
  }

  private CheckpointFormatException sourceEnds(String tensor, long position) {
    return new CheckpointFormatException(
        CheckpointFormatException.Reason.TRUNCATED,
        path,
        "source of tensor '" + tensor + "' ends at offset " + position + " while it is copied");
  }

  /**
   * Checks that every tensor is whole, makes the file durable, and reads the header back.
   *
   * @throws IllegalStateException if a tensor lacks bytes
   * @throws IOException if the disk fails, or does not give back what it was given
   */
  public void finish() throws IOException {
    for (Slot slot : slots.values()) {
      checkState(
          slot.written().get() == slot.info().byteSize(),
          "tensor '%s' of %s must get %s bytes, got %s",
          slot.info().name(),
          path,
          slot.info().byteSize(),
          slot.written().get());
    }
    channel.force(true);
    readHeaderBack();
  }

  private void readHeaderBack() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(headerSize);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, bytes.position()) < 0) {
        break;
      }
    }
    CRC32C crc = new CRC32C();
    crc.update(bytes.flip());
    if (crc.getValue() != headerCrc) {
      throw new IOException("header must read back as it was written, but does not: " + path);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private Slot slot(String tensor) {
    Slot slot = slots.get(tensor);
    checkArgument(slot != null, "tensor must be one of the file's, got '%s' (%s)", tensor, path);
    return slot;
  }

  private void checkRange(Slot slot, long offset, long count) {
    checkArgument(
        offset >= 0 && count >= 0 && offset + count <= slot.info().byteSize(),
        "write of %s bytes at %s must lie within the %s bytes of tensor '%s'",
        count,
        offset,
        slot.info().byteSize(),
        slot.info().name());
  }
}
