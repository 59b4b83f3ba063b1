package dev.coppice.train.data.folder;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Whether the first bytes of a file are those of JSON objects with texts. */
enum JsonHead {
  /** No JSON objects. */
  NONE,
  /** Something in JSON, but no list or lines of objects that have the field. */
  OTHER,
  /** The first line alone is an object that has the field; the next is none. */
  FIRST_LINE,
  /** An object a line, the first of which has the field. */
  LINES,
  /** A list of objects, the first of which has the field. */
  LIST;

  /** Whether they are objects with texts. */
  boolean isObjects() {
    return this == LINES || this == LIST;
  }

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build();

  /**
   * What a file begins with.
   *
   * @param head its first bytes, unpacked, UTF-8 without a byte order mark
   * @param whole whether these are all
   * @param field that has the text
   */
  static JsonHead of(byte[] head, boolean whole, String field) {
    String text = new String(head, StandardCharsets.UTF_8).stripLeading();
    if (text.startsWith("[")) {
      return list(text, whole, field);
    }
    if (!text.startsWith("{")) {
      return NONE;
    }
    List<String> lines = text.lines().filter(line -> !line.isBlank()).limit(3).toList();
    boolean firstIsCut = lines.size() == 1 && !whole;
    Sight first = Sight.of(lines.get(0), field);
    if (!(first.whole() || (firstIsCut && first.field()))) {
      return isJson(text, whole) ? OTHER : NONE;
    }
    if (!first.field()) {
      return OTHER;
    }
    boolean secondIsCut = lines.size() == 2 && !whole;
    return lines.size() < 2 || secondIsCut || Sight.of(lines.get(1), field).whole()
        ? LINES
        : FIRST_LINE;
  }

  private static JsonHead list(String text, boolean whole, String field) {
    String inside = text.substring(1).stripLeading();
    if (inside.startsWith("{") && Sight.of(inside, field).field()) {
      return LIST;
    }
    return isJson(text, whole) ? OTHER : NONE;
  }

  /** Whether a text is one JSON value, or its beginning. */
  private static boolean isJson(String text, boolean whole) {
    try (JsonParser parser = JSON.createParser(text)) {
      int values = 0;
      while (parser.nextToken() != null) {
        values++;
      }
      return values > 0;
    } catch (JsonEOFException e) {
      return !whole;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * What is seen of an object.
   *
   * @param whole whether it is a whole object with nothing behind it
   * @param field whether it has the field, as a string
   */
  private record Sight(boolean whole, boolean field) {

    static Sight of(String text, String field) {
      boolean has = false;
      try (JsonParser parser = JSON.createParser(text)) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          return new Sight(false, false);
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          boolean wanted = parser.currentName().equals(field);
          JsonToken value = parser.nextToken();
          has |= wanted && value == JsonToken.VALUE_STRING;
          parser.skipChildren();
        }
        return new Sight(parser.nextToken() == null, has);
      } catch (IOException e) {
        return new Sight(false, has);
      }
    }
  }
}
