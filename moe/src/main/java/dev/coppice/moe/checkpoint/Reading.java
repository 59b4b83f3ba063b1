package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a checkpoint was given its text when it was last trained, so that it can be evaluated alike:
 * the {@code reading} object of {@code coppice.json}.
 *
 * <pre>
 * {"document_mask": true, "document_end": {"text": 2, "tokens": 2}}
 * </pre>
 *
 * <p>{@code document_end} is left out where it is not known, and an id is null where nothing ends a
 * document.
 *
 * @param documentMask whether documents in a window did not see one another
 * @param ends what ended documents, if that is known
 */
public record Reading(boolean documentMask, Optional<Ends> ends) {
  private static final String MASK = "document_mask";
  private static final String END = "document_end";

  /**
   * The token after documents.
   *
   * @param text token that was put behind each document of text, if any
   * @param tokens token that parted documents in files of tokens, if any
   */
  public record Ends(OptionalInt text, OptionalInt tokens) {}

  void writeTo(ObjectNode json) {
    json.put(MASK, documentMask);
    ends.ifPresent(
        both -> {
          ObjectNode end = json.putObject(END);
          put(end, "text", both.text());
          put(end, "tokens", both.tokens());
        });
  }

  private static void put(ObjectNode json, String key, OptionalInt id) {
    if (id.isPresent()) {
      json.put(key, id.getAsInt());
    } else {
      json.putNull(key);
    }
  }

  /**
   * Reads the object.
   *
   * @throws CheckpointFormatException if it is malformed
   */
  static Reading of(JsonNode json, Path file) {
    JsonNode end = json.path(END);
    if (!json.path(MASK).isBoolean() || !(end.isObject() || end.isMissingNode())) {
      throw CoppiceRecord.malformed(file, "reading must have document_mask, got " + json);
    }
    Optional<Ends> ends =
        end.isObject()
            ? Optional.of(new Ends(id(end, "text", file), id(end, "tokens", file)))
            : Optional.empty();
    return new Reading(json.path(MASK).booleanValue(), ends);
  }

  private static OptionalInt id(JsonNode end, String key, Path file) {
    JsonNode id = end.path(key);
    if (!id.isNull() && !(id.isIntegralNumber() && id.asInt() >= 0)) {
      throw CoppiceRecord.malformed(file, "document_end must be ids or null, got " + end);
    }
    return id.isNull() ? OptionalInt.empty() : OptionalInt.of(id.intValue());
  }
}
