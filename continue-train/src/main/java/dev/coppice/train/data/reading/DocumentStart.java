package dev.coppice.train.data.reading;

import com.google.common.primitives.ImmutableIntArray;
import dev.coppice.moe.text.Tokenizer;
import java.util.List;

/**
 * Which tokens stand before every document of text.
 *
 * @param ids in order; none if nothing does
 */
public record DocumentStart(ImmutableIntArray ids) {
  /** Nothing stands before documents. */
  public static final DocumentStart NONE = new DocumentStart(ImmutableIntArray.of());

  /**
   * Reads {@code auto}, {@code none}, an id or a token's text. Auto is what the tokenizer puts
   * before a text by its template, as the makers of such checkpoints train: most often one
   * beginning-of-text token, or nothing.
   *
   * @param option to read
   * @param tokenizer of the checkpoint
   * @throws dev.coppice.moe.CoppiceException when it is none of these
   */
  public static DocumentStart of(String option, Tokenizer tokenizer) {
    return switch (option) {
      case "none" -> NONE;
      case "auto" -> new DocumentStart(ImmutableIntArray.copyOf(tokenizer.prefix()));
      default ->
          new DocumentStart(
              ImmutableIntArray.of(TokenOption.id("document start", option, tokenizer)));
    };
  }

  /** The start that a record names. */
  static DocumentStart of(List<Integer> ids) {
    return new DocumentStart(ImmutableIntArray.copyOf(ids));
  }
}
