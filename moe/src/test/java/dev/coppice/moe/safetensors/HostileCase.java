package dev.coppice.moe.safetensors;

import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * One row of the verdict table.
 *
 * @param name what is odd about the file
 * @param bytes the file
 * @param referenceReads whether safetensors 0.8.0 reads it
 * @param refusal why we refuse it; empty where we read it
 * @param warning part of the warning that we give though we read it
 */
record HostileCase(
    String name,
    Supplier<byte[]> bytes,
    boolean referenceReads,
    Optional<Reason> refusal,
    Optional<String> warning) {

  /** A file that everyone reads. */
  static HostileCase read(String name, Supplier<byte[]> bytes) {
    return new HostileCase(name, bytes, true, Optional.empty(), Optional.empty());
  }

  /** A file that the reference reads, and we do too, with a warning. */
  static HostileCase warned(String name, Supplier<byte[]> bytes, String warning) {
    return new HostileCase(name, bytes, true, Optional.empty(), Optional.of(warning));
  }

  /** A file that everyone refuses. */
  static HostileCase refused(String name, Supplier<byte[]> bytes, Reason reason) {
    return new HostileCase(name, bytes, false, Optional.of(reason), Optional.empty());
  }

  /** A file that the reference reads and we do not. */
  static HostileCase stricter(String name, Supplier<byte[]> bytes, Reason reason) {
    return new HostileCase(name, bytes, true, Optional.of(reason), Optional.empty());
  }

  /**
   * A file with a header and so many zero bytes of data.
   *
   * @param json the header; apostrophes stand for quotation marks
   */
  static Supplier<byte[]> file(String json, int dataSize) {
    return file(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8), dataSize);
  }

  /** A file with a header of any bytes and so many zero bytes of data. */
  static Supplier<byte[]> file(byte[] header, int dataSize) {
    return () -> prefixed(header.length, header, dataSize);
  }

  /** A file whose length prefix may be a lie. */
  static byte[] prefixed(long headerSize, byte[] header, int dataSize) {
    return ByteBuffer.allocate(Long.BYTES + header.length + dataSize)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(headerSize)
        .put(header)
        .array();
  }

  /** A file with the header of one tensor {@code a} and so many zero bytes of data. */
  static Supplier<byte[]> tensor(String dtype, String shape, String offsets, int dataSize) {
    return file(
        "{'a':{'dtype':'%s','shape':[%s],'data_offsets':[%s]}}".formatted(dtype, shape, offsets),
        dataSize);
  }

  @Override
  public String toString() {
    return name;
  }
}
