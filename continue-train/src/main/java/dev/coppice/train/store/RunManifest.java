package dev.coppice.train.store;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.checkpoint.Reading;
import dev.coppice.train.TrainJson;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.DataSpec;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The description of a run: the file {@code run.json}, written once; only where its data lies may
 * change.
 *
 * @param schemaVersion of this JSON object, 1
 * @param coppiceVersion that began the run
 * @param checkpoint folder that the run starts from, absolute
 * @param baseModel name of that folder
 * @param data that the run reads
 * @param budget of the run
 * @param spec of the run
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record RunManifest(
    int schemaVersion,
    String coppiceVersion,
    String checkpoint,
    String baseModel,
    DataSpec data,
    Budget budget,
    TrainSpec spec) {

  /** The same run with its data at another place. */
  public RunManifest with(DataSpec other) {
    return new RunManifest(
        schemaVersion, coppiceVersion, checkpoint, baseModel, other, budget, spec);
  }

  /** The same with windows and passes in what it says of its data. */
  public RunManifest used(Optional<Long> tokens) {
    return with(data.used(spec.batch().sequence(), tokens));
  }

  /**
   * Reads a file. Those of earlier versions do not say where their data came from.
   *
   * @throws dev.coppice.moe.CoppiceException when it is no such file
   */
  public static RunManifest read(Path file) throws IOException {
    ObjectNode json = TrainJson.read(file, ObjectNode.class);
    OlderRuns.complete(json);
    if (json.path("data") instanceof ObjectNode data && !data.has("read")) {
      data.putNull("read");
    }
    return TrainJson.of(json, RunManifest.class, file);
  }

  /** How the run gives text to its model. */
  Reading reading() {
    DataSpec.Ends ends = data.documentEnd();
    return new Reading(
        spec.batch().documentMask(),
        ends == null
            ? Optional.empty()
            : Optional.of(new Reading.Ends(id(ends.text()), id(ends.tokens()))));
  }

  private static OptionalInt id(@Nullable Integer id) {
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }
}
