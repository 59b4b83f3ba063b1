package dev.coppice.train.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.Iterables;
import com.google.common.hash.Hashing;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Our run on an MLflow server. What it is called there is kept in {@code mlflow.json}, so that a
 * resumed run continues under the same id.
 */
final class MlflowRun {
  private static final Logger LOG = LoggerFactory.getLogger(MlflowRun.class);
  private static final int PARAMS_A_REQUEST = 100;
  // servers before 2.0 take no more
  private static final int PARAM_LENGTH = 500;
  private static final int KEY_LENGTH = 250;
  private static final int MARK_LENGTH = 8;

  private final Path runFolder;
  private final MlflowSettings settings;
  private final MlflowClient client;
  private ObjectNode known;
  private boolean refused;

  MlflowRun(Path runFolder, MlflowSettings settings, MlflowClient client) {
    this.runFolder = runFolder;
    this.settings = settings;
    this.client = client;
    this.known = read();
  }

  private Path file() {
    return runFolder.resolve("mlflow.json");
  }

  /** What is known of the run there; nothing when it was on another server. */
  private ObjectNode read() {
    ObjectNode fresh = TrainJson.mapper().createObjectNode();
    fresh.put("uri", settings.uri().toString());
    fresh.put("experiment", settings.experiment());
    try {
      boolean same =
          Files.exists(file())
              && TrainJson.mapper().readTree(Files.readAllBytes(file())) instanceof ObjectNode old
              && old.path("uri").equals(fresh.path("uri"))
              && old.path("experiment").equals(fresh.path("experiment"));
      return same ? TrainJson.read(file(), ObjectNode.class) : fresh;
    } catch (IOException | CoppiceException e) {
      return fresh;
    }
  }

  /** Whether the run was begun on the server, now or before a resume. */
  boolean isKnown() {
    return known.path("run_id").isTextual();
  }

  /** The last step that was sent or spooled; -1 for none, so that what is before steps is sent. */
  long lastStep() {
    return known.path("last_step").asLong(isKnown() ? 0 : -1);
  }

  /** Notes the last step that was sent or spooled. */
  void keepLastStep(long step) throws IOException {
    if (step > 0 && step != lastStep()) {
      known.put("last_step", step);
      TrainJson.writeAtomically(file(), known);
    }
  }

  /** Begins the run on the server if that is yet to be done. */
  void ensure() throws IOException {
    if (!isKnown()) {
      String id = create(experiment());
      known.put("run_id", id);
      TrainJson.writeAtomically(file(), known);
    }
    if (!known.path("params").asBoolean(false)) {
      sendParams();
      known.put("params", true);
      TrainJson.writeAtomically(file(), known);
    }
  }

  private String experiment() throws IOException {
    Optional<String> found = findExperiment();
    if (found.isPresent()) {
      return found.get();
    }
    ObjectNode body = TrainJson.mapper().createObjectNode().put("name", settings.experiment());
    try {
      return text(client.post("experiments/create", body), "experiment_id");
    } catch (MlflowClient.Refusal e) {
      // another run may have made it meanwhile
      if (e.isExisting()) {
        return findExperiment().orElseThrow(() -> e);
      }
      throw e;
    }
  }

  private Optional<String> findExperiment() throws IOException {
    try {
      JsonNode answer =
          client.get("experiments/get-by-name", "experiment_name", settings.experiment());
      return Optional.of(text(answer.path("experiment"), "experiment_id"));
    } catch (MlflowClient.Refusal e) {
      if (e.isMissing()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private String create(String experimentId) throws IOException {
    String name = Folders.name(runFolder);
    ObjectNode body = TrainJson.mapper().createObjectNode();
    body.put("experiment_id", experimentId);
    body.put("run_name", name);
    body.put("start_time", System.currentTimeMillis());
    ArrayNode tags = body.putArray("tags");
    tags.addObject().put("key", "mlflow.runName").put("value", name);
    tags.addObject().put("key", "mlflow.source.name").put("value", "coppice");
    tags.addObject().put("key", "coppice.version").put("value", CoppiceVersion.current());
    return text(client.post("runs/create", body).path("run").path("info"), "run_id");
  }

  private static String text(JsonNode object, String name) throws IOException {
    if (!object.path(name).isTextual()) {
      throw new IOException("answer must hold a text " + name + ", got " + object.path(name));
    }
    return object.path(name).textValue();
  }

  private void sendParams() throws IOException {
    Map<String, String> params = new TreeMap<>();
    Path manifest = runFolder.resolve("run.json");
    if (Files.exists(manifest)) {
      flatten("", TrainJson.mapper().readTree(Files.readAllBytes(manifest)), params);
    }
    for (List<Map.Entry<String, String>> part :
        Iterables.partition(params.entrySet(), PARAMS_A_REQUEST)) {
      ObjectNode body = TrainJson.mapper().createObjectNode();
      ArrayNode list = body.putArray("params");
      part.forEach(p -> list.addObject().put("key", p.getKey()).put("value", p.getValue()));
      sendBatch(body);
    }
  }

  /** Names of nested values joined by dots, elements by their number. */
  private static void flatten(String name, JsonNode value, Map<String, String> params) {
    if (value.isObject()) {
      value.properties().forEach(f -> flatten(join(name, f.getKey()), f.getValue(), params));
    } else if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        flatten(join(name, Integer.toString(i)), value.get(i), params);
      }
    } else if (!value.asText().isEmpty()) {
      params.put(key(name), head(value.asText(), PARAM_LENGTH));
    }
  }

  private static String join(String name, String inner) {
    return name.isEmpty() ? inner : name + "." + inner;
  }

  /**
   * A name as MLflow takes it: of its letters, of its length, and the same when it is read as a
   * path. A name that had to be changed ends with a part of its own SHA-256, so that two names
   * never share a key.
   */
  static String key(String name) {
    String key =
        name.replaceAll("[^A-Za-z0-9_./ -]", "_")
            .replaceAll("(?<![^/])\\.{1,2}(?![^/])", "_")
            .replaceAll("/{2,}", "/")
            .replaceAll("^/|/$", "");
    if (key.equals(name) && name.length() <= KEY_LENGTH) {
      return key;
    }
    String mark = "-" + Hashing.sha256().hashString(name, StandardCharsets.UTF_8);
    String end = mark.substring(0, 1 + MARK_LENGTH);
    return head(key, KEY_LENGTH - end.length()) + end;
  }

  static String head(String text, int length) {
    return text.substring(0, Math.min(length, text.length()));
  }

  /**
   * Sends metrics, params or tags; entries that the server refuses for good are reported once and
   * dropped.
   */
  void sendBatch(ObjectNode body) throws IOException {
    try {
      client.post("runs/log-batch", body.put("run_id", known.path("run_id").textValue()));
    } catch (MlflowClient.Refusal e) {
      if (!e.isFinal()) {
        throw e;
      }
      if (!refused) {
        refused = true;
        LOG.warn("MLflow refuses some entries, which will be missing there: {}", e.toString());
      }
    }
  }

  /** Sends a change of the run itself. */
  void sendUpdate(ObjectNode body) throws IOException {
    client.post("runs/update", body.put("run_id", known.path("run_id").textValue()));
  }
}
