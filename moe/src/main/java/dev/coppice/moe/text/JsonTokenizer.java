package dev.coppice.moe.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.common.primitives.Ints;
import com.google.common.primitives.Longs;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * The tokenizer that a {@code tokenizer.json} describes.
 *
 * <p><b>Source</b>: Hugging Face tokenizers, through DJL's binding.
 */
public final class JsonTokenizer implements Tokenizer {
  /** Nothing is cut off or filled up. */
  private static final Map<String, String> WHOLE =
      Map.of("truncation", "false", "padding", "false");

  private static final int PIECE = 1 << 16;

  private final HuggingFaceTokenizer tokenizer;
  private final int vocabularySize;

  private JsonTokenizer(HuggingFaceTokenizer tokenizer, int vocabularySize) {
    this.tokenizer = tokenizer;
    this.vocabularySize = vocabularySize;
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
      return new JsonTokenizer(HuggingFaceTokenizer.newInstance(file, WHOLE), vocabularySize);
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

  @Override
  public String name() {
    return "json";
  }

  @Override
  public int vocabularySize() {
    return vocabularySize;
  }

  /** Without special tokens; a long document goes in pieces that end at the end of a line. */
  @Override
  public void encode(InputStream utf8, TokenSink sink) throws IOException {
    BufferedReader reader = new BufferedReader(new InputStreamReader(utf8, StandardCharsets.UTF_8));
    StringBuilder piece = new StringBuilder();
    for (int next = reader.read(); next >= 0; next = reader.read()) {
      piece.append((char) next);
      if (next == '\n' && piece.length() >= PIECE) {
        drain(piece, sink);
      }
    }
    drain(piece, sink);
  }

  private void drain(StringBuilder piece, TokenSink sink) throws IOException {
    for (int id : ids(piece.toString(), false)) {
      sink.accept(id);
    }
    piece.setLength(0);
  }

  @Override
  public int[] encode(String prompt) {
    return ids(prompt, true);
  }

  private int[] ids(String text, boolean special) {
    if (text.isEmpty()) {
      return new int[0];
    }
    int[] ids = Ints.toArray(Longs.asList(tokenizer.encode(text, special, false).getIds()));
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
