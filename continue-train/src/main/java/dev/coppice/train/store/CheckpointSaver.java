package dev.coppice.train.store;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.ComputeLedger;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.moe.checkpoint.Lineage;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.checkpoint.Reading;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.folder.CodeReferences;
import dev.coppice.moe.io.DiskSpace;
import dev.coppice.moe.train.ModelState;
import dev.coppice.train.TrainJson;
import dev.coppice.train.spec.InitialWeights;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the checkpoints of a run, and deletes those that it need not keep. One thread a time. */
public final class CheckpointSaver {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointSaver.class);

  private final RunFolder folder;
  private final Retention retention;
  private final RunCard card;
  private final ComputeLedger sunk;
  private final Optional<Lineage> lineage;
  private final Reading reading;
  private final DiskSpace disk;
  private final CodeReferences code;
  private ImmutableList<Path> sideFiles;
  private Path sideFolder;
  private long expectedBytes;
  private long parent;

  /** State from which a saver continues: a checkpoint, and whether it is the run's own. */
  public record Origin(Checkpoint source, boolean resumed, long step) {}

  /**
   * A saver.
   *
   * @param folder of the run
   * @param manifest of the run
   * @param origin what the run starts from, or its last checkpoint
   * @param disk that it writes to
   */
  public CheckpointSaver(RunFolder folder, RunManifest manifest, Origin origin, DiskSpace disk)
      throws IOException {
    Checkpoint source = origin.source();
    this.folder = folder;
    this.retention = new Retention(manifest.spec().save(), manifest.spec().guard());
    this.card = new RunCard(manifest, source);
    boolean fresh = manifest.spec().initialWeights() == InitialWeights.FRESH;
    this.sunk = fresh ? ComputeLedger.empty() : sunkBefore(source, origin.resumed());
    this.lineage = fresh ? Optional.empty() : source.record().flatMap(CoppiceRecord::lineage);
    this.code = source.codeReferences();
    this.sideFiles = source.sideFiles();
    this.sideFolder = source.folder();
    this.reading = manifest.reading();
    this.disk = disk;
    this.parent = origin.step();
    this.expectedBytes = expectedBytes(source, manifest.spec().average() > 0);
  }

  private static long expectedBytes(Checkpoint source, boolean averaged) {
    long bytes = 0;
    for (StoredTensor tensor : source.tensors().values()) {
      int floats = averaged ? 3 : 2;
      bytes += tensor.slot().byteSize() + 4L * floats * tensor.slot().elementCount();
    }
    return bytes;
  }

  /** Amounts spent before this run: in a checkpoint of this run, all that is marked so. */
  private static ComputeLedger sunkBefore(Checkpoint source, boolean resumed) {
    ComputeLedger ledger = source.record().map(CoppiceRecord::ledger).orElse(ComputeLedger.empty());
    if (!resumed) {
      return ledger.sunkenAll();
    }
    return new ComputeLedger(
        ledger.entries().stream()
            .filter(ComputeLedger.Entry::sunk)
            .collect(ImmutableList.toImmutableList()));
  }

  /**
   * Says which checkpoint the trainee's weights come from now.
   *
   * @param step of it; 0 for the start
   */
  public void restored(long step) {
    parent = step;
  }

  /**
   * Writes the checkpoint of a state, which is then whole and on disk, and deletes old ones.
   *
   * @return its folder
   * @throws IOException when it is not on disk; what was there before still is
   */
  public Path save(ModelState trainee, RunState state) throws IOException {
    Path target = folder.step(state.step());
    checkSpace(expectedBytes);
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      writer.follow(code);
      trainee.writeModel(writer, ShardLayout.DEFAULT_MAX_BYTES);
      writeDescription(writer, state);
      trainee.saveMoments(writer.resolve(OptimizerState.FILE));
      if (trainee.averaged()) {
        trainee.saveAverage(RunFolder.average(writer.staging()));
      }
      writer.writeText(OptimizerState.FOLDER + "/state.json", json(state));
      CheckpointManifest manifest = CheckpointManifest.of(writer.staging(), state, parent);
      writer.writeText(CheckpointManifest.NAME, manifest.text());
      writer.commit();
      expectedBytes = manifest.totalBytes();
    }
    // the source may be an older step, about to be deleted: the next save copies from this one
    sideFiles =
        sideFiles.stream()
            .map(file -> target.resolve(sideFolder.relativize(file)))
            .collect(ImmutableList.toImmutableList());
    sideFolder = target;
    discardOld(state.step());
    parent = state.step();
    return target;
  }

  private void discardOld(long step) {
    try {
      folder.discardBetween(parent, step);
      folder.discardAllBut(retention);
    } catch (IOException e) {
      LOG.warn("old checkpoints cannot be deleted, and the run continues: {}", e.toString());
    }
  }

  /**
   * Writes the average as a model, unless it is there.
   *
   * @throws IOException when it is not on disk
   */
  public void saveAverage(ModelState trainee, RunState state) throws IOException {
    Path target = folder.averaged(state.step());
    if (!trainee.averaged() || Files.exists(target)) {
      return;
    }
    checkSpace(expectedBytes / 3);
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      writer.follow(code);
      trainee.writeAverage(writer, ShardLayout.DEFAULT_MAX_BYTES);
      writeDescription(writer, state);
      writer.commit();
    }
  }

  private void writeDescription(CheckpointWriter writer, RunState state) throws IOException {
    writer.writeRecord(record(state));
    writer.writeModelCard(card.text(state));
    for (Path sideFile : sideFiles) {
      writer.copySideFile(sideFolder, sideFile);
    }
  }

  /** Refuses to begin what the disk has no room for, with 5 % to spare. */
  private void checkSpace(long bytes) throws IOException {
    Optional<String> shortage = disk.shortage(folder.path(), bytes);
    if (shortage.isPresent()) {
      throw new FileSystemException(folder.path().toString(), null, shortage.get());
    }
  }

  private CoppiceRecord record(RunState state) {
    return CoppiceRecord.of(sunk.plus(RunExpense.of(state.spent())), lineage)
        .withReading(Optional.of(reading));
  }

  private static String json(RunState state) throws IOException {
    return TrainJson.mapper().writeValueAsString(state) + "\n";
  }
}
