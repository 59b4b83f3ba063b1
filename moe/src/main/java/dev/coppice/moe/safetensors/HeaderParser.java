package dev.coppice.moe.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a header's JSON, token by token, and refuses whatever the format does not name.
 *
 * <p>Stricter than the reference where that is ambiguous: a name that stands twice, a tensor
 * written as an array and an extent of 2^63 or more are errors here. An unknown field of a tensor
 * is passed over, as there, and blanks may stand before the object; both give a warning.
 */
final class HeaderParser {
  /** Key of a header that is no tensor. */
  static final String METADATA = "__metadata__";

  private static final int MAX_NESTING = 8;
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  /** The content of a header, and its oddities. */
  record Header(
      ImmutableMap<String, TensorInfo> tensors,
      ImmutableMap<String, String> metadata,
      ImmutableList<String> warnings) {}

  private final Path file;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final ImmutableList.Builder<String> warnings = ImmutableList.builder();
  private long unknownFields;

  private HeaderParser(Path file) {
    this.file = file;
  }

  /**
   * Reads a header.
   *
   * @param file where it was read, for messages
   * @param utf8 its bytes, in a buffer over an array
   */
  static Header parse(Path file, ByteBuffer utf8) {
    return CanonicalHeader.read(utf8).orElseGet(() -> parseAny(file, utf8));
  }

  /** Reads a header of any form; slower. */
  static Header parseAny(Path file, ByteBuffer utf8) {
    HeaderParser parser = new HeaderParser(file);
    parser.checkStart(utf8);
    try (JsonParser json = JSON.createParser(characters(utf8))) {
      parser.parse(json);
    } catch (JsonProcessingException e) {
      throw parser.notJson(e);
    } catch (CharacterCodingException e) {
      throw parser.malformed("header must be UTF-8, got malformed bytes");
    } catch (IOException e) {
      throw parser.malformed("header must be JSON, got " + e.getMessage());
    }
    return parser.header();
  }

  private void checkStart(ByteBuffer utf8) {
    int at = utf8.position();
    if (utf8.slice()
        .limit(Math.min(3, utf8.remaining()))
        .equals(ByteBuffer.wrap(BYTE_ORDER_MARK))) {
      throw malformed("header must start with '{', got a byte order mark");
    }
    if (utf8.hasRemaining() && utf8.get(at) != '{') {
      warnings.add("header starts with blanks before its '{', which some readers refuse");
    }
  }

  /** Decodes piece by piece, so that a long header is not held twice. */
  private static Reader characters(ByteBuffer utf8) {
    // a new decoder reports malformed bytes
    return new InputStreamReader(
        new ByteArrayInputStream(
            utf8.array(), utf8.arrayOffset() + utf8.position(), utf8.remaining()),
        StandardCharsets.UTF_8.newDecoder());
  }

  private Header header() {
    if (unknownFields > 1) {
      warnings.add("further fields that the format does not name: " + (unknownFields - 1));
    }
    return new Header(
        ImmutableMap.copyOf(tensors), ImmutableMap.copyOf(metadata), warnings.build());
  }

  private void parse(JsonParser json) throws IOException {
    expect(json.nextToken(), JsonToken.START_OBJECT, "header");
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = json.currentName();
      requireUnicode(name);
      JsonToken value = json.nextToken();
      if (name.equals(METADATA)) {
        parseMetadata(json, value);
      } else {
        expect(value, JsonToken.START_OBJECT, "tensor '" + name + "'");
        tensors.put(name, parseTensor(json, name));
      }
    }
    if (json.nextToken() != null) {
      throw malformed("header must end after its object, got more text");
    }
  }

  private void parseMetadata(JsonParser json, JsonToken value) throws IOException {
    if (value == JsonToken.VALUE_NULL) {
      return;
    }
    expect(value, JsonToken.START_OBJECT, "__metadata__");
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      expect(json.nextToken(), JsonToken.VALUE_STRING, "__metadata__ entry '" + key + "'");
      requireUnicode(key);
      requireUnicode(json.getText());
      metadata.put(key, json.getText());
    }
  }

  private TensorInfo parseTensor(JsonParser json, String name) throws IOException {
    Optional<Dtype> dtype = Optional.empty();
    Optional<ImmutableList<Long>> shape = Optional.empty();
    Optional<ImmutableList<Long>> offsets = Optional.empty();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String field = json.currentName();
      JsonToken value = json.nextToken();
      switch (field) {
        case "dtype" -> dtype = Optional.of(parseDtype(json, value, name));
        case "shape" -> shape = Optional.of(parseLongs(json, value, name, field));
        case "data_offsets" -> offsets = Optional.of(parseLongs(json, value, name, field));
        default -> passOver(json, name, field);
      }
    }
    return tensor(
        name,
        dtype.orElseThrow(() -> lacks(name, "dtype")),
        shape.orElseThrow(() -> lacks(name, "shape")),
        offsets.orElseThrow(() -> lacks(name, "data_offsets")));
  }

  private void passOver(JsonParser json, String name, String field) throws IOException {
    json.skipChildren();
    if (unknownFields++ == 0) {
      warnings.add(
          PlainText.of(
              "tensor '" + name + "' has a field '" + field + "' that the format does not name"));
    }
  }

  private TensorInfo tensor(
      String name, Dtype dtype, ImmutableList<Long> shape, ImmutableList<Long> offsets) {
    if (offsets.size() != 2 || offsets.get(1) < offsets.get(0)) {
      throw sizeMismatch(
          "tensor '%s': data_offsets must be two ascending numbers, got %s", name, offsets);
    }
    TensorInfo info = new TensorInfo(name, dtype, shape, offsets.get(0), offsets.get(1));
    long expected =
        info.neededBytes()
            .orElseThrow(
                () ->
                    sizeMismatch(
                        "tensor '%s': size of %s %s must be a number of bytes",
                        name, dtype, shape));
    if (expected != info.byteSize()) {
      throw sizeMismatch(
          "tensor '%s': %s %s needs %s bytes, but its data_offsets %s hold %s",
          name, dtype, shape, expected, offsets, info.byteSize());
    }
    return info;
  }

  private Dtype parseDtype(JsonParser json, JsonToken value, String name) throws IOException {
    expect(value, JsonToken.VALUE_STRING, "dtype of tensor '" + name + "'");
    String text = json.getText();
    return Dtype.named(text)
        .orElseThrow(
            () ->
                new CheckpointFormatException(
                    Reason.UNKNOWN_DTYPE,
                    file,
                    "tensor '" + name + "': dtype must be one of the format's, got " + text));
  }

  private ImmutableList<Long> parseLongs(
      JsonParser json, JsonToken value, String name, String field) throws IOException {
    String what = field + " of tensor '" + name + "'";
    expect(value, JsonToken.START_ARRAY, what);
    List<Long> numbers = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      expect(json.currentToken(), JsonToken.VALUE_NUMBER_INT, what);
      long number = json.getLongValue();
      if (number < 0 || json.getText().startsWith("-")) {
        throw malformed(what + " must not be negative, got " + json.getText());
      }
      numbers.add(number);
    }
    return ImmutableList.copyOf(numbers);
  }

  private void expect(JsonToken got, JsonToken wanted, String what) {
    if (got != wanted) {
      throw malformed(what + " must be " + wanted.name() + ", got " + got);
    }
  }

  private void requireUnicode(String text) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw malformed("names and metadata must be Unicode, got a lone surrogate");
    }
  }

  private CheckpointFormatException lacks(String name, String field) {
    return malformed("tensor '" + name + "' must have " + field + ", got none");
  }

  private CheckpointFormatException notJson(JsonProcessingException e) {
    // Jackson writes the numbers of its limits in the locale's digits
    String got =
        e instanceof StreamConstraintsException
            ? "a value beyond all measure (nesting above 8, or a number of 1000 digits)"
            : JsonFault.of(e);
    Reason reason = got.startsWith("Duplicate") ? Reason.DUPLICATE_NAME : Reason.MALFORMED_JSON;
    return new CheckpointFormatException(
        reason, file, "header must be JSON, got " + got + place(e.getLocation()), e);
  }

  /** Where a parser failed; a broken limit has no place. */
  private static String place(@Nullable JsonLocation at) {
    return at == null ? "" : " at character " + at.getCharOffset();
  }

  private CheckpointFormatException malformed(String detail) {
    return new CheckpointFormatException(Reason.MALFORMED_JSON, file, detail);
  }

  private CheckpointFormatException sizeMismatch(String format, Object... values) {
    return new CheckpointFormatException(
        Reason.SIZE_MISMATCH, file, com.google.common.base.Strings.lenientFormat(format, values));
  }
}
