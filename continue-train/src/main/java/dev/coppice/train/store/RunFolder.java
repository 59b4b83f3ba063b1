package dev.coppice.train.store;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Lists;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.moe.io.Folders;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * events.jsonl              what else happened
 * data/held-out.tokens      its evaluation data, if any
 * data/held-out.json        which documents of that come from where
 * step-00000120/            checkpoints, named by their step
 *   coppice-training/       what resume needs beside the weights
 *     manifest.json         what the checkpoint consists of
 * averaged-00000120/        the running average, as a model
 * damaged-step-00000100-1/  a checkpoint that was not as it was written
 * </pre>
 */
public final class RunFolder implements Closeable {
  private static final Pattern STEP = Pattern.compile("step-\\d{8,}");
  private static final Pattern LEFTOVER = Pattern.compile("\\.(step-|averaged-|trash-).*");

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
  public static RunFolder hold(Path path) throws IOException {
    FileChannel channel =
        FileChannel.open(
            path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (lock(channel) == null) {
        throw new CoppiceException(
            ErrorKind.REQUEST_INVALID,
            "run folder must be free, got one that another run holds: " + path);
      }
      RunFolder folder = new RunFolder(path, channel);
      folder.sweep();
      return folder;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
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
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Where the folder is. */
  public Path path() {
    return path;
  }

  /** The file that says what the run is. */
  public static Path manifest(Path runFolder) {
    return runFolder.resolve("run.json");
  }

  /** The curve. */
  public Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  /** The checkpoint of a step. */
  public Path step(long step) {
    return path.resolve(stepName(step));
  }

  /** The name of a step's checkpoint. */
  public static String stepName(long step) {
    return String.format(Locale.ROOT, "step-%08d", step);
  }

  /** The average as a model, at the end of the run. */
  public Path averaged(long step) {
    return path.resolve(String.format(Locale.ROOT, "averaged-%08d", step));
  }

  /** What else happened. */
  public Path events() {
    return path.resolve("events.jsonl");
  }

  /** The file with the running average in a checkpoint, if one is kept. */
  public static Path average(Path checkpoint) {
    return checkpoint.resolve(OptimizerState.FOLDER).resolve("average.safetensors");
  }

  /** The file with the moments in a checkpoint. */
  public static Path moments(Path checkpoint) {
    return checkpoint.resolve(OptimizerState.FILE);
  }

  /** The file with the state in a checkpoint. */
  public static Path state(Path checkpoint) {
    return checkpoint.resolve(OptimizerState.FOLDER).resolve("state.json");
  }

  /** All checkpoints, newest first. */
  public ImmutableList<Path> steps() throws IOException {
    return ImmutableList.sortedCopyOf(
        Comparator.comparingLong(RunFolder::number).reversed(), list(STEP));
  }

  /** The step that a checkpoint is named by. */
  public static long number(Path step) {
    return Long.parseLong(Folders.name(step).substring("step-".length()));
  }

  /** Deletes a checkpoint; it vanishes at once, not file by file, also when the power fails. */
  void discard(Path checkpoint) throws IOException {
    Path trash = path.resolve(".trash-" + Folders.name(checkpoint));
    Folders.delete(trash);
    DurableFiles.move(checkpoint, trash);
    Folders.delete(trash);
  }

  /** Deletes the checkpoints that a run need not keep. */
  void discardAllBut(Retention retention) throws IOException {
    ImmutableList<Path> all = steps();
    for (long old : retention.surplus(Lists.transform(all, RunFolder::number))) {
      discard(step(old));
    }
  }

  /** Deletes the checkpoints between two steps, both left out: a roll back has given them up. */
  public void discardBetween(long after, long before) throws IOException {
    for (Path step : steps()) {
      if (number(step) > after && number(step) < before) {
        discard(step);
      }
    }
  }

  /** Moves a damaged checkpoint out of the way of resume, under a name that says so. */
  Path setAside(Path damaged) throws IOException {
    int number = 1;
    Path target;
    do {
      target = path.resolve("damaged-" + Folders.name(damaged) + "-" + number++);
    } while (Files.exists(target));
    DurableFiles.move(damaged, target);
    return target;
  }

  @Override
  public void close() throws IOException {
    lockChannel.close();
  }
}
