package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Coppice's record of a checkpoint: the file {@code coppice.json}.
 *
 * @param schemaVersion version of the file's form
 * @param coppiceVersion version of the program that wrote it
 * @param ledger what the checkpoint has cost
 * @param lineage how it was grown, if it was
 * @param reading how it was given its text when it was last trained, if that is known
 */
public record CoppiceRecord(
    int schemaVersion,
    String coppiceVersion,
    ComputeLedger ledger,
    Optional<Lineage> lineage,
    Optional<Reading> reading) {
  /** The form that this version writes. */
  public static final int SCHEMA_VERSION = 1;

  /** A record by this version of the program. */
  public static CoppiceRecord of(ComputeLedger ledger, Optional<Lineage> lineage) {
    return new CoppiceRecord(
        SCHEMA_VERSION, CoppiceVersion.current(), ledger, lineage, Optional.empty());
  }

  /** The same of a checkpoint that was so given its text. */
  public CoppiceRecord withReading(Optional<Reading> other) {
    return new CoppiceRecord(schemaVersion, coppiceVersion, ledger, lineage, other);
  }

  /** The record as JSON. */
  public ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("schema_version", schemaVersion);
    json.put("coppice_version", coppiceVersion);
    ObjectNode book = json.putObject("ledger");
    book.put("sunk_flops", ledger.sunkFlops());
    book.put("extra_flops", ledger.extraFlops());
    ArrayNode entries = book.putArray("entries");
    for (ComputeLedger.Entry entry : ledger.entries()) {
      ObjectNode line = entries.addObject();
      line.put("purpose", entry.purpose())
          .put("flops", entry.flops())
          .put("tokens", entry.tokens())
          .put("sunk", entry.sunk());
      if (!entry.uses().isEmpty()) {
        ObjectNode uses = line.putObject("uses");
        entry.uses().forEach(uses::put);
      }
    }
    lineage.ifPresent(l -> json.set("lineage", l.json()));
    reading.ifPresent(r -> r.writeTo(json.putObject("reading")));
    return json;
  }

  /**
   * Reads a record.
   *
   * @param json the file's tree
   * @param file where it was read, for messages
   * @throws CheckpointFormatException if a key is missing or malformed, or the form is newer than
   *     this program
   */
  public static CoppiceRecord fromJson(ObjectNode json, Path file) {
    int version = json.path("schema_version").asInt();
    if (version < 1 || version > SCHEMA_VERSION) {
      throw malformed(
          file,
          "schema_version must be 1 to " + SCHEMA_VERSION + ", got " + json.path("schema_version"));
    }
    ImmutableList.Builder<ComputeLedger.Entry> entries = ImmutableList.builder();
    for (JsonNode entry : json.path("ledger").path("entries")) {
      if (!entry.path("purpose").isTextual()
          || !entry.path("flops").isIntegralNumber()
          || !entry.path("tokens").isIntegralNumber()
          || !entry.path("sunk").isBoolean()) {
        throw malformed(
            file, "ledger entry must have purpose, flops, tokens and sunk, got " + entry);
      }
      BigInteger flops = entry.path("flops").bigIntegerValue();
      entries.add(
          new ComputeLedger.Entry(
              entry.path("purpose").textValue(),
              flops,
              entry.path("tokens").longValue(),
              entry.path("sunk").booleanValue(),
              uses(entry.path("uses"), file)));
    }
    Optional<Lineage> lineage =
        json.path("lineage") instanceof ObjectNode tree
            ? Optional.of(new Lineage(tree.deepCopy()))
            : Optional.empty();
    return new CoppiceRecord(
        version,
        json.path("coppice_version").asText("unknown"),
        new ComputeLedger(entries.build()),
        lineage,
        json.has("reading")
            ? Optional.of(Reading.of(json.path("reading"), file))
            : Optional.empty());
  }

  private static ImmutableSortedMap<String, BigInteger> uses(JsonNode json, Path file) {
    ImmutableSortedMap.Builder<String, BigInteger> uses = ImmutableSortedMap.naturalOrder();
    for (Map.Entry<String, JsonNode> use : json.properties()) {
      if (!use.getValue().isIntegralNumber()) {
        throw malformed(
            file, "ledger use '" + use.getKey() + "' must be FLOPs, got " + use.getValue());
      }
      uses.put(use.getKey(), use.getValue().bigIntegerValue());
    }
    return uses.buildOrThrow();
  }

  static CheckpointFormatException malformed(Path file, String detail) {
    return new CheckpointFormatException(Reason.MALFORMED_JSON, file, detail);
  }
}
