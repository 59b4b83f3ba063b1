package dev.coppice.train.run;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.RouterHealth;
import dev.coppice.train.data.TokenFile;
import dev.coppice.train.data.TokenWindows;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.stream.LongStream;

/** Watches a model's routers read a text. */
public final class RouterJudge {
  private RouterJudge() {}

  /**
   * Counts what the routers do.
   *
   * @param model to watch
   * @param text what it reads
   * @param spec how much, and how much at once; nothing is resampled
   * @param twins copies whose agreement is wanted
   * @param progress hears the share that is done, in (0, 1]
   * @throws CoppiceException when the model has no routers, or does not fit the text
   */
  public static RouterReport judge(
      LanguageModel model,
      TokenFile text,
      EvalSpec spec,
      Optional<Twins> twins,
      DoubleConsumer progress) {
    Compatibility.check(model.spec(), text, spec.sequence());
    if (model.spec().firstMoe().isEmpty()) {
      throw new CoppiceException(
          ExitCode.INPUT_INVALID, "model must have a mixture layer, got dense layers only");
    }
    TokenWindows windows = new TokenWindows(text, spec.sequence());
    long count = Math.min(windows.whole(), spec.maxWindows());
    Optional<RouterHealth> sum = Optional.empty();
    for (long first = 0; first < count; first += spec.batch()) {
      long[] drawn = LongStream.range(first, Math.min(count, first + spec.batch())).toArray();
      RouterHealth health = model.routers(windows.read(drawn));
      sum = Optional.of(sum.map(before -> before.plus(health)).orElse(health));
      progress.accept((double) (first + drawn.length) / count);
    }
    return sum.map(health -> RouterReport.of(health, twins))
        .orElseThrow(
            () ->
                new CoppiceException(
                    ExitCode.INPUT_INVALID,
                    "text must hold a window of "
                        + spec.sequence()
                        + " tokens, got none ("
                        + text.path()
                        + ")"));
  }
}
