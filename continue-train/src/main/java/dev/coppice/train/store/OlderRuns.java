package dev.coppice.train.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Reads what runs wrote, with what older versions did in place of what they did not write: they
 * evaluated without a document mask, and did not record the end of documents.
 */
final class OlderRuns {
  private OlderRuns() {}

  /** A checkpoint's {@code state.json}. */
  static RunState state(Path file) throws IOException {
    return TrainJson.read(file, RunState.class, OlderRuns::complete);
  }

  /** Puts in what older versions did not write. */
  static void complete(JsonNode tree) {
    if (tree.path("spec").path("evaluation") instanceof ObjectNode evaluation
        && !evaluation.has("as_trained")) {
      evaluation.put("as_trained", false);
    }
    if (tree.path("data") instanceof ObjectNode data && !data.has("document_end")) {
      data.putNull("document_end");
    }
  }
}
