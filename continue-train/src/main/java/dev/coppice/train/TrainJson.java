package dev.coppice.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** How this module writes and reads its JSON: snake case, and unknown fields are refused. */
public final class TrainJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private TrainJson() {}

  /** The mapper; shared, so not to be configured. */
  public static JsonMapper mapper() {
    return MAPPER;
  }

  /**
   * Reads an object from a file.
   *
   * @param file to read
   * @param type of the object
   * @throws CoppiceException naming the file and the JSON path, when it is not such an object
   * @throws IOException when it cannot be read
   */
  public static <T> T read(Path file, Class<T> type) throws IOException {
    return read(file, type, tree -> {});
  }

  /**
   * Reads an object from a file that an older version may have written.
   *
   * @param file to read
   * @param type of the object
   * @param completed puts in what older versions did not write
   * @throws CoppiceException naming the file and the JSON path, when it is not such an object
   * @throws IOException when it cannot be read
   */
  public static <T> T read(Path file, Class<T> type, Consumer<JsonNode> completed)
      throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new CoppiceException(ErrorKind.INPUT_INVALID, "file must exist, got none at " + file);
    }
    try {
      JsonNode tree = MAPPER.readTree(Files.readAllBytes(file));
      if (tree.isMissingNode()) {
        throw new CoppiceException(
            ErrorKind.INPUT_INVALID,
            "JSON must be a " + type.getSimpleName() + ", got an empty file (" + file + ")");
      }
      completed.accept(tree);
      return MAPPER.treeToValue(tree, type);
    } catch (JsonProcessingException e) {
      throw bad(type, e, file);
    }
  }

  /**
   * Makes an object of JSON that was read from a file.
   *
   * @param json of the object
   * @param type of the object
   * @param file that it was read from, for messages
   * @throws CoppiceException naming the file and the JSON path, when it is not such an object
   */
  public static <T> T of(JsonNode json, Class<T> type, Path file) {
    try {
      return MAPPER.treeToValue(json, type);
    } catch (JsonProcessingException e) {
      throw bad(type, e, file);
    }
  }

  private static CoppiceException bad(Class<?> type, JsonProcessingException e, Path file) {
    return new CoppiceException(
        ErrorKind.INPUT_INVALID,
        "JSON must be a " + type.getSimpleName() + ", got " + oneLine(e) + " (" + file + ")",
        e);
  }

  private static String oneLine(JsonProcessingException e) {
    return String.valueOf(e.getMessage())
        .lines()
        .map(String::strip)
        .reduce((a, b) -> a + " " + b)
        .orElse("");
  }

  /**
   * Writes an object so that the file is whole or not there, also after a power cut.
   *
   * @param file to write; replaced if it exists
   * @param object to write
   * @throws IOException when the disk refuses
   */
  public static void writeAtomically(Path file, Object object) throws IOException {
    DurableFiles.replace(file, MAPPER.writeValueAsString(object) + "\n");
  }
}
