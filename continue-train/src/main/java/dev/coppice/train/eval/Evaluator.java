package dev.coppice.train.eval;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.model.TokenScores;
import dev.coppice.train.data.batch.TokenWindows;
import java.util.function.DoubleConsumer;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * Judges a model by text that it was not trained on.
 *
 * <p>The text is read in windows that do not overlap; a token is foretold from those before it in
 * its window, and with a document mask from those of its document alone. Deterministic: one model,
 * one text and one spec give one report.
 */
public final class Evaluator {
  private Evaluator() {}

  /**
   * Judges a model.
   *
   * @param model to evaluate
   * @param heldOut the text
   * @param spec how
   * @throws CoppiceException when the model's vocabulary does not cover the text's ids, its
   *     positions do not cover a window, or the text has no token to foretell
   */
  public static EvalReport evaluate(LanguageModel model, HeldOutText heldOut, EvalSpec spec) {
    return score(model, heldOut, spec).report();
  }

  /**
   * Judges a model, and keeps what comparing it with another needs.
   *
   * @param model to evaluate
   * @param heldOut the text
   * @param spec how
   * @throws CoppiceException as {@link #evaluate} does
   */
  public static HeldOutScores score(LanguageModel model, HeldOutText heldOut, EvalSpec spec) {
    return score(model, heldOut, spec, share -> {});
  }

  /**
   * Evaluates a model, and reports the progress.
   *
   * @param model to evaluate
   * @param heldOut the text
   * @param spec how
   * @param progress receives the completed share, in (0, 1]
   * @throws CoppiceException as {@link #evaluate} does
   */
  public static HeldOutScores score(
      LanguageModel model, HeldOutText heldOut, EvalSpec spec, DoubleConsumer progress) {
    Compatibility.check(model.spec(), heldOut.tokens(), spec.sequence());
    return scoreAll(model::score, heldOut, spec, progress);
  }

  /** Judges whatever scores batches. */
  static HeldOutScores scoreAll(
      Function<TokenBatch, TokenScores> model,
      HeldOutText heldOut,
      EvalSpec spec,
      DoubleConsumer progress) {
    TokenWindows windows = new TokenWindows(heldOut.tokens(), spec.sequence());
    long count = Math.min(windows.covering(), spec.maxWindows());
    ScoreSums sums = new ScoreSums(heldOut, windows, count);
    for (long first = 0; first < count; first += spec.batch()) {
      long[] drawn = LongStream.range(first, Math.min(count, first + spec.batch())).toArray();
      TokenBatch batch = windows.read(drawn, spec.documentMask());
      sums.add(drawn, batch, model.apply(batch));
      progress.accept((double) (first + drawn.length) / count);
    }
    if (sums.tokens() == 0) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID, "held-out text must have a token to foretell, got none");
    }
    return new HeldOutScores(sums, heldOut, spec);
  }
}
