package dev.coppice.growth;

import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.moment.TrainingState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;

/**
 * Check sums of every weight file, the config and the optimizer's state of a source, a task a file,
 * while others write.
 *
 * <p>CRC-32C tells any accident from the file that was grown, at the speed of memory; SHA-256,
 * which the Hub shows for every weight file, tells intent as well, at a tenth of that speed where
 * the processor has no instructions for it. The first is always taken, the second where asked for.
 */
final class SourceHashes {
  private static final int CHUNK = 1 << 18;
  private static final String CONFIG = "config.json";

  /**
   * A hashed file.
   *
   * @param bytes its size
   * @param crc32c in lower-case hexadecimal, eight digits
   * @param sha256 in lower-case hexadecimal, where it was taken
   */
  record FileHash(long bytes, String crc32c, Optional<String> sha256) {}

  private final Map<String, FileHash> byFile = new ConcurrentSkipListMap<>();
  private final AtomicLong done = new AtomicLong();

  /**
   * Starts hashing.
   *
   * @param source whose files
   * @param crew who does it
   * @param sha256 whether to take SHA-256 as well
   */
  void start(GrowthSource source, Crew crew, boolean sha256) {
    files(source).forEach((name, file) -> crew.start(() -> hash(name, file, crew, sha256)));
  }

  /** The files that are hashed, by the names that the record has for them. */
  private static ImmutableMap<String, Path> files(GrowthSource source) {
    ImmutableMap.Builder<String, Path> files = ImmutableMap.builder();
    for (Path file : source.checkpoint().shardFiles()) {
      files.put(file.getFileName().toString(), file);
    }
    files.put(CONFIG, source.checkpoint().folder().resolve(CONFIG));
    source.state().ifPresent(state -> files.put(TrainingState.FILE, state.file().path()));
    return files.buildOrThrow();
  }

  /** Bytes hashed so far. */
  long done() {
    return done.get();
  }

  /** Bytes that will be hashed. */
  static long total(GrowthSource source) throws IOException {
    long total = 0;
    for (Path file : files(source).values()) {
      total += Files.size(file);
    }
    return total;
  }

  /** The hashes by file name, in order of name. */
  Map<String, FileHash> byFile() {
    return byFile;
  }

  private FileHash hash(String name, Path file, Crew crew, boolean withSha256) throws IOException {
    CRC32C crc = new CRC32C();
    Optional<MessageDigest> digest = withSha256 ? Optional.of(sha256()) : Optional.empty();
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    long size = 0;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (!crew.stopped() && channel.read(buffer.clear()) >= 0) {
        crc.update(buffer.flip());
        digest.ifPresent(sha -> sha.update(buffer.rewind()));
        size += buffer.limit();
        done.addAndGet(buffer.limit());
      }
    }
    FileHash hash =
        new FileHash(
            size,
            HexFormat.of().toHexDigits((int) crc.getValue()),
            digest.map(sha -> HexFormat.of().formatHex(sha.digest())));
    byFile.put(name, hash);
    return hash;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform must have SHA-256", e);
    }
  }
}
