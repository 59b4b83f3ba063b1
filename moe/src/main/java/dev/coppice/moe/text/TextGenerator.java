package dev.coppice.moe.text;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableIntArray;
import dev.coppice.moe.model.Generation;
import dev.coppice.moe.model.LanguageModel;
import java.util.function.IntConsumer;

/**
 * Goes on with a text, a token at a time, from cached keys and values.
 *
 * <p>The model must outlive it. One thread at a time may use it.
 */
public final class TextGenerator {
  private final LanguageModel model;
  private final Sampling sampling;

  /**
   * A generator.
   *
   * @param model what predicts
   * @param sampling how it chooses
   */
  public TextGenerator(LanguageModel model, Sampling sampling) {
    this.model = model;
    this.sampling = sampling;
  }

  /**
   * The generated text.
   *
   * @param ids new tokens, without the prompt and without the one that stopped it
   * @param stopped whether a stop token ended it, instead of the count or the model's positions
   */
  public record Result(ImmutableIntArray ids, boolean stopped) {}

  /**
   * Goes on with a prompt.
   *
   * @param prompt at least one id
   * @param each sees every new id as it comes
   * @throws IllegalArgumentException if the prompt does not fit the model
   */
  public Result generate(int[] prompt, IntConsumer each) {
    int positions = model.spec().maxPositions();
    checkArgument(prompt.length > 0, "prompt must hold a token, got none");
    checkArgument(
        prompt.length <= positions,
        "prompt must be at most the model's %s positions, got %s tokens",
        positions,
        prompt.length);
    int room = (int) Math.min(positions, (long) prompt.length + sampling.maxNewTokens());
    TokenChoice choice = new TokenChoice(sampling);
    ImmutableIntArray.Builder made = ImmutableIntArray.builder();
    try (Generation text = model.generation(room)) {
      float[] logits = text.append(prompt);
      for (int i = 0; i < sampling.maxNewTokens(); i++) {
        int next = choice.next(logits, prompt.length + i);
        if (sampling.stops().contains(next)) {
          return new Result(made.build(), true);
        }
        made.add(next);
        each.accept(next);
        if (text.length() == room) {
          break;
        }
        if (i + 1 < sampling.maxNewTokens()) {
          logits = text.append(next);
        }
      }
    }
    return new Result(made.build(), false);
  }
}
