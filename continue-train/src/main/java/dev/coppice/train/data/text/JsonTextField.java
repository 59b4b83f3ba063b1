package dev.coppice.train.data.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Takes the text out of a line that is a JSON object.
 *
 * <p>Other fields may hold any value of JSON, of any length, and {@code NaN} and {@code Infinity},
 * which Python writes; they are passed over.
 */
final class JsonTextField {
  private static final int DEEPEST = 10_000;
  private static final int EXCERPT = 20;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxNestingDepth(DEEPEST)
                  .build())
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build();

  private final String field;
  private final String noun;

  /**
   * Takes the text of a field.
   *
   * @param field its name, at the top of the object
   */
  JsonTextField(String field) {
    this(field, "line");
  }

  /**
   * Takes the text of a field.
   *
   * @param field its name, at the top of the object
   * @param noun that messages call the object by
   */
  JsonTextField(String field, String noun) {
    this.field = field;
    this.noun = noun;
  }

  /**
   * A list of objects, to be read one by one.
   *
   * @param in UTF-8
   */
  static JsonParser list(InputStream in) throws IOException {
    return JSON.createParser(in);
  }

  /**
   * The text of the next object of a list; nothing at its end.
   *
   * @param list as {@link #list} gave it
   * @throws BadLineException when it is no object, or the field is not there once as a string, or
   *     the list does not end as it must
   */
  Optional<String> next(JsonParser list) throws BadLineException, IOException {
    try {
      JsonToken token = list.nextToken();
      if (token == JsonToken.START_ARRAY && isOutermost(list)) {
        token = list.nextToken();
      }
      if (token == JsonToken.START_OBJECT) {
        return Optional.of(field(list));
      }
      if (token != JsonToken.END_ARRAY) {
        throw new BadLineException("object must be one of JSON, got " + words(list));
      }
      if (list.nextToken() != null) {
        throw new BadLineException("list must end the file, got " + words(list) + " behind it");
      }
      return Optional.empty();
    } catch (StreamConstraintsException e) {
      throw new BadLineException(
          "object must nest at most " + DEEPEST + " values in one another, got more", e);
    } catch (JsonEOFException e) {
      throw new BadLineException("list must be whole, got one that ends early", e);
    } catch (JsonProcessingException e) {
      throw new BadLineException("object must be one of JSON, got something else", e);
    }
  }

  private static boolean isOutermost(JsonParser list) {
    return list.getParsingContext().getParent().inRoot();
  }

  /** A line is not as it must be; the message has rule and value, no place. */
  static final class BadLineException extends Exception {
    private static final long serialVersionUID = 1;

    BadLineException(String message) {
      super(message);
    }

    BadLineException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * The text of a line.
   *
   * @param line UTF-8
   * @throws BadLineException when it is no JSON object, or the field is not there once as a string
   */
  String text(byte[] line) throws BadLineException, IOException {
    try (JsonParser parser = JSON.createParser(line)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new BadLineException("line must be a JSON object, got " + words(parser));
      }
      String text = field(parser);
      if (parser.nextToken() != null) {
        throw new BadLineException("line must end with its JSON object, got " + words(parser));
      }
      return text;
    } catch (StreamConstraintsException e) {
      throw new BadLineException(
          "line must nest at most " + DEEPEST + " values in one another, got more", e);
    } catch (JsonEOFException e) {
      throw new BadLineException("line must be a whole JSON object, got one that ends early", e);
    } catch (JsonProcessingException e) {
      throw new BadLineException("line must be a JSON object, got " + excerpt(line, e), e);
    }
  }

  private String field(JsonParser parser) throws BadLineException, IOException {
    Optional<String> text = Optional.empty();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      boolean wanted = parser.currentName().equals(field);
      JsonToken value = parser.nextToken();
      if (wanted && value != JsonToken.VALUE_STRING) {
        throw new BadLineException(
            "field \"" + field + "\" must be a string, got " + words(parser));
      }
      if (wanted && text.isPresent()) {
        throw new BadLineException(
            noun + " must have the field \"" + field + "\" once, got it again");
      }
      text = wanted ? Optional.of(parser.getText()) : text;
      parser.skipChildren();
    }
    return text.orElseThrow(
        () -> new BadLineException(noun + " must have the field \"" + field + "\", got none"));
  }

  private static String words(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT, END_OBJECT -> "an object";
      case START_ARRAY, END_ARRAY -> "a list";
      case VALUE_STRING -> "a string";
      case VALUE_NULL, VALUE_TRUE, VALUE_FALSE -> token.asString();
      default -> "a number";
    };
  }

  /** What stands where a parser stopped. */
  private static String excerpt(byte[] line, JsonProcessingException e) {
    @Nullable JsonLocation at = e.getLocation();
    int from = at == null ? 0 : (int) Math.max(0, at.getByteOffset());
    int start = Math.min(from, line.length);
    int count = Math.min(EXCERPT, line.length - start);
    String shown =
        new String(line, start, count, StandardCharsets.UTF_8)
            .replaceAll("\\p{Cntrl}", "?")
            .strip();
    return String.format(Locale.ROOT, "'%s' at byte %d", shown, start);
  }
}
