package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.coppice.growth.lineage.OperatorJson;
import dev.coppice.growth.lineage.RecipeJson;
import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/**
 * Whatever decides the bytes of a grown checkpoint's files, or would show that its source is
 * another one: two growths with the same fingerprint write the same files.
 *
 * @param json operators, seed, shard size, version, hash of the plan; and for each source file its
 *     size, time of change and the SHA-256 of its header
 */
public record GrowthFingerprint(ObjectNode json) {
  private static final String SOURCE = "source";
  private static final ImmutableList<String> PLAN =
      ImmutableList.of(
          "coppice_version", "operators", "seed", MomentRule.KEY, "max_shard_bytes", "plan_sha256");

  /** The fingerprint of a growth that is to be carried out. */
  public static GrowthFingerprint of(GrowthSource from, GrowthRequest request, GrowthPlan plan)
      throws IOException {
    Checkpoint source = from.checkpoint();
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("coppice_version", CoppiceVersion.current());
    json.set("operators", new OperatorJson().write(request.operator()));
    json.put("seed", Long.toString(request.seed()));
    request.moments().ifPresent(rule -> json.put(MomentRule.KEY, rule.key()));
    json.put("max_shard_bytes", Long.toString(request.maxShardBytes()));
    json.put("plan_sha256", sha256(plan));
    ObjectNode files = json.putObject(SOURCE);
    Path config = source.folder().resolve("config.json");
    describe(files, "config.json", config, ByteBuffer.wrap(Files.readAllBytes(config)));
    for (Path shard : source.shardFiles()) {
      describe(files, shard.getFileName().toString(), shard, header(shard));
    }
    if (from.state().isPresent()) {
      Path state = from.state().get().file().path();
      describe(files, OptimizerState.FILE, state, header(state));
    }
    return new GrowthFingerprint(json);
  }

  private static String sha256(GrowthPlan plan) {
    Hasher hasher = Hashing.sha256().newHasher();
    hasher.putUnencodedChars(plan.config().toString());
    plan.sideFiles().forEach((name, tree) -> hasher.putUnencodedChars(name + tree));
    for (PlannedTensor tensor : plan.tensors().values()) {
      hasher.putUnencodedChars(tensor.slot().toString());
      hasher.putUnencodedChars(RecipeJson.of(tensor.recipe()).toString());
    }
    return hasher.hash().toString();
  }

  private static void describe(ObjectNode files, String name, Path file, ByteBuffer start)
      throws IOException {
    files
        .putObject(name)
        .put("bytes", Long.toString(Files.size(file)))
        .put("modified", Files.getLastModifiedTime(file).toString())
        .put("header_sha256", Hashing.sha256().hashBytes(start).toString());
  }

  private static ByteBuffer header(Path shard) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(shard)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) file.dataOffset());
      FileChannel channel = file.channel();
      int count;
      do {
        count = channel.read(bytes, bytes.position());
      } while (count >= 0 && bytes.hasRemaining());
      return bytes.flip();
    }
  }

  /**
   * Refuses a growth that is not the one that was begun.
   *
   * @param begun fingerprint of that one
   * @param folder where it stopped, for the message
   * @throws CoppiceException USAGE if the plan is another, INPUT_INVALID if the source is
   */
  public void requireSame(JsonNode begun, Path folder) {
    for (String key : PLAN) {
      if (!json.path(key).equals(begun.path(key))) {
        throw new CoppiceException(
            ErrorKind.REQUEST_INVALID,
            "a resumed growth must be the one that was begun, but "
                + key
                + " was "
                + begun.path(key)
                + " and is "
                + json.path(key)
                + rest(folder));
      }
    }
    Set<String> names = new TreeSet<>();
    json.path(SOURCE).fieldNames().forEachRemaining(names::add);
    begun.path(SOURCE).fieldNames().forEachRemaining(names::add);
    for (String name : names) {
      JsonNode was = begun.path(SOURCE).path(name);
      JsonNode is = json.path(SOURCE).path(name);
      if (!was.equals(is)) {
        throw new CoppiceException(
            ErrorKind.INPUT_INVALID,
            "the source of a resumed growth must be as it was, but "
                + name
                + changed(was, is)
                + rest(folder));
      }
    }
  }

  private static String changed(JsonNode was, JsonNode is) {
    if (was.isMissingNode()) {
      return " is new";
    }
    if (is.isMissingNode()) {
      return " is gone";
    }
    return " was " + was + " and is " + is;
  }

  private static String rest(Path folder) {
    return " (" + folder + "; delete it to start again)";
  }
}
