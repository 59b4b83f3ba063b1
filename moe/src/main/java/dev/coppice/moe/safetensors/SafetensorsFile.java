package dev.coppice.moe.safetensors;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An open safetensors file whose header has passed every rule of the format.
 *
 * <p>Reads are positional and hold no state, so any number of threads may read at once. No tensor
 * is ever held whole.
 */
public final class SafetensorsFile implements Closeable {
  /** Longest header that the reference reads, bytes. */
  static final long MAX_HEADER = 100_000_000L;

  private static final int PREFIX = Long.BYTES;

  private final Path path;
  private final FileChannel channel;
  private final ImmutableMap<String, TensorInfo> tensors;
  private final ImmutableMap<String, String> metadata;
  private final ImmutableList<String> warnings;
  private final long dataOffset;

  private SafetensorsFile(
      Path path, FileChannel channel, HeaderParser.Header header, long dataOffset) {
    this.path = path;
    this.channel = channel;
    this.tensors = header.tensors();
    this.metadata = header.metadata();
    this.warnings = header.warnings();
    this.dataOffset = dataOffset;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws CheckpointFormatException if the file is missing or breaks a rule of the format
   */
  public static SafetensorsFile open(Path file) throws IOException {
    FileChannel channel;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
    } catch (NoSuchFileException e) {
      throw new CheckpointFormatException(
          Reason.MISSING_FILE, file, "file must exist, got none", e);
    }
    try {
      return open(file, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Checks the header of an open file, which then belongs to what is returned. */
  static SafetensorsFile open(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    long headerSize = headerSize(file, channel, size);
    ByteBuffer bytes = ByteBuffer.allocate((int) headerSize);
    readFully(file, channel, bytes, PREFIX);
    HeaderParser.Header header = HeaderParser.parse(file, bytes.flip());
    long dataOffset = PREFIX + headerSize;
    checkTiling(file, header.tensors().values().asList(), size - dataOffset);
    return new SafetensorsFile(file, channel, header, dataOffset);
  }

  private static long headerSize(Path file, FileChannel channel, long size) throws IOException {
    ByteBuffer start = ByteBuffer.allocate((int) Math.min(size, 64));
    readFully(file, channel, start, 0);
    if (size < PREFIX) {
      refuseForeign(file, start);
      throw new CheckpointFormatException(
          Reason.TOO_SHORT, file, "file must hold an 8-byte header length, got " + size + " bytes");
    }
    long headerSize = start.order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    if (headerSize < 0 || headerSize > size - PREFIX) {
      refuseForeign(file, start);
    }
    if (headerSize < 0 || headerSize > MAX_HEADER) {
      throw new CheckpointFormatException(
          Reason.HEADER_TOO_LARGE,
          file,
          "header length at offset 0 must be at most "
              + MAX_HEADER
              + ", got "
              + Long.toUnsignedString(headerSize));
    }
    if (headerSize > size - PREFIX) {
      throw new CheckpointFormatException(
          Reason.HEADER_BEYOND_FILE,
          file,
          "header length at offset 0 must fit the file, got "
              + headerSize
              + " in a file of "
              + size
              + " bytes (is the download whole?)");
    }
    return headerSize;
  }

  private static void refuseForeign(Path file, ByteBuffer start) {
    String text = StandardCharsets.ISO_8859_1.decode(start.duplicate().flip()).toString();
    Optional<String> what = ForeignFormat.of(text);
    if (what.isPresent()) {
      throw new CheckpointFormatException(
          Reason.FOREIGN_FORMAT, file, "file must be safetensors, got " + what.get());
    }
  }

  private static void checkTiling(Path file, List<TensorInfo> tensors, long dataSize) {
    List<TensorInfo> sorted = new ArrayList<>(tensors);
    sorted.sort(SafetensorsFile::compareRanges);
    long expected = 0;
    String before = "the header";
    for (TensorInfo tensor : sorted) {
      if (tensor.begin() != expected) {
        String fault = tensor.begin() < expected ? "overlaps" : "leaves a gap after";
        throw new CheckpointFormatException(
            Reason.BAD_TILING,
            file,
            String.format(
                java.util.Locale.ROOT,
                "tensor '%s' must begin at data offset %d, got %d: it %s %s",
                tensor.name(),
                expected,
                tensor.begin(),
                fault,
                before));
      }
      expected = tensor.end();
      before = "tensor '" + tensor.name() + "'";
    }
    if (expected != dataSize) {
      Reason reason = expected > dataSize ? Reason.TRUNCATED : Reason.BAD_TILING;
      throw new CheckpointFormatException(
          reason,
          file,
          "data must hold " + expected + " bytes up to the end of " + before + ", got " + dataSize);
    }
  }

  private static int compareRanges(TensorInfo a, TensorInfo b) {
    int order = Long.compare(a.begin(), b.begin());
    return order != 0 ? order : Long.compare(a.end(), b.end());
  }

  /** Where the file lies. */
  public Path path() {
    return path;
  }

  /** All tensors, in the order of the header. */
  public ImmutableMap<String, TensorInfo> tensors() {
    return tensors;
  }

  /**
   * The tensor of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public TensorInfo tensor(String name) {
    TensorInfo tensor = tensors.get(name);
    checkArgument(tensor != null, "tensor must be one of %s, got '%s'", path, name);
    return tensor;
  }

  /** Free text pairs of the header. */
  public ImmutableMap<String, String> metadata() {
    return metadata;
  }

  /** Oddities of the header that the reference accepts; a few lines at most. */
  public ImmutableList<String> warnings() {
    return warnings;
  }

  /** Position of the first data byte in the file. */
  public long dataOffset() {
    return dataOffset;
  }

  /** The open file, for positional reads only. */
  public FileChannel channel() {
    return channel;
  }

  /**
   * Fills a buffer from a tensor's bytes.
   *
   * @param tensor one of this file's tensors
   * @param offset first byte, counted from the start of the tensor
   * @param into filled from its position to its limit
   * @throws CheckpointFormatException if the file has become shorter since it was opened
   */
  public void read(TensorInfo tensor, long offset, ByteBuffer into) throws IOException {
    checkArgument(
        offset >= 0 && offset + into.remaining() <= tensor.byteSize(),
        "read of %s bytes at %s must lie within the %s bytes of tensor '%s'",
        into.remaining(),
        offset,
        tensor.byteSize(),
        tensor.name());
    readFully(path, channel, into, dataOffset + tensor.begin() + offset);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private static void readFully(Path file, FileChannel channel, ByteBuffer into, long position)
      throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int count = channel.read(into, at);
      if (count < 0) {
        throw new CheckpointFormatException(
            Reason.TRUNCATED,
            file,
            "file must reach beyond offset " + (at + into.remaining()) + ", but ends at " + at);
      }
      at += count;
    }
  }
}
