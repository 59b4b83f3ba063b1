package dev.coppice.train.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.moe.checkpoint.Reading;
import dev.coppice.train.TrainJson;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.store.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a checkpoint was given its text when it was trained: what {@code coppice.json} says; in
 * checkpoints of older versions, the mask that {@code coppice-training/state.json} says.
 *
 * @param reading what is known
 */
record TrainedReading(Optional<Reading> reading) {
  static TrainedReading of(Checkpoint checkpoint) throws IOException {
    Optional<Reading> recorded = checkpoint.record().flatMap(CoppiceRecord::reading);
    return new TrainedReading(recorded.isPresent() ? recorded : older(checkpoint.folder()));
  }

  private static Optional<Reading> older(Path folder) throws IOException {
    Path state = RunFolder.state(folder);
    if (!Files.isRegularFile(state)) {
      return Optional.empty();
    }
    JsonNode mask =
        TrainJson.read(state, JsonNode.class).path("spec").path("batch").path("document_mask");
    return mask.isBoolean()
        ? Optional.of(new Reading(mask.booleanValue(), Optional.empty()))
        : Optional.empty();
  }

  boolean known() {
    return reading.isPresent();
  }

  /** Whether documents see only themselves; as runs do by default where nothing is known. */
  boolean documentMask() {
    return reading.map(Reading::documentMask).orElse(true);
  }

  /** The token after documents, if it is known. */
  Optional<DocumentEnd> documentEnd() {
    return reading.flatMap(Reading::ends).map(end -> new DocumentEnd(end.text(), end.tokens()));
  }
}
