package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.folder.JsonFiles;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * What {@code model.safetensors.index.json} says, read token by token.
 *
 * @param weightMap tensor to shard name, not yet checked
 * @param totalSize bytes of all tensors, where it gives a number
 */
record IndexFile(ImmutableMap<String, String> weightMap, OptionalLong totalSize) {

  /**
   * Reads an index. Unknown keys are passed over, since tools add their own.
   *
   * @throws CheckpointFormatException if it is malformed or has no weight map
   */
  static IndexFile read(Path file) throws IOException {
    return parse(file, JsonFiles.bytes(file));
  }

  /**
   * The same of bytes.
   *
   * @param file where they were read, for messages
   */
  static IndexFile parse(Path file, byte[] bytes) throws IOException {
    return JsonFiles.parse(file, bytes, json -> new Reading(file, json).read());
  }

  /** One pass over the tokens. */
  private static final class Reading {
    private final Path file;
    private final JsonParser json;
    private ImmutableMap<String, String> weightMap = ImmutableMap.of();
    private OptionalLong totalSize = OptionalLong.empty();

    Reading(Path file, JsonParser json) {
      this.file = file;
      this.json = json;
    }

    IndexFile read() throws IOException {
      JsonToken root = json.nextToken();
      if (root != JsonToken.START_OBJECT) {
        throw JsonFiles.notAnObject(file, root == null ? "nothing" : root.name());
      }
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String key = json.currentName();
        JsonToken value = json.nextToken();
        if (key.equals("weight_map")) {
          weightMap = weightMap(value);
        } else if (key.equals("metadata") && value == JsonToken.START_OBJECT) {
          readMetadata();
        } else {
          json.skipChildren();
        }
      }
      if (weightMap.isEmpty()) {
        throw malformed("weight_map must map tensors to shards, got none");
      }
      return new IndexFile(weightMap, totalSize);
    }

    private ImmutableMap<String, String> weightMap(JsonToken value) throws IOException {
      if (value != JsonToken.START_OBJECT) {
        throw malformed("weight_map must map tensors to shards, got " + value);
      }
      ImmutableMap.Builder<String, String> entries = ImmutableMap.builder();
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String tensor = json.currentName();
        if (json.nextToken() != JsonToken.VALUE_STRING) {
          throw malformed(
              "weight_map entry '" + tensor + "' must name a file, got " + json.currentToken());
        }
        entries.put(tensor, json.getText());
      }
      return entries.buildOrThrow();
    }

    private void readMetadata() throws IOException {
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String key = json.currentName();
        JsonToken value = json.nextToken();
        if (key.equals("total_size")
            && value == JsonToken.VALUE_NUMBER_INT
            && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
          totalSize = OptionalLong.of(json.getLongValue());
        }
        json.skipChildren();
      }
    }

    private CheckpointFormatException malformed(String detail) {
      return new CheckpointFormatException(
          Reason.MALFORMED_JSON, file, detail + JsonFiles.at(json));
    }
  }
}
