package dev.coppice.train.eval;

import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.data.encode.TokenBytes;
import dev.coppice.train.data.token.TokenSequence;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Text of a model's evaluation.
 *
 * @param tokens of the text
 * @param tokenBytes bytes that tokens stand for
 * @param documentEnd token that was put behind documents, if one was
 */
public record HeldOutText(TokenSequence tokens, TokenBytes tokenBytes, OptionalInt documentEnd) {
  /**
   * Text whose tokens are bytes, as {@link ByteTokenizer} makes them.
   *
   * @param tokens of the text
   */
  public static HeldOutText ofBytes(TokenSequence tokens) {
    return new HeldOutText(tokens, TokenBytes.plain(), OptionalInt.empty());
  }

  /** Bytes of a token; nothing where that is not known. */
  OptionalLong bytes(int token, boolean last) {
    return tokenBytes.of(token, last, documentEnd);
  }
}
