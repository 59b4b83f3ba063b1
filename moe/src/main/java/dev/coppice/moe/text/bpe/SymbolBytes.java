package dev.coppice.moe.text.bpe;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * How many bytes of text each id of a {@code tokenizer.json} stands for.
 *
 * <p>A symbol of a byte-level vocabulary has a letter a byte, and {@code <0xE2>} is one byte where
 * bytes are a fallback: so characters that are parted over several ids are counted right. Special
 * tokens have none, other added tokens those of their text. What remains is decoded behind a
 * letter, where the blank that a symbol begins with is not left out.
 */
public final class SymbolBytes {
  private static final Pattern FALLBACK = Pattern.compile("<0x[0-9A-Fa-f]{2}>");
  private static final int UNKNOWN = -1;

  /** Bytes that cannot be seen are the 68 letters from U+0100 on. */
  private static final int HIDDEN_END = 256 + 68;

  private final Map<Integer, Integer> known;
  private final Function<int[], String> decoder;
  private final int[] anchor;
  private final Map<Integer, Integer> probed = new HashMap<>();

  private SymbolBytes(Map<Integer, Integer> known, Function<int[], String> decoder, int[] anchor) {
    this.known = known;
    this.decoder = decoder;
    this.anchor = anchor;
  }

  /**
   * Reads a description.
   *
   * @param json a {@code tokenizer.json}
   * @param decoder of ids, special tokens left out
   * @param anchor ids of a letter
   */
  public static SymbolBytes of(JsonNode json, Function<int[], String> decoder, int... anchor) {
    Map<Integer, Integer> known = new HashMap<>();
    boolean byteLevel = hasType(json.path("decoder"), "ByteLevel");
    boolean fallback = hasType(json.path("decoder"), "ByteFallback");
    JsonNode vocabulary = json.path("model").path("vocab");
    if (vocabulary.isArray()) {
      for (int id = 0; id < vocabulary.size(); id++) {
        put(known, id, symbolBytes(vocabulary.path(id).path(0).asText(), byteLevel, fallback));
      }
    } else {
      vocabulary
          .properties()
          .forEach(
              e -> put(known, e.getValue().asInt(), symbolBytes(e.getKey(), byteLevel, fallback)));
    }
    for (JsonNode token : json.path("added_tokens")) {
      boolean special = token.path("special").asBoolean();
      known.put(token.path("id").asInt(), special ? 0 : utf8(token.path("content").asText()));
    }
    return new SymbolBytes(known, decoder, anchor);
  }

  private static void put(Map<Integer, Integer> known, int id, OptionalInt bytes) {
    bytes.ifPresent(count -> known.put(id, count));
  }

  private static OptionalInt symbolBytes(String symbol, boolean byteLevel, boolean fallback) {
    if (byteLevel) {
      boolean letters = symbol.chars().allMatch(SymbolBytes::standsForAByte);
      return OptionalInt.of(letters ? symbol.length() : utf8(symbol));
    }
    boolean one = fallback && FALLBACK.matcher(symbol).matches();
    return one ? OptionalInt.of(1) : OptionalInt.empty();
  }

  /** Whether a letter is one of the 256 that byte-level vocabularies write bytes with. */
  private static boolean standsForAByte(int letter) {
    return letter < HIDDEN_END && (letter >= 256 || BytePairRules.symbol(letter) == letter);
  }

  private static boolean hasType(JsonNode decoder, String type) {
    if (decoder.path("type").asText().equals(type)) {
      return true;
    }
    for (JsonNode part : decoder.path("decoders")) {
      if (hasType(part, type)) {
        return true;
      }
    }
    return false;
  }

  /** Bytes of an id. */
  public synchronized int of(int id) {
    int count = known.getOrDefault(id, UNKNOWN);
    return count == UNKNOWN ? probed.computeIfAbsent(id, this::probe) : count;
  }

  private int probe(int id) {
    int[] behind = Arrays.copyOf(anchor, anchor.length + 1);
    behind[anchor.length] = id;
    return Math.max(0, utf8(decoder.apply(behind)) - utf8(decoder.apply(anchor)));
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
