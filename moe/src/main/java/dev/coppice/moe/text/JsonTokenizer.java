package dev.coppice.moe.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import com.google.common.primitives.Ints;
import com.google.common.primitives.Longs;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tokenizer that a {@code tokenizer.json} describes.
 *
 * <p>Text that a byte-level BPE of the usual kind reads goes through {@link BytePairEncoder}, ten
 * times as fast; the rest, and every prompt, through the library. <b>Source</b>: Hugging Face
 * tokenizers, through DJL's binding.
 */
public final class JsonTokenizer implements Tokenizer {
  /** Nothing is cut off or filled up. */
  private static final Map<String, String> WHOLE =
      Map.of("truncation", "false", "padding", "false");

  private static final ImmutableList<String> LINE_ENDS =
      ImmutableList.of("a\n", "a1\n", "a;\n", "{};\n", "中\n", "é\n", "it's\n", "a\"\n", "/\n");

  private static final ImmutableList<String> LINE_STARTS =
      ImmutableList.of("a", "The cat", "s b", "ll", "S x", "zebra 1");

  private static final ImmutableList<String> WORD_ENDS =
      ImmutableList.of("a", "A", "The cat", "it's", "éa", ";a");

  private static final ImmutableList<String> CARRIAGE_RETURNS =
      ImmutableList.of("\r\n", "\r\na", "\r\n b", "\r\n\r\n", "\r\n;");

  private final HuggingFaceTokenizer tokenizer;
  private final String fingerprint;
  private final int vocabularySize;
  private final Optional<BytePairEncoder> fast;
  private final TextPieces.Cuts cuts;

  private JsonTokenizer(HuggingFaceTokenizer tokenizer, byte[] description, int vocabularySize)
      throws IOException {
    this.tokenizer = tokenizer;
    this.fingerprint = Hashing.sha256().hashBytes(description).toString();
    this.vocabularySize = vocabularySize;
    this.cuts = probeCuts();
    this.fast =
        BytePairRules.read(new ObjectMapper().readTree(description))
            .filter(rules -> cuts == TextPieces.Cuts.AT_LINES)
            .flatMap(rules -> BytePairEncoder.of(rules, this::slow));
  }

  /**
   * Reads a description.
   *
   * @param file a {@code tokenizer.json}
   * @param vocabularySize rows of the model's embedding: no id may reach it
   * @throws CoppiceException INPUT_INVALID if it cannot be read
   */
  public static JsonTokenizer open(Path file, int vocabularySize) throws IOException {
    try {
      return new JsonTokenizer(
          HuggingFaceTokenizer.newInstance(file, WHOLE), Files.readAllBytes(file), vocabularySize);
    } catch (RuntimeException e) {
      throw new CoppiceException(
          ExitCode.INPUT_INVALID,
          "tokenizer must be one that the tokenizers library reads, got "
              + e.getMessage()
              + " ("
              + file
              + ")",
          e);
    }
  }

  private TextPieces.Cuts probeCuts() {
    return partsAreTheWhole(LINE_ENDS, LINE_STARTS) && partsAreTheWhole(WORD_ENDS, CARRIAGE_RETURNS)
        ? TextPieces.Cuts.AT_LINES
        : TextPieces.Cuts.NOWHERE;
  }

  private boolean partsAreTheWhole(List<String> ends, List<String> starts) {
    for (String end : ends) {
      for (String start : starts) {
        if (!Arrays.equals(slow(end + start), Ints.concat(slow(end), slow(start)))) {
          return false;
        }
      }
    }
    return true;
  }

  @Override
  public String name() {
    return "json";
  }

  /** SHA-256 of the description, 64 hexadecimal digits. */
  @Override
  public String fingerprint() {
    return fingerprint;
  }

  @Override
  public int vocabularySize() {
    return vocabularySize;
  }

  /** At lines, if trials show that this tokenizer allows it. */
  @Override
  public TextPieces.Cuts cuts() {
    return cuts;
  }

  @Override
  public int[] encodePiece(String piece) {
    return checked(fast.isPresent() ? fast.get().encode(piece) : slow(piece));
  }

  /** Whether text goes the fast way. */
  boolean isFast() {
    return fast.isPresent();
  }

  /**
   * The library's own ids. DJL's objects are gone round: they copy each token's text and place out
   * of native memory, which costs as much as the encoding.
   */
  int[] slow(String text) {
    if (text.isEmpty()) {
      return new int[0];
    }
    long encoding = TokenizersLibrary.LIB.encode(tokenizer.getHandle(), paired(text), false);
    try {
      return Ints.toArray(Longs.asList(TokenizersLibrary.LIB.getTokenIds(encoding)));
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
  }

  @Override
  public int[] encode(String prompt) {
    return prompt.isEmpty()
        ? new int[0]
        : checked(
            Ints.toArray(Longs.asList(tokenizer.encode(paired(prompt), true, false).getIds())));
  }

  /**
   * A text without surrogates that lack their other half, which become question marks: one of them
   * makes the library misread every pair of the text.
   */
  private static String paired(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text)
        ? text
        : new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }

  private int[] checked(int[] ids) {
    for (int id : ids) {
      if (id >= vocabularySize) {
        throw new CoppiceException(
            ExitCode.INPUT_INVALID,
            "token id must be below the model's vocabulary of "
                + vocabularySize
                + ", got "
                + id
                + " (tokenizer.json)");
      }
    }
    return ids;
  }

  @Override
  public String decode(int... ids) {
    return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
