package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.train.Folders;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one run, held by one process at a time.
 *
 * <pre>
 * run.json                  what the run is
 * metrics.jsonl             its curve
 * step-00000120/            checkpoints, named by their step
 *   coppice-training/       what resume needs beside the weights
 * </pre>
 */
final class RunFolder implements Closeable {
  /** Sub-folder of a checkpoint with what only training needs. */
  static final String TRAINING = "coppice-training";

  private static final Pattern STEP = Pattern.compile("step-\\d{8,}");
  private static final Pattern LEFTOVER = Pattern.compile("\\.(step-|trash-).*");

  private final Path path;
  private final FileChannel lockChannel;

  private RunFolder(Path path, FileChannel lockChannel) {
    this.path = path;
    this.lockChannel = lockChannel;
  }

  /**
   * Takes hold of a folder, and removes what a killed process left unfinished in it.
   *
   * @throws CoppiceException when another run holds it
   */
  static RunFolder hold(Path path) throws IOException {
    FileChannel channel =
        FileChannel.open(
            path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (lock(channel) == null) {
      channel.close();
      throw new CoppiceException(
          ExitCode.USAGE, "run folder must be free, got one that another run holds: " + path);
    }
    RunFolder folder = new RunFolder(path, channel);
    folder.sweep();
    return folder;
  }

  private static @Nullable FileLock lock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private void sweep() throws IOException {
    for (Path entry : list(LEFTOVER)) {
      Folders.delete(entry);
    }
  }

  private ImmutableList<Path> list(Pattern names) throws IOException {
    try (Stream<Path> entries = Files.list(path)) {
      return entries
          .filter(entry -> names.matcher(Folders.name(entry)).matches())
          .collect(ImmutableList.toImmutableList());
    }
  }

  /** Where the folder is. */
  Path path() {
    return path;
  }

  /** The file that says what the run is. */
  static Path manifest(Path runFolder) {
    return runFolder.resolve("run.json");
  }

  /** The curve. */
  Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  /** The checkpoint of a step. */
  Path step(long step) {
    return path.resolve(String.format(Locale.ROOT, "step-%08d", step));
  }

  /** The file with the moments in a checkpoint. */
  static Path moments(Path checkpoint) {
    return checkpoint.resolve(TRAINING).resolve("optimizer.safetensors");
  }

  /** The file with the running average of the weights in a checkpoint, if one is kept. */
  static Path average(Path checkpoint) {
    return checkpoint.resolve(TRAINING).resolve("average.safetensors");
  }

  /** The file with the state in a checkpoint. */
  static Path state(Path checkpoint) {
    return checkpoint.resolve(TRAINING).resolve("state.json");
  }

  /** All checkpoints, newest first. */
  ImmutableList<Path> steps() throws IOException {
    return ImmutableList.sortedCopyOf(
        Comparator.comparingLong(RunFolder::number).reversed(), list(STEP));
  }

  private static long number(Path step) {
    return Long.parseLong(Folders.name(step).substring("step-".length()));
  }

  /** Deletes all checkpoints but the newest ones; each vanishes at once, not file by file. */
  void keepLast(int count) throws IOException {
    ImmutableList<Path> all = steps();
    for (Path old : all.subList(Math.min(count, all.size()), all.size())) {
      Path trash = path.resolve(".trash-" + Folders.name(old));
      Folders.delete(trash);
      Files.move(old, trash, StandardCopyOption.ATOMIC_MOVE);
      Folders.delete(trash);
    }
  }

  /** Moves a damaged checkpoint out of the way of resume, under a name that says so. */
  Path setAside(Path damaged) throws IOException {
    int number = 1;
    Path target;
    do {
      target = path.resolve("damaged-" + Folders.name(damaged) + "-" + number++);
    } while (Files.exists(target));
    return Files.move(damaged, target, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void close() throws IOException {
    lockChannel.close();
  }
}
