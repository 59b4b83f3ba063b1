package dev.coppice.growth;

import com.google.common.collect.ImmutableMap;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.io.Crew;
import dev.coppice.moe.io.Hashes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * <p>CRC-32C detects any accident to the file that was grown, at the speed of memory; SHA-256,
 * which the Hub shows for every weight file, also detects intent, at a tenth of that speed where
 * the processor has no instructions for it. The first is always computed, the second on request.
 */
final class SourceHashes {
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
   * @param crew that computes them
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
    source.state().ifPresent(state -> files.put(OptimizerState.FILE, state.file().path()));
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
    Optional<Hasher> digest =
        withSha256 ? Optional.of(Hashing.sha256().newHasher()) : Optional.empty();
    long size =
        Hashes.read(
            file,
            chunk -> {
              crc.update(chunk.duplicate());
              done.addAndGet(chunk.remaining());
              digest.ifPresent(sha -> sha.putBytes(chunk));
            },
            crew::stopped);
    FileHash hash =
        new FileHash(
            size,
            HexFormat.of().toHexDigits((int) crc.getValue()),
            digest.map(sha -> sha.hash().toString()));
    byFile.put(name, hash);
    return hash;
  }
}
