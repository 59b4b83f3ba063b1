package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.lineage.OperatorJson;
import dev.coppice.growth.lineage.RecipeJson;
import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.ComputeLedger;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.moe.checkpoint.GrowthOrigin;
import dev.coppice.moe.checkpoint.Lineage;
import dev.coppice.moe.checkpoint.OptimizerState;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * How a checkpoint was grown: the lineage that goes into {@code coppice.json}.
 *
 * <p>It names operators and seed, from which the plan can be derived again; the source's files with
 * their check sums; the rule for the optimizer's moments, if they grew; which layers and experts
 * are new; and the recipe of every tensor. It holds no date and no machine, so that one seed gives
 * one file. The source's own lineage is kept as {@code parent}.
 */
final class GrowthRecord {
  private static final int SCHEMA_VERSION = 2;
  private static final String STATE = "optimizer";

  private final Checkpoint source;
  private final GrowthRequest request;
  private final GrowthPlan plan;
  private final ImmutableMap<String, SourceHashes.FileHash> hashes;

  GrowthRecord(
      Checkpoint source,
      GrowthRequest request,
      GrowthPlan plan,
      Map<String, SourceHashes.FileHash> hashes) {
    this.source = source;
    this.request = request;
    this.plan = plan;
    this.hashes = ImmutableMap.copyOf(hashes);
  }

  /** The whole record; all that the source cost is sunk now. */
  CoppiceRecord toRecord() {
    ComputeLedger ledger =
        source.record().map(CoppiceRecord::ledger).orElseGet(ComputeLedger::empty).sunkenAll();
    return CoppiceRecord.of(ledger, Optional.of(new Lineage(lineage())))
        .withReading(source.record().flatMap(CoppiceRecord::reading));
  }

  /** The operators as JSON. */
  ArrayNode operators() {
    return new OperatorJson().write(request.operator());
  }

  /** Name of the source folder. */
  String sourceName() {
    return sourceName(source);
  }

  /** The plan that was carried out. */
  GrowthPlan plan() {
    return plan;
  }

  /** Seed of all noise. */
  long seed() {
    return request.seed();
  }

  /** The rule of the optimizer's moments, if they grew. */
  Optional<MomentRule> moments() {
    return request.moments();
  }

  /** The operator that was carried out. */
  GrowthOperator operator() {
    return request.operator();
  }

  private ObjectNode lineage() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("schema_version", SCHEMA_VERSION);
    json.put("kind", "growth");
    json.set("operators", operators());
    json.put("seed", request.seed());
    request.moments().ifPresent(rule -> json.put(MomentRule.KEY, rule.key()));
    ObjectNode from = json.putObject("source");
    from.put("folder", sourceName());
    CodePlaces.pointedAt(source).ifPresent(id -> from.put(CodePlaces.REPOSITORY, id));
    ObjectNode files = from.putObject("files");
    hashes.forEach(
        (name, hash) -> {
          // apart from weights: readers that know no moments look for each of "files"
          boolean state = name.equals(OptimizerState.FILE);
          ObjectNode file = state ? from.putObject(STATE) : files.putObject(name);
          file.put("bytes", hash.bytes()).put("crc32c", hash.crc32c());
          hash.sha256().ifPresent(sha256 -> file.put("sha256", sha256));
        });
    json.set(GrowthOrigin.KEY, plan.ancestry().origin().toJson());
    ObjectNode tensors = json.putObject("tensors");
    plan.tensors().forEach((name, tensor) -> tensors.set(name, RecipeJson.of(tensor.recipe())));
    source
        .record()
        .flatMap(CoppiceRecord::lineage)
        .ifPresent(parent -> json.set("parent", parent.json()));
    return json;
  }

  private static String sourceName(Checkpoint source) {
    Path name = source.folder().toAbsolutePath().normalize().getFileName();
    return name == null ? "checkpoint" : name.toString();
  }

  /**
   * The recorded growth of a lineage.
   *
   * @param operator how the source grew
   * @param seed seed of all noise
   * @param moments what became of the optimizer's moments, if they grew
   * @param files check sums of each source file
   * @param json the whole of it
   */
  record Recorded(
      GrowthOperator operator,
      long seed,
      Optional<MomentRule> moments,
      ImmutableMap<String, SourceHashes.FileHash> files,
      ObjectNode json) {
    /** Recipe of each tensor. */
    JsonNode tensors() {
      return json.path("tensors");
    }

    /** Where layers and experts come from; missing in what older versions wrote. */
    JsonNode origin() {
      return json.path(GrowthOrigin.KEY);
    }
  }

  /**
   * Reads a lineage.
   *
   * @param grown a checkpoint that was grown
   * @throws CoppiceException INPUT_INVALID if it has no lineage of a growth, or a malformed one
   */
  static Recorded read(Checkpoint grown) {
    ObjectNode json =
        grown
            .record()
            .flatMap(CoppiceRecord::lineage)
            .map(Lineage::json)
            .orElseThrow(() -> malformed(grown, "it must have a lineage, got none"));
    int version = json.path("schema_version").asInt();
    if (version != SCHEMA_VERSION) {
      throw malformed(
          grown,
          "its lineage must be of form "
              + SCHEMA_VERSION
              + ", got "
              + version
              + " (grown by another version of Coppice, which draws other noise)");
    }
    if (!json.path("kind").asText().equals("growth")
        || !json.path("operators").isArray()
        || !json.path("seed").isIntegralNumber()) {
      throw malformed(grown, "its lineage must be a whole growth, got another");
    }
    ImmutableMap.Builder<String, SourceHashes.FileHash> files = ImmutableMap.builder();
    for (Map.Entry<String, JsonNode> file : json.path("source").path("files").properties()) {
      files.put(file.getKey(), hash(file.getValue()));
    }
    if (json.has(MomentRule.KEY)) {
      files.put(OptimizerState.FILE, hash(json.path("source").path(STATE)));
    }
    return new Recorded(
        new OperatorJson().read(json.path("operators")),
        json.path("seed").longValue(),
        MomentRule.read(json.path(MomentRule.KEY)),
        files.buildOrThrow(),
        json);
  }

  private static SourceHashes.FileHash hash(JsonNode sums) {
    return new SourceHashes.FileHash(
        sums.path("bytes").longValue(),
        sums.path("crc32c").asText(),
        Optional.of(sums.path("sha256").asText()).filter(sha256 -> !sha256.isEmpty()));
  }

  private static CoppiceException malformed(Checkpoint grown, String what) {
    return new CoppiceException(
        ErrorKind.INPUT_INVALID,
        "grown checkpoint cannot be traced: " + what + " (" + grown.folder() + "/coppice.json)");
  }
}
