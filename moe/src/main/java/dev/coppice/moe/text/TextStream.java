package dev.coppice.moe.text;

import com.google.common.primitives.ImmutableIntArray;

/**
 * The text of tokens as they come, after a prompt. What it gives, put together, is {@link
 * Tokenizer#decodeAfter} of all tokens; a character that is split over tokens is held back until it
 * is whole. Only where bytes turn out to make no characters may text that was given before have
 * been another: what is given stays.
 *
 * <p>Not thread-safe.
 */
public final class TextStream {
  private final Tokenizer tokenizer;
  private final int[] prompt;
  private final ImmutableIntArray.Builder made = ImmutableIntArray.builder();
  private String all = "";
  private int given;

  /**
   * A stream.
   *
   * @param tokenizer of the ids
   * @param prompt ids of what stands before
   */
  public TextStream(Tokenizer tokenizer, int[] prompt) {
    this.tokenizer = tokenizer;
    this.prompt = prompt.clone();
  }

  /**
   * Takes a token.
   *
   * @param id of it
   * @return text that is sure now and was not before; may be empty
   */
  public String add(int id) {
    made.add(id);
    all = tokenizer.decodeAfter(prompt, made.build().toArray());
    int end = all.length();
    while (end > given && all.charAt(end - 1) == Tokenizer.INCOMPLETE) {
      end--;
    }
    return upTo(end);
  }

  /** The rest, when no token follows. */
  public String end() {
    return upTo(all.length());
  }

  private String upTo(int end) {
    String more = all.substring(Math.min(given, end), end);
    given = Math.max(given, end);
    return more;
  }
}
