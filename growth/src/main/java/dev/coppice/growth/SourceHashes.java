package dev.coppice.growth;

import dev.coppice.moe.checkpoint.Checkpoint;
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
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/** SHA-256 of every weight file and the config of a source, a task a file, while others write. */
final class SourceHashes {
  private static final int CHUNK = 1 << 18;

  /**
   * A hashed file.
   *
   * @param bytes its size
   * @param sha256 in lower-case hexadecimal
   */
  record FileHash(long bytes, String sha256) {}

  private final Map<String, FileHash> byFile = new ConcurrentSkipListMap<>();
  private final AtomicLong done = new AtomicLong();

  /** Starts hashing. */
  void start(Checkpoint source, Crew crew) {
    for (Path file : source.shardFiles()) {
      crew.start(() -> hash(file, crew));
    }
    crew.start(() -> hash(source.folder().resolve("config.json"), crew));
  }

  /** Bytes hashed so far. */
  long done() {
    return done.get();
  }

  /** Bytes that will be hashed. */
  static long total(Checkpoint source) throws IOException {
    long total = Files.size(source.folder().resolve("config.json"));
    for (Path file : source.shardFiles()) {
      total += Files.size(file);
    }
    return total;
  }

  /** The hashes by file name, in order of name. */
  Map<String, FileHash> byFile() {
    return byFile;
  }

  private FileHash hash(Path file, Crew crew) throws IOException {
    MessageDigest digest = sha256();
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    long size = 0;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (!crew.stopped() && channel.read(buffer.clear()) >= 0) {
        digest.update(buffer.flip());
        size += buffer.limit();
        done.addAndGet(buffer.limit());
      }
    }
    FileHash hash = new FileHash(size, HexFormat.of().formatHex(digest.digest()));
    byFile.put(file.getFileName().toString(), hash);
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
