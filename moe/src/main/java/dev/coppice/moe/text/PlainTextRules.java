package dev.coppice.moe.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.primitives.Ints;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.PlainJson;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;

/**
 * A {@code tokenizer.json} changed so that special tokens in a text are not seen.
 *
 * <p>Those that the model's own vocabulary holds are taken out of the list of added tokens; the
 * others get a text that no document holds, so that the ids of tokens behind them stay. Added
 * tokens that are not special stay as they are.
 */
final class PlainTextRules {
  /** A noncharacter, which no text holds. */
  private static final String NOWHERE = "\uFDD0";

  private PlainTextRules() {}

  /** The changed description. */
  static byte[] of(byte[] description) throws IOException {
    JsonNode json = PlainJson.mapper().readTree(description);
    Set<String> words = vocabulary(json.path("model").path("vocab"));
    ArrayNode kept = PlainJson.mapper().createArrayNode();
    for (JsonNode token : json.path("added_tokens")) {
      boolean special = token.path("special").asBoolean();
      if (!special) {
        kept.add(token);
      } else if (!words.contains(token.path("content").asText())) {
        ObjectNode hidden = token.deepCopy();
        hidden.put("content", NOWHERE + token.path("id").asText() + NOWHERE);
        hidden.put("normalized", false);
        kept.add(hidden);
      }
    }
    if (json instanceof ObjectNode object && object.has("added_tokens")) {
      object.set("added_tokens", kept);
    }
    return PlainJson.mapper().writeValueAsBytes(json);
  }

  private static Set<String> vocabulary(JsonNode vocab) {
    Set<String> words = new HashSet<>();
    vocab.fieldNames().forEachRemaining(words::add);
    if (vocab.isArray()) {
      vocab.forEach(entry -> words.add(entry.path(0).asText()));
    }
    return words;
  }

  /**
   * Checks that the tokens that stay have their ids.
   *
   * @throws CoppiceException when one has another
   */
  static void check(byte[] changed, Function<String, int[]> encode) throws IOException {
    for (JsonNode token : PlainJson.mapper().readTree(changed).path("added_tokens")) {
      String content = token.path("content").asText();
      if (!token.path("special").asBoolean()
          && !Ints.contains(encode.apply(content), token.path("id").asInt())) {
        throw new CoppiceException(
            ErrorKind.INPUT_INVALID,
            "added token '"
                + content
                + "' must keep its id "
                + token.path("id").asInt()
                + " where special tokens are text (tokenizer.json)");
      }
    }
  }
}
