package dev.coppice.moe.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.folder.CodeReferences;
import dev.coppice.moe.folder.FolderFiles;
import dev.coppice.moe.folder.JsonFiles;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Writes a checkpoint folder that appears under its name only when it is whole.
 *
 * <p>Everything goes into a hidden folder beside the target, is made durable, and takes the
 * target's name in one rename. A writer that is closed without {@link #commit()} leaves nothing,
 * nor does one whose process is stopped by a signal, unless {@link #onStop} says otherwise; one
 * that is killed outright leaves at most the hidden folder.
 */
public final class CheckpointWriter implements Closeable {
  private static final ImmutableMap<String, String> SHARD_METADATA =
      ImmutableMap.of("format", "pt");

  private final Path target;
  private final Path staging;
  private final ImmutableList<Path> ancestors;
  private final Thread cleaner;
  private volatile Supplier<Optional<String>> reasonToKeep = Optional::empty;
  private CodeReferences code = CodeReferences.AS_THEY_ARE;
  private boolean committed;

  private CheckpointWriter(Path target, Path staging, ImmutableList<Path> ancestors) {
    this.target = target;
    this.staging = staging;
    this.ancestors = ancestors;
    this.cleaner = new Thread(this::stop, "stop " + staging.getFileName());
  }

  /**
   * Starts a folder.
   *
   * @param target its name; nothing may be there
   * @throws CoppiceException if something is
   */
  public static CheckpointWriter begin(Path target) throws IOException {
    Path absolute = target.toAbsolutePath().normalize();
    refuseExisting(absolute);
    Path parent = parentOf(absolute);
    ImmutableList<Path> ancestors = Folders.ancestors(absolute);
    Files.createDirectories(parent);
    String name = stagingPrefix(absolute) + UUID.randomUUID().toString().substring(0, 8);
    Path staging = Files.createDirectory(parent.resolve(name));
    return hooked(new CheckpointWriter(absolute, staging, ancestors));
  }

  /**
   * Goes on with the hidden folder that a stopped writer left. The caller must be the only writer,
   * and must remove incomplete files.
   *
   * @param target the folder's name; nothing may be there
   * @param staging one of {@link #leftovers}
   * @throws CoppiceException if something stands under the name
   */
  public static CheckpointWriter resume(Path target, Path staging) {
    Path absolute = target.toAbsolutePath().normalize();
    refuseExisting(absolute);
    return hooked(new CheckpointWriter(absolute, staging, Folders.ancestors(absolute)));
  }

  private static Path parentOf(Path target) {
    Path parent = target.getParent();
    checkArgument(parent != null, "output folder must have a parent, got %s", target);
    return parent;
  }

  private static CheckpointWriter hooked(CheckpointWriter writer) {
    Runtime.getRuntime().addShutdownHook(writer.cleaner);
    return writer;
  }

  /** Hidden folders beside a target that writers of it are filling, or have left. */
  public static ImmutableList<Path> leftovers(Path target) throws IOException {
    Path absolute = target.toAbsolutePath().normalize();
    Path parent = absolute.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      return ImmutableList.of();
    }
    try (Stream<Path> all = Files.list(parent)) {
      return all.filter(path -> path.getFileName().toString().startsWith(stagingPrefix(absolute)))
          .filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
          .sorted()
          .collect(ImmutableList.toImmutableList());
    }
  }

  private static String stagingPrefix(Path target) {
    return "." + target.getFileName() + ".tmp-";
  }

  /**
   * Action when a signal stops the process before the folder has its name.
   *
   * @param reasonToKeep called then: note to the user if the hidden folder stays; empty if it is to
   *     go, which is also the rule without this call
   */
  public void onStop(Supplier<Optional<String>> reasonToKeep) {
    this.reasonToKeep = reasonToKeep;
  }

  private static void refuseExisting(Path target) {
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "output folder must not exist, got " + target + " (nothing was changed)");
    }
  }

  /** The hidden folder that is being filled. */
  public Path staging() {
    return staging;
  }

  /** Creates one weight file; the caller fills and finishes it. */
  public SafetensorsWriter openShard(Shard shard) throws IOException {
    return SafetensorsWriter.create(
        staging.resolve(shard.fileName()), shard.slots(), SHARD_METADATA);
  }

  /** Writes {@code config.json}. */
  public void writeConfig(ObjectNode config) throws IOException {
    writeText(FolderFiles.CONFIG, JsonFiles.print(code.in(FolderFiles.CONFIG, config)));
  }

  /**
   * Lets configurations that are written or copied from now on name code so.
   *
   * @param references of the source
   */
  public void follow(CodeReferences references) {
    this.code = references;
  }

  /** Writes {@code coppice.json}. */
  public void writeRecord(CoppiceRecord record) throws IOException {
    writeText(FolderFiles.RECORD, JsonFiles.print(record.toJson()));
  }

  /** Writes the model card, {@code README.md}. */
  public void writeModelCard(String markdown) throws IOException {
    writeText(FolderFiles.CARD, markdown);
  }

  /**
   * Writes a text file, UTF-8.
   *
   * @param relative its path in the folder; sub-folders are made
   * @param text its content
   */
  public void writeText(String relative, String text) throws IOException {
    DurableFiles.write(resolve(relative), text);
  }

  /**
   * Where a file of that name is to be written; its sub-folders are made.
   *
   * @param relative path in the folder, without {@code ..}
   */
  public Path resolve(String relative) throws IOException {
    Path file = staging.resolve(relative).normalize();
    checkArgument(
        file.startsWith(staging) && !file.equals(staging),
        "file must lie inside the folder, got %s",
        relative);
    Files.createDirectories(file.getParent());
    return file;
  }

  /**
   * Copies a file byte for byte, to the same place.
   *
   * @param folder that it lies in
   * @param file in that folder, or in a folder below
   */
  public void copySideFile(Path folder, Path file) throws IOException {
    String name = folder.relativize(file).toString();
    if (code.files().contains(name)) {
      writeSideFile(name, code.in(file));
      return;
    }
    Path copy = resolve(name);
    Files.copy(file, copy);
    DurableFiles.force(copy);
  }

  /**
   * Writes a side file that holds a JSON object.
   *
   * @param name its name in the folder
   * @param tree what it holds
   */
  public void writeSideFile(String name, ObjectNode tree) throws IOException {
    writeText(name, JsonFiles.print(tree));
  }

  /** Writes the index, if there is more than one weight file. */
  public void writeIndex(ShardLayout layout) throws IOException {
    if (layout.shards().size() == 1) {
      return;
    }
    ObjectNode index = JsonNodeFactory.instance.objectNode();
    index.putObject("metadata").put("total_size", layout.totalBytes());
    ObjectNode map = index.putObject("weight_map");
    for (Shard shard : layout.shards()) {
      for (TensorSlot slot : shard.slots()) {
        map.put(slot.name(), shard.fileName());
      }
    }
    writeText(FolderFiles.INDEX, JsonFiles.print(index));
  }

  /**
   * Makes everything durable and gives the folder its name.
   *
   * @throws CoppiceException if something has come to stand under the name meanwhile
   */
  public void commit() throws IOException {
    checkState(!committed, "a folder must be committed once, got a second call for %s", target);
    DurableFiles.forceAll(directories());
    refuseExisting(target);
    DurableFiles.rename(staging, target);
    try {
      DurableFiles.forceAll(ancestors);
    } catch (IOException e) {
      takeNameBack(e);
      throw e;
    }
    committed = true;
    forgetCleaner();
  }

  /** A name that may not last is no name: nothing is left where an error is reported. */
  private void takeNameBack(IOException cause) {
    try {
      DurableFiles.rename(target, staging);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private List<Path> directories() throws IOException {
    try (Stream<Path> all = Files.walk(staging)) {
      return all.filter(Files::isDirectory).toList();
    }
  }

  /** Discards the hidden folder unless it was committed. */
  @Override
  public void close() throws IOException {
    if (!committed) {
      discard();
      forgetCleaner();
    }
  }

  private void forgetCleaner() {
    try {
      Runtime.getRuntime().removeShutdownHook(cleaner);
    } catch (IllegalStateException e) {
      // the process is stopping: the cleaner runs by itself, and finds nothing to do
    }
  }

  private void discard() throws IOException {
    Folders.delete(staging);
  }

  private void stop() {
    Optional<String> reason = reasonToKeep.get();
    if (reason.isPresent()) {
      System.err.println("coppice: " + reason.get());
      return;
    }
    try {
      discard();
    } catch (IOException e) {
      System.err.println("coppice: could not remove " + staging + ": " + e.getMessage());
    }
  }
}
