package dev.coppice.moe.folder;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import dev.coppice.moe.safetensors.ForeignFormat;
import dev.coppice.moe.safetensors.JsonFault;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the JSON files of a checkpoint: strict in, stable out.
 *
 * <p>Files are UTF-8 without a byte order mark, no name stands twice in an object, and nothing
 * follows the value. Size, depth and the number of values are bounded, so that a small file cannot
 * take much memory. Numbers that JSON lacks are read and written as Python does ({@link
 * PythonNumbers}): many published files have them.
 */
public final class JsonFiles {
  private static final long MAX_BYTES = 100_000_000L;
  private static final int MAX_NESTING = 500;
  private static final long MAX_TOKENS = 10_000_000L;
  private static final ObjectMapper STRICT =
      JsonMapper.builder(
              JsonFactory.builder()
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_NESTING)
                          .maxTokenCount(MAX_TOKENS)
                          .build())
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .build();

  private JsonFiles() {}

  /** Takes its fields from a file's tokens. */
  public interface Consumer<T> {
    /** Reads to the end of the root value. */
    T read(JsonParser json) throws IOException;
  }

  /**
   * Reads a file that must hold one JSON object.
   *
   * @throws CheckpointFormatException if it is missing, too large, not UTF-8 or not an object
   */
  public static ObjectNode readObject(Path file) throws IOException {
    return parseObject(file, bytes(file));
  }

  /**
   * Reads bytes that must be one JSON object.
   *
   * @param file where they were read, for messages
   * @throws CheckpointFormatException if they are not
   */
  public static ObjectNode parseObject(Path file, byte[] bytes) throws IOException {
    return parse(
        file,
        bytes,
        json -> {
          JsonNode tree = STRICT.reader().with(new PythonNumbers(json)).readTree(json);
          if (tree instanceof ObjectNode object) {
            return object;
          }
          throw notAnObject(file, tree == null ? "nothing" : tree.getNodeType().toString());
        });
  }

  /**
   * Reads bytes token by token.
   *
   * @param file where they were read, for messages
   * @throws CheckpointFormatException if they are not UTF-8 or not JSON
   */
  public static <T> T parse(Path file, byte[] bytes, Consumer<T> consumer) throws IOException {
    refuseForeign(file, bytes);
    // a new decoder reports malformed bytes
    Reader text =
        new InputStreamReader(new ByteArrayInputStream(bytes), StandardCharsets.UTF_8.newDecoder());
    try (JsonParser json = STRICT.createParser(text)) {
      T value = consumer.read(json);
      if (json.nextToken() != null) {
        throw malformed(file, "file must end after its value, got more text" + at(json));
      }
      return value;
    } catch (CharacterCodingException e) {
      throw new CheckpointFormatException(
          Reason.MALFORMED_JSON, file, "file must be UTF-8, got malformed bytes", e);
    } catch (PythonNumbers.UnknownName e) {
      throw malformed(file, "file must be JSON: " + e.getMessage());
    } catch (JsonProcessingException e) {
      throw notJson(file, e);
    }
  }

  /**
   * All bytes of a file.
   *
   * @throws CheckpointFormatException if it is missing or too large
   */
  public static byte[] bytes(Path file) throws IOException {
    try {
      long size = Files.size(file);
      if (size > MAX_BYTES || !Files.isRegularFile(file)) {
        throw malformed(file, "file must be a file of at most 100 MB, got " + size + " bytes");
      }
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new CheckpointFormatException(
          Reason.MISSING_FILE, file, "file must exist, got none", e);
    }
  }

  private static void refuseForeign(Path file, byte[] bytes) {
    String start = new String(bytes, 0, Math.min(bytes.length, 64), StandardCharsets.ISO_8859_1);
    ForeignFormat.of(start)
        .ifPresent(
            what -> {
              throw new CheckpointFormatException(
                  Reason.FOREIGN_FORMAT, file, "file must be JSON, got " + what);
            });
    if (start.startsWith("\u00EF\u00BB\u00BF")
        || start.startsWith("\u00FE\u00FF")
        || start.startsWith("\u00FF\u00FE")) {
      throw malformed(file, "file must be UTF-8 without a byte order mark, got one at byte 0");
    }
    if (start.indexOf('\0') >= 0) {
      throw malformed(file, "file must be UTF-8, got a NUL byte (UTF-16 or binary data)");
    }
  }

  private static CheckpointFormatException notJson(Path file, JsonProcessingException e) {
    // Jackson writes the numbers of its limits in the locale's digits
    String got =
        e instanceof StreamConstraintsException
            ? "a value beyond all measure (nesting above 500, or a number of 1000 digits)"
            : JsonFault.of(e);
    return new CheckpointFormatException(
        got.startsWith("Duplicate") ? Reason.DUPLICATE_NAME : Reason.MALFORMED_JSON,
        file,
        "file must be JSON, got " + got + place(e.getLocation()),
        e);
  }

  /** Where a parser stands, in words. */
  public static String at(JsonParser json) {
    return place(json.currentTokenLocation());
  }

  /** A place in words; a broken limit has none. */
  private static String place(@Nullable JsonLocation at) {
    return at == null
        ? ""
        : String.format(Locale.ROOT, " at line %d, column %d", at.getLineNr(), at.getColumnNr());
  }

  /** A file whose root is something else. */
  public static CheckpointFormatException notAnObject(Path file, String got) {
    return malformed(file, "file must hold a JSON object, got " + got);
  }

  private static CheckpointFormatException malformed(Path file, String detail) {
    return new CheckpointFormatException(Reason.MALFORMED_JSON, file, detail);
  }

  /**
   * The text of a JSON file: two blanks of indent, one line feed a line, a line feed at the end.
   */
  public static String print(JsonNode tree) {
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
