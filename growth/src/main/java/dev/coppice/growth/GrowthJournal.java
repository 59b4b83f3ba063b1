package dev.coppice.growth;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.moe.io.Hashes;
import dev.coppice.moe.io.PlainJson;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The journal of a growth in its hidden folder: a line with its fingerprint, then a line for each
 * weight file that is whole and durable, with its size and CRC-32C.
 *
 * <p>The file is locked while the growth runs, which distinguishes an active growth from a stopped
 * one. A line that was cut short counts for nothing. A process must not read a journal that it has
 * locked itself: closing any view of a file gives the lock up.
 */
public final class GrowthJournal implements Closeable {
  /** Name of the file; it is removed before the folder takes its name. */
  static final String NAME = ".coppice-growth.jsonl";

  private static final int SCHEMA_VERSION = 1;

  /**
   * Content of a journal.
   *
   * @param fingerprint of the growth that was begun; missing if there is none
   * @param shards checksum and size of each whole file, by name
   */
  record Content(JsonNode fingerprint, ImmutableMap<String, Hashes.Sum<Long>> shards) {}

  private final Path folder;
  private final FileChannel channel;
  private final Optional<FileChannel> before;
  private final Map<String, Hashes.Sum<Long>> shards = new LinkedHashMap<>();
  private boolean named;

  private GrowthJournal(Path folder, FileChannel channel, Optional<FileChannel> before) {
    this.folder = folder;
    this.channel = channel;
    this.before = before;
  }

  /** Begins the journal of a growth; it appears under its name locked. */
  static GrowthJournal start(Path folder, GrowthFingerprint fingerprint) throws IOException {
    Content content = new Content(fingerprint.json(), ImmutableMap.of());
    return open(folder, content, Optional.empty());
  }

  /**
   * Goes on with the journal that a stopped growth left, by one that replaces it in one step.
   *
   * @param content what the new one is to say
   * @param before the old one, locked; belongs to the journal from now on
   */
  static GrowthJournal goOn(Path folder, Content content, FileChannel before) throws IOException {
    GrowthJournal journal = open(folder, content, Optional.of(before));
    journal.makeDurable();
    return journal;
  }

  private static GrowthJournal open(Path folder, Content content, Optional<FileChannel> before)
      throws IOException {
    Path unnamed = folder.resolve(NAME + ".new");
    FileChannel channel =
        FileChannel.open(unnamed, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    GrowthJournal journal = new GrowthJournal(folder, channel, before);
    try {
      lock(channel);
      ObjectNode line = JsonNodeFactory.instance.objectNode();
      line.put("schema_version", SCHEMA_VERSION).set("growth", content.fingerprint());
      journal.append(line);
      for (Map.Entry<String, Hashes.Sum<Long>> shard : content.shards().entrySet()) {
        journal.append(shard.getKey(), shard.getValue());
      }
      DurableFiles.rename(unnamed, folder.resolve(NAME));
      return journal;
    } catch (IOException | RuntimeException e) {
      journal.close();
      throw e;
    }
  }

  /** The journal of a stopped growth, locked; empty if that growth is alive. */
  static Optional<FileChannel> lockStopped(Path folder) throws IOException {
    FileChannel channel = FileChannel.open(folder.resolve(NAME), StandardOpenOption.WRITE);
    if (lock(channel)) {
      return Optional.of(channel);
    }
    channel.close();
    return Optional.empty();
  }

  private static boolean lock(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /** Whether the growth that fills a folder is at work. */
  static boolean isAlive(Path folder) throws IOException {
    Optional<FileChannel> stopped = lockStopped(folder);
    if (stopped.isPresent()) {
      stopped.get().close();
    }
    return stopped.isEmpty();
  }

  /** Whether a folder has a journal. */
  public static boolean isIn(Path folder) {
    return Files.isRegularFile(folder.resolve(NAME), LinkOption.NOFOLLOW_LINKS);
  }

  /** Content of a folder's journal. */
  public static Content read(Path folder) throws IOException {
    String text = new String(Files.readAllBytes(folder.resolve(NAME)), StandardCharsets.UTF_8);
    List<JsonNode> lines = new ArrayList<>();
    // what follows the last line feed was cut short
    String whole = text.substring(0, text.lastIndexOf('\n') + 1);
    for (String line : Splitter.on('\n').omitEmptyStrings().split(whole)) {
      try {
        lines.add(PlainJson.mapper().readTree(line));
      } catch (JsonProcessingException e) {
        break;
      }
    }
    if (lines.isEmpty() || lines.get(0).path("schema_version").asInt() != SCHEMA_VERSION) {
      return new Content(MissingNode.getInstance(), ImmutableMap.of());
    }
    ImmutableMap.Builder<String, Hashes.Sum<Long>> shards = ImmutableMap.builder();
    for (JsonNode line : lines.subList(1, lines.size())) {
      shards.put(
          line.path("shard").asText(),
          new Hashes.Sum<>(line.path("bytes").asLong(-1), line.path("crc32c").asLong(-1)));
    }
    return new Content(lines.get(0).path("growth"), shards.buildKeepingLast());
  }

  /**
   * Notes a weight file that has been forced. What was noted is durable when this returns.
   *
   * @param shard the file
   */
  synchronized void note(Path shard) throws IOException {
    append(folder.relativize(shard).toString(), Hashes.crc32c(shard));
    makeDurable();
  }

  private void append(String shard, Hashes.Sum<Long> whole) throws IOException {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    append(line.put("shard", shard).put("bytes", whole.bytes()).put("crc32c", whole.hash()));
    shards.put(shard, whole);
  }

  private void makeDurable() throws IOException {
    channel.force(true);
    if (!named) {
      // all files were created before the first was whole
      DurableFiles.forceAll(directories(folder));
      DurableFiles.force(folder.resolve("..").normalize());
      named = true;
    }
  }

  /** Number of files noted. */
  synchronized int size() {
    return shards.size();
  }

  /** Where the growth is being carried out. */
  Path folder() {
    return folder;
  }

  /** Removes the journal: all is written, and the folder may take its name. */
  synchronized void remove() throws IOException {
    Files.delete(folder.resolve(NAME));
    shards.clear();
  }

  /** A folder's files, those of folders in it too, sorted. */
  static ImmutableList<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(path -> !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
          .sorted()
          .collect(ImmutableList.toImmutableList());
    }
  }

  private static ImmutableList<Path> directories(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
          .collect(ImmutableList.toImmutableList());
    }
  }

  private void append(JsonNode line) throws IOException {
    DurableFiles.write(channel, ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
  }

  @Override
  public void close() throws IOException {
    channel.close();
    if (before.isPresent()) {
      before.get().close();
    }
  }
}
