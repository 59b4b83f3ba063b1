package dev.coppice.moe.io;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** Check sums of files: CRC-32C at the speed of memory, or SHA-256. */
public final class Hashes {
  private static final int CHUNK = 1 << 18;

  private Hashes() {}

  /**
   * The hashes of a file at reading.
   *
   * @param bytes its length
   * @param hash its CRC-32C, or its SHA-256 as 64 hexadecimal digits
   */
  public record Sum<T>(long bytes, T hash) {}

  /** Length and CRC-32C of a file. */
  public static Sum<Long> crc32c(Path file) throws IOException {
    CRC32C crc = new CRC32C();
    long bytes = read(file, crc::update, () -> false);
    return new Sum<>(bytes, crc.getValue());
  }

  /** Length and SHA-256 of a file. */
  public static Sum<String> sha256(Path file) throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    long bytes = read(file, hasher::putBytes, () -> false);
    return new Sum<>(bytes, hasher.hash().toString());
  }

  /**
   * Reads a file from its start to its end.
   *
   * @param file to read
   * @param chunk takes the bytes in their order, from position to limit; the buffer is used again
   * @param stop asked before each chunk: whether to end early
   * @return bytes read
   */
  public static long read(Path file, Consumer<ByteBuffer> chunk, BooleanSupplier stop)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    long bytes = 0;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (!stop.getAsBoolean() && channel.read(buffer.clear()) >= 0) {
        bytes += buffer.flip().limit();
        chunk.accept(buffer);
      }
    }
    return bytes;
  }
}
