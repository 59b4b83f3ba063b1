package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.ComputeLedger;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.moe.checkpoint.Lineage;
import dev.coppice.train.Folders;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Writes the checkpoints of a run, and keeps the newest. */
final class CheckpointSaver {
  private final RunFolder folder;
  private final SaveSpec spec;
  private final ModelCard card;
  private final ComputeLedger sunk;
  private final Optional<Lineage> lineage;
  private ImmutableList<Path> sideFiles;

  /**
   * A saver.
   *
   * @param folder of the run
   * @param manifest of the run
   * @param source what the run starts from, or its last checkpoint
   * @param resumed whether it is the latter
   */
  CheckpointSaver(RunFolder folder, RunManifest manifest, Checkpoint source, boolean resumed)
      throws IOException {
    this.folder = folder;
    this.spec = manifest.spec().save();
    Optional<Path> cardFile = source.modelCard();
    this.card =
        new ModelCard(
            manifest,
            cardFile.isPresent()
                ? Optional.of(Files.readString(cardFile.get()))
                : Optional.empty());
    boolean fresh = manifest.spec().initialWeights() == InitialWeights.FRESH;
    this.sunk = fresh ? ComputeLedger.empty() : sunkBefore(source, resumed);
    this.lineage = fresh ? Optional.empty() : source.record().flatMap(CoppiceRecord::lineage);
    this.sideFiles = source.sideFiles();
  }

  /** What was spent before this run: in a checkpoint of this run, all that is marked so. */
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

  /** Writes the checkpoint of a state, which is then whole and on disk, and deletes old ones. */
  Path save(TraineeState trainee, RunState state) throws IOException {
    Path target = folder.step(state.step());
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      trainee.writeModel(writer);
      writer.writeRecord(record(state));
      writer.writeModelCard(card.text(state));
      for (Path sideFile : sideFiles) {
        writer.copySideFile(sideFile);
      }
      trainee.saveMoments(writer.resolve(RunFolder.TRAINING + "/optimizer.safetensors"));
      writer.writeText(RunFolder.TRAINING + "/state.json", json(state));
      writer.commit();
    }
    // the source may be an older step, about to be deleted: the next save copies from this one
    sideFiles =
        sideFiles.stream()
            .map(file -> target.resolve(Folders.name(file)))
            .collect(ImmutableList.toImmutableList());
    folder.keepLast(spec.keepLast());
    return target;
  }

  private CoppiceRecord record(RunState state) {
    return CoppiceRecord.of(sunk.plus(RunExpense.of(state.spent())), lineage);
  }

  private static String json(RunState state) throws IOException {
    return TrainJson.mapper().writeValueAsString(state) + "\n";
  }
}
