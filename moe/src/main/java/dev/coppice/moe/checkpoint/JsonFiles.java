package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads and writes the JSON files of a checkpoint: strict in, stable out. */
final class JsonFiles {
  private static final long MAX_SIZE = 100_000_000L;
  private static final ObjectMapper STRICT =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private JsonFiles() {}

  /**
   * Reads a file that must hold one JSON object.
   *
   * @throws CheckpointFormatException if it is missing, too large, not UTF-8 or not an object
   */
  static ObjectNode readObject(Path file) throws IOException {
    try {
      long size = Files.size(file);
      if (size > MAX_SIZE) {
        throw new CheckpointFormatException(
            Reason.MALFORMED_JSON, file, "file must be at most 100 MB, got " + size + " bytes");
      }
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
      JsonNode tree = STRICT.readTree(StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
      if (tree instanceof ObjectNode object) {
        return object;
      }
      throw new CheckpointFormatException(
          Reason.MALFORMED_JSON, file, "file must hold a JSON object, got " + tree.getNodeType());
    } catch (NoSuchFileException e) {
      throw new CheckpointFormatException(
          Reason.MISSING_FILE, file, "file must exist, got none", e);
    } catch (CharacterCodingException e) {
      throw new CheckpointFormatException(
          Reason.MALFORMED_JSON, file, "file must be UTF-8, got malformed bytes", e);
    } catch (JsonProcessingException e) {
      Reason reason =
          e.getOriginalMessage().startsWith("Duplicate")
              ? Reason.DUPLICATE_NAME
              : Reason.MALFORMED_JSON;
      throw new CheckpointFormatException(
          reason,
          file,
          "file must be JSON, got "
              + e.getOriginalMessage()
              + " at line "
              + e.getLocation().getLineNr(),
          e);
    }
  }

  /**
   * The text of a JSON file: two blanks of indent, one line feed a line, a line feed at the end.
   */
  static String print(JsonNode tree) {
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));
    printer.indentArraysWith(new DefaultIndenter("  ", "\n"));
    try {
      return STRICT.writer(printer).writeValueAsString(tree) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree must print, got " + tree.getNodeType(), e);
    }
  }
}
