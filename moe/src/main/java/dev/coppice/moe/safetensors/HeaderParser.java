package dev.coppice.moe.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a header's JSON, token by token, and refuses whatever the format does not name.
 *
 * <p>Stricter than the reference where that is ambiguous: a name that stands twice, a tensor
 * written as an array and an extent of 2^63 or more are errors here. An unknown field of a tensor
 * is passed over, as there.
 */
final class HeaderParser {
  private static final int MAX_NESTING = 8;
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
          .build();

  /** What a header says. */
  record Header(ImmutableMap<String, TensorInfo> tensors, ImmutableMap<String, String> metadata) {}

  private final Path file;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private HeaderParser(Path file) {
    this.file = file;
  }

  static Header parse(Path file, ByteBuffer utf8) {
    HeaderParser parser = new HeaderParser(file);
    try (JsonParser json = JSON.createParser(parser.decode(utf8))) {
      parser.parse(json);
    } catch (JsonProcessingException e) {
      String detail = e.getOriginalMessage();
      Reason reason =
          detail.startsWith("Duplicate") ? Reason.DUPLICATE_NAME : Reason.MALFORMED_JSON;
      throw new CheckpointFormatException(
          reason,
          file,
          "header must be JSON, got " + detail + " at character " + e.getLocation().getCharOffset(),
          e);
    } catch (IOException e) {
      throw parser.malformed("header must be JSON, got " + e.getMessage());
    }
    return new Header(ImmutableMap.copyOf(parser.tensors), ImmutableMap.copyOf(parser.metadata));
  }

  private char[] decode(ByteBuffer utf8) {
    try {
      CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(utf8);
      char[] chars = new char[text.remaining()];
      text.get(chars);
      if (chars.length > 0 && chars[0] == '\uFEFF') {
        throw malformed("header must start with '{', got a byte order mark");
      }
      return chars;
    } catch (CharacterCodingException e) {
      throw malformed("header must be UTF-8, got malformed bytes");
    }
  }

  private void parse(JsonParser json) throws IOException {
    expect(json.nextToken(), JsonToken.START_OBJECT, "header");
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = json.currentName();
      requireUnicode(name);
      JsonToken value = json.nextToken();
      if (name.equals("__metadata__")) {
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
        default -> json.skipChildren();
      }
    }
    return tensor(
        name,
        dtype.orElseThrow(() -> lacks(name, "dtype")),
        shape.orElseThrow(() -> lacks(name, "shape")),
        offsets.orElseThrow(() -> lacks(name, "data_offsets")));
  }

  private TensorInfo tensor(
      String name, Dtype dtype, ImmutableList<Long> shape, ImmutableList<Long> offsets) {
    if (offsets.size() != 2 || offsets.get(1) < offsets.get(0)) {
      throw sizeMismatch(
          "tensor '%s': data_offsets must be two ascending numbers, got %s", name, offsets);
    }
    TensorInfo info = new TensorInfo(name, dtype, shape, offsets.get(0), offsets.get(1));
    long expected;
    try {
      expected = dtype.byteSize(info.elementCount());
    } catch (ArithmeticException | IllegalArgumentException e) {
      throw sizeMismatch(
          "tensor '%s': size of %s %s must be a number of bytes", name, dtype, shape);
    }
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

  private void requireUnicode(String name) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
      throw malformed("tensor names must be Unicode, got a lone surrogate");
    }
  }

  private CheckpointFormatException lacks(String name, String field) {
    return malformed("tensor '" + name + "' must have " + field + ", got none");
  }

  private CheckpointFormatException malformed(String detail) {
    return new CheckpointFormatException(Reason.MALFORMED_JSON, file, detail);
  }

  private CheckpointFormatException sizeMismatch(String format, Object... values) {
    return new CheckpointFormatException(
        Reason.SIZE_MISMATCH, file, com.google.common.base.Strings.lenientFormat(format, values));
  }
}
