package dev.coppice.train.eval;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.RouterHealth;
import dev.coppice.train.data.batch.TokenWindows;
import dev.coppice.train.data.token.TokenSequence;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.stream.LongStream;

/** Watches a model's routers read a text. */
public final class RouterJudge {
  private RouterJudge() {}

  /**
   * Counts what the routers do.
   *
   * @param model whose routers are measured
   * @param text what it reads
   * @param spec how much, and how much at once; nothing is resampled
   * @param twins copies whose agreement is wanted
   * @param progress receives the completed share, in (0, 1]
   * @throws CoppiceException when the model has no routers, or does not fit the text
   */
  public static RouterReport judge(
      LanguageModel model,
      TokenSequence text,
      EvalSpec spec,
      Optional<Twins> twins,
      DoubleConsumer progress) {
    Compatibility.check(model.spec(), text, spec.sequence());
    if (model.spec().firstMoe().isEmpty()) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID, "model must have a mixture layer, got dense layers only");
    }
    TokenWindows windows = new TokenWindows(text, spec.sequence());
    boolean mask = spec.documentMask();
    long count = Math.min(windows.covering(), spec.maxWindows());
    long whole = Math.min(windows.whole(), count);
    Optional<RouterHealth> sum = Optional.empty();
    for (long first = 0; first < whole; first += spec.batch()) {
      long[] drawn = LongStream.range(first, Math.min(whole, first + spec.batch())).toArray();
      sum = Optional.of(sum(sum, model.routers(windows.read(drawn, mask))));
      progress.accept((double) (first + drawn.length) / count);
    }
    if (whole < count) {
      // by itself, so that what fills it up is not routed
      sum = Optional.of(sum(sum, model.routers(windows.readAlone(whole, mask))));
      progress.accept(1);
    }
    return sum.map(health -> RouterReport.of(health, twins, mask))
        .orElseThrow(
            () ->
                new CoppiceException(
                    ErrorKind.INPUT_INVALID,
                    "text must have two tokens, got one (" + text.path() + ")"));
  }

  private static RouterHealth sum(Optional<RouterHealth> before, RouterHealth more) {
    return before.map(health -> health.plus(more)).orElse(more);
  }
}
