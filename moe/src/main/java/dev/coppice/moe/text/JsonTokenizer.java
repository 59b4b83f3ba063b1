package dev.coppice.moe.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.base.Ascii;
import com.google.common.base.Suppliers;
import com.google.common.hash.Hashing;
import com.google.common.primitives.Ints;
import com.google.common.primitives.Longs;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.PlainJson;
import dev.coppice.moe.text.bpe.BytePairEncoder;
import dev.coppice.moe.text.bpe.BytePairRules;
import dev.coppice.moe.text.bpe.SymbolBytes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

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

  private static final String TRIAL = "a";

  /** Measured with Mixtral's kind of tokenizer, and rounded up. */
  private static final int LIBRARY_BYTES = 150;

  private static final int LONGEST_QUOTE = 40;

  private final HuggingFaceTokenizer tokenizer;
  private final HuggingFaceTokenizer reader;
  private final boolean seesSpecialTokens;
  private final String fingerprint;
  private final int vocabularySize;
  private final int[] prefix;
  private final Optional<BytePairEncoder> fast;
  private final Splitting splitting;
  private final Supplier<SymbolBytes> bytes;

  /**
   * A tokenizer.
   *
   * @param tokenizer as its file describes it: reads prompts, and decodes
   * @param reader reads documents; may be the same
   * @param description of the reader
   */
  private JsonTokenizer(
      HuggingFaceTokenizer tokenizer,
      HuggingFaceTokenizer reader,
      byte[] description,
      int vocabularySize)
      throws IOException {
    this.tokenizer = tokenizer;
    this.reader = reader;
    this.seesSpecialTokens = tokenizer.equals(reader);
    this.fingerprint = Hashing.sha256().hashBytes(description).toString();
    this.vocabularySize = vocabularySize;
    this.prefix = probePrefix();
    this.bytes = Suppliers.memoize(() -> symbolBytes(description));
    JsonNode json = PlainJson.mapper().readTree(description);
    this.splitting = Splitting.of(json, this::slow);
    this.fast =
        BytePairRules.read(json)
            .filter(rules -> cuts() == TextPieces.Cuts.AT_LINES)
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
      HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(file, WHOLE);
      return new JsonTokenizer(tokenizer, tokenizer, Files.readAllBytes(file), vocabularySize);
    } catch (RuntimeException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Reads a description, and has documents read as plain text: special tokens that are written in
   * them are letters like others. Prompts, what stands before them, and decoding stay as they are.
   *
   * @param file a {@code tokenizer.json}
   * @param vocabularySize rows of the model's embedding: no id may reach it
   * @throws CoppiceException INPUT_INVALID if it cannot be read
   */
  public static JsonTokenizer openForPlainText(Path file, int vocabularySize) throws IOException {
    try {
      byte[] plain = PlainTextRules.of(Files.readAllBytes(file));
      HuggingFaceTokenizer reader =
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(plain), WHOLE);
      PlainTextRules.check(plain, text -> encoded(reader, text, false));
      return new JsonTokenizer(
          HuggingFaceTokenizer.newInstance(file, WHOLE), reader, plain, vocabularySize);
    } catch (CoppiceException e) {
      throw e;
    } catch (RuntimeException e) {
      throw unreadable(file, e);
    }
  }

  private static CoppiceException unreadable(Path file, RuntimeException fault) {
    return new CoppiceException(
        ErrorKind.INPUT_INVALID,
        "tokenizer must be one that the tokenizers library reads, got "
            + fault.getMessage()
            + " ("
            + file
            + ")",
        fault);
  }

  /** What stands before the text of a trial; the rest of what is added stands behind it. */
  private int[] probePrefix() {
    int[] plain = encoded(tokenizer, TRIAL, false);
    int[] framed = encoded(tokenizer, TRIAL, true);
    for (int start = 0; start + plain.length <= framed.length; start++) {
      if (Arrays.equals(framed, start, start + plain.length, plain, 0, plain.length)) {
        return Arrays.copyOf(framed, start);
      }
    }
    return new int[0];
  }

  /** Whether the template puts something behind a text. */
  boolean endsTexts() {
    int[] plain = encoded(tokenizer, TRIAL, false);
    return encoded(tokenizer, TRIAL, true).length > prefix.length + plain.length;
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

  /** At lines or blanks, if its description and trials show that this tokenizer allows it. */
  @Override
  public TextPieces.Cuts cuts() {
    return splitting.cuts();
  }

  @Override
  public int memoryPerByte() {
    return fast.isPresent() ? 0 : LIBRARY_BYTES;
  }

  @Override
  public int[] encodePiece(String piece) {
    return checked(fast.isPresent() ? fast.get().encode(piece) : slow(piece));
  }

  @Override
  public int[] encodeLaterPiece(String piece) {
    return splitting.kind() == Splitting.Context.NONE
        ? encodePiece(piece)
        : checked(
            splitting
                .later(piece, this::slow)
                .orElseThrow(
                    () ->
                        new CoppiceException(
                            ErrorKind.INPUT_INVALID,
                            "text must have the same tokens behind any line, got others for '"
                                + Ascii.truncate(piece, LONGEST_QUOTE, "...")
                                + "' (tokenizer.json); give it as shorter documents")));
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
    return encoded(reader, text, false);
  }

  private static int[] encoded(HuggingFaceTokenizer tokenizer, String text, boolean framed) {
    if (text.isEmpty()) {
      return new int[0];
    }
    long encoding = TokenizersLibrary.LIB.encode(tokenizer.getHandle(), paired(text), framed);
    try {
      return Ints.toArray(Longs.asList(TokenizersLibrary.LIB.getTokenIds(encoding)));
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
  }

  @Override
  public int[] encode(String prompt) {
    return checked(Ints.concat(prefix, encoded(tokenizer, prompt, false)));
  }

  @Override
  public int[] prefix() {
    return prefix.clone();
  }

  @Override
  public boolean seesSpecialTokens() {
    return seesSpecialTokens;
  }

  @Override
  public OptionalInt idOf(String token) {
    int[] ids = encoded(tokenizer, token, false);
    return ids.length == 1 && tokenText(ids[0]).equals(token)
        ? OptionalInt.of(ids[0])
        : OptionalInt.empty();
  }

  @Override
  public String tokenText(int id) {
    return tokenizer.decode(new long[] {id}, false);
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
            ErrorKind.INPUT_INVALID,
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

  private SymbolBytes symbolBytes(byte[] description) {
    try {
      return SymbolBytes.of(PlainJson.mapper().readTree(description), this::decode, slow("a"));
    } catch (IOException e) {
      throw new UncheckedIOException("tokenizer.json must still be JSON", e);
    }
  }

  @Override
  public int bytes(int id) {
    return bytes.get().of(id);
  }

  @Override
  public void close() {
    tokenizer.close();
    reader.close();
  }
}
