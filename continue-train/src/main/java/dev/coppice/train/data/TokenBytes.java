package dev.coppice.train.data;

import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.moe.text.JsonTokenizer;
import dev.coppice.moe.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How many bytes of text tokens stand for, so that a loss a token becomes one a byte.
 *
 * <p>A token counts as its tokenizer decodes it in the midst of a text. The token that was put
 * behind a document has no byte, and neither has a special token. Where a model has no tokenizer and
 * its vocabulary is not one of bytes, the count is not known.
 */
public final class TokenBytes implements AutoCloseable {
  private static final int BYTES = 256;

  private final Tokenizer tokenizer;
  private final boolean known;

  private TokenBytes(Tokenizer tokenizer, boolean known) {
    this.tokenizer = tokenizer;
    this.known = known;
  }

  /**
   * As a tokenizer decodes.
   *
   * @param tokenizer closed with this object
   */
  public static TokenBytes of(Tokenizer tokenizer) {
    return new TokenBytes(tokenizer, true);
  }

  /**
   * As a tokenizer decodes the ids of a model.
   *
   * @param tokenizer closed with this object
   * @param vocabulary rows of the model's embedding; of bytes where there are 256
   */
  public static TokenBytes of(Tokenizer tokenizer, int vocabulary) {
    return new TokenBytes(tokenizer, !isByte(tokenizer) || vocabulary == BYTES);
  }

  private static boolean isByte(Tokenizer tokenizer) {
    return tokenizer.name().equals("byte");
  }

  /** One byte a token. */
  public static TokenBytes plain() {
    return of(new ByteTokenizer());
  }

  /**
   * As a checkpoint's own tokenizer decodes; bytes where it has none.
   *
   * @param checkpoint folder
   * @param vocabulary rows of its embedding
   * @throws IOException when the tokenizer cannot be read
   */
  public static TokenBytes of(Path checkpoint, int vocabulary) throws IOException {
    Path file = checkpoint.resolve("tokenizer.json");
    return Files.isRegularFile(file)
        ? of(JsonTokenizer.open(file, vocabulary))
        : of(new ByteTokenizer(), vocabulary);
  }

  /**
   * Bytes of a token.
   *
   * @param token of a document
   * @param last whether the document ends with it
   * @param documentEnd token that was put behind documents, if one was
   * @return nothing where that is not known
   */
  public OptionalLong of(int token, boolean last, OptionalInt documentEnd) {
    if (last && documentEnd.isPresent() && documentEnd.getAsInt() == token) {
      return OptionalLong.of(0);
    }
    boolean foreign = isByte(tokenizer) && token >= BYTES;
    return foreign || !known ? OptionalLong.empty() : OptionalLong.of(tokenizer.bytes(token));
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
