package dev.coppice.train.data.encode;

import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.moe.text.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How many bytes of text tokens stand for, so that a loss a token becomes one a byte.
 *
 * <p>A token counts as its tokenizer decodes it in the midst of a text. The token that was put
 * behind a document has no byte, and neither has a special token. Where a model has no tokenizer,
 * or an id is no byte of a tokenizer of bytes, the count is not known.
 */
public final class TokenBytes implements AutoCloseable {
  private static final int BYTES = 256;

  private final Tokenizer tokenizer;

  private TokenBytes(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * As a tokenizer decodes.
   *
   * @param tokenizer closed with this object
   */
  public static TokenBytes of(Tokenizer tokenizer) {
    return new TokenBytes(tokenizer);
  }

  /** One byte a token. */
  public static TokenBytes plain() {
    return of(new ByteTokenizer());
  }

  /**
   * As a checkpoint's own tokenizer decodes; where it has none, bytes if its vocabulary is one of
   * bytes, and else nothing is known.
   *
   * @param checkpoint folder
   * @param vocabulary rows of its embedding
   * @throws IOException when the tokenizer cannot be read
   */
  public static TokenBytes of(Path checkpoint, int vocabulary) throws IOException {
    Optional<String> lack = Tokenizers.lack(checkpoint, vocabulary);
    return of(
        lack.isPresent()
            ? new MissingTokenizer(vocabulary, lack.get())
            : Tokenizers.of(checkpoint, vocabulary));
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
    boolean foreign =
        tokenizer.name().equals(MissingTokenizer.NAME)
            || (tokenizer.name().equals("byte") && token >= BYTES);
    return foreign ? OptionalLong.empty() : OptionalLong.of(tokenizer.bytes(token));
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
