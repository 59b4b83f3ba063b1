package dev.coppice.train.metrics;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The curves that other tools show, by the names under which they show them. */
final class StepScalars {
  /** One line a curve: a new number of {@link MetricsLine} is added here. */
  private static final ImmutableList<Scalar> ALL =
      ImmutableList.of(
          new Scalar("train/loss", MetricsLine::loss),
          new Scalar("train/learning_rate", MetricsLine::learningRate),
          new Scalar("train/gradient_norm", MetricsLine::gradientNorm),
          new Scalar("train/tokens_per_second", MetricsLine::tokensPerSecond),
          new Scalar("train/load_balance", MetricsLine::loadBalance),
          new Scalar("train/z", MetricsLine::z),
          new Scalar("train/distillation", MetricsLine::distillation),
          new Scalar("train/wait_seconds", MetricsLine::waitSeconds),
          new Scalar("router/imbalance", MetricsLine::loadImbalance),
          new Scalar("router/dead_experts", line -> (double) line.deadExperts()),
          new Scalar("spent/tokens", line -> (double) line.tokens()),
          new Scalar("spent/extra_flops", line -> line.extraFlops().doubleValue()),
          new Scalar("spent/model_flops", line -> line.modelFlops().doubleValue()),
          new Scalar("spent/seconds", MetricsLine::seconds));

  private StepScalars() {}

  /** The finite numbers of a step, by curve, in a fixed order. */
  static ImmutableSortedMap<String, Double> of(MetricsLine line) {
    ImmutableSortedMap.Builder<String, Double> values = ImmutableSortedMap.naturalOrder();
    for (Scalar scalar : ALL) {
      Double value = scalar.value.apply(line);
      if (value != null && Double.isFinite(value)) {
        values.put(scalar.name, value);
      }
    }
    return values.buildOrThrow();
  }

  /** The finite numbers of an evaluation, by curve; none of another event. */
  static ImmutableSortedMap<String, Double> of(RunEvent event) {
    ImmutableSortedMap.Builder<String, Double> values = ImmutableSortedMap.naturalOrder();
    if (event.kind().equals(RunEvent.EVALUATED)) {
      event.values().forEach((name, value) -> putFinite(values, "eval/" + name, value));
    }
    return values.buildOrThrow();
  }

  private static void putFinite(
      ImmutableSortedMap.Builder<String, Double> values, String name, double value) {
    if (Double.isFinite(value)) {
      values.put(name, value);
    }
  }

  private record Scalar(String name, Function<MetricsLine, @Nullable Double> value) {}
}
