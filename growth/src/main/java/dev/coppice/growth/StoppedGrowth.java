package dev.coppice.growth;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.io.Hashes;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The hidden folder of a stopped growth.
 *
 * @param folder the hidden folder
 * @param wholeFiles number of weight files that were whole and durable
 * @param alive whether the growth is still at work
 */
public record StoppedGrowth(Path folder, int wholeFiles, boolean alive) {

  /**
   * The growth of a target that did not end, the one that came farthest if there are several.
   *
   * @param target the folder that was to be made
   */
  public static Optional<StoppedGrowth> find(Path target) throws IOException {
    Optional<StoppedGrowth> best = Optional.empty();
    for (Path folder : CheckpointWriter.leftovers(target)) {
      if (GrowthJournal.isIn(folder)) {
        int whole = GrowthJournal.read(folder).shards().size();
        StoppedGrowth found = new StoppedGrowth(folder, whole, GrowthJournal.isAlive(folder));
        best =
            best.filter(
                    other ->
                        Comparator.comparingInt(StoppedGrowth::wholeFiles).compare(other, found)
                            >= 0)
                .or(() -> Optional.of(found));
      }
    }
    return best;
  }

  /** Removes what dead growths of a target have left; one that is at work is left alone. */
  static void discardDead(Path target) throws IOException {
    for (Path folder : CheckpointWriter.leftovers(target)) {
      if (GrowthJournal.isIn(folder) && !GrowthJournal.isAlive(folder)) {
        MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
      }
    }
  }

  /**
   * The stopped growth to resume.
   *
   * @throws CoppiceException USAGE if there is none, it is at work, or it was another growth;
   *     INPUT_INVALID if its source has changed
   */
  static StoppedGrowth require(Path target, GrowthFingerprint fingerprint) throws IOException {
    StoppedGrowth found =
        find(target)
            .orElseThrow(
                () ->
                    new CoppiceException(
                        ErrorKind.REQUEST_INVALID,
                        "a growth to resume must have been begun, got none of " + target));
    if (found.alive()) {
      throw atWork(target, found.folder());
    }
    fingerprint.requireSame(GrowthJournal.read(found.folder()).fingerprint(), found.folder());
    return found;
  }

  private static CoppiceException atWork(Path target, Path folder) {
    return new CoppiceException(
        ErrorKind.REQUEST_INVALID,
        "a growth to resume must have stopped, but one of "
            + target
            + " is at work ("
            + folder
            + ")");
  }

  /**
   * Takes the folder over: whole files that are still what they were are kept and noted anew, all
   * else in it is removed.
   *
   * @param target the folder that is to be made, for the message
   * @param kept receives the names of the files that are kept
   */
  GrowthJournal takeOver(Path target, Set<String> kept) throws IOException {
    GrowthJournal.Content content = GrowthJournal.read(folder);
    FileChannel lock = GrowthJournal.lockStopped(folder).orElseThrow(() -> atWork(target, folder));
    try {
      ImmutableMap.Builder<String, Hashes.Sum<Long>> whole = ImmutableMap.builder();
      for (Map.Entry<String, Hashes.Sum<Long>> entry : content.shards().entrySet()) {
        Path shard = folder.resolve(entry.getKey());
        if (Files.isRegularFile(shard) && Hashes.crc32c(shard).equals(entry.getValue())) {
          whole.put(entry);
          kept.add(entry.getKey());
        }
      }
      removeAllBut(kept);
      return GrowthJournal.goOn(
          folder, new GrowthJournal.Content(content.fingerprint(), whole.buildOrThrow()), lock);
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private void removeAllBut(Set<String> whole) throws IOException {
    Set<String> stay = ImmutableSet.<String>builder().addAll(whole).add(GrowthJournal.NAME).build();
    for (Path file : GrowthJournal.files(folder)) {
      if (!stay.contains(folder.relativize(file).toString())) {
        Files.delete(file);
      }
    }
  }
}
