package dev.coppice.bench.micro;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.math.Quantiles;
import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.backend.MachinePeak;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.train.AdamWSettings;
import dev.coppice.moe.train.Learner;
import dev.coppice.moe.train.LossWeights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Speed of training: full steps (forward, backward, AdamW) of a 13.8M-parameter Qwen3-MoE on
 * batches of 8 × 256 random tokens, beside the speed of one large matrix product.
 *
 * <p>The model and the step are those of the comparison script for {@code transformers}: 4 layers,
 * hidden 256, 8 experts of width 512, top-2, vocabulary 512, tied head.
 */
public final class SpeedTrain {
  private static final int BATCH = 8;
  private static final int LENGTH = 256;
  private static final int PROBE = 2048;
  private static final int PROBES = 9;

  static final Size PLAIN = new Size(1, 4, 8, LENGTH);

  /**
   * Factors of a measured model; tokens a step stay the same.
   *
   * @param width the plain model's widths of heads, experts and the residual stream times this
   */
  record Size(int width, int layers, int experts, int sequence) {
    MoeSpec spec() {
      LayerSpec layer = new LayerSpec.Moe(experts, 2, 512 * width);
      return new MoeSpec(
          "qwen3_moe",
          512,
          256 * width,
          GroupedAttention.plain(4 * width, 4 * width, 64, true, 10_000),
          new RouterSpec(true),
          ImmutableList.copyOf(Collections.nCopies(layers, layer)),
          1e-6,
          true,
          Math.max(512, sequence));
    }

    int batch() {
      return BATCH * LENGTH / sequence;
    }

    /** 6·N_active and attention's full square. */
    double flopsPerToken() {
      return spec().flopsPerToken() + spec().attentionFlopsPerToken(sequence);
    }
  }

  private SpeedTrain() {}

  /**
   * Measurements.
   *
   * @param tokensPerSecond median over the timed steps
   * @param gflops the same in 10⁹ operations a second, 6·N_active and attention's full square a
   *     token
   * @param matmulGflops median of a 2048³ product in the same run, multiplied as the kernels do, in
   *     the same precision
   * @param engineGflops the same in float32 by the engine's own operator
   * @param threads threads of an operator
   * @param precision what matrix products ran in
   * @param peakBytes most resident memory of the process so far
   */
  public record Result(
      double tokensPerSecond,
      double gflops,
      double matmulGflops,
      double engineGflops,
      int threads,
      Precision precision,
      long peakBytes) {

    /** One line for people. */
    public String text() {
      return String.format(
          Locale.ROOT,
          "%.0f tokens/s, %.1f GFLOP/s, %.0f %% of one matrix product's %.1f"
              + " (float32 by the engine's own operator: %.1f), %d threads, %s, %.0f MB at most",
          tokensPerSecond,
          gflops,
          100 * gflops / matmulGflops,
          matmulGflops,
          engineGflops,
          threads,
          precision,
          peakBytes * 1e-6);
    }
  }

  /**
   * Runs the benchmark.
   *
   * @param precision what matrix products run in
   * @param warmUp steps that are not timed
   * @param steps timed steps; positive
   */
  public static Result run(Precision precision, int warmUp, int steps) {
    checkArgument(warmUp >= 0, "warm-up steps must not be negative, got %s", warmUp);
    checkArgument(steps > 0, "steps must be positive, got %s", steps);
    Backend backend = Backend.forThisMachine();
    double tokensPerSecond = tokensPerSecond(PLAIN, precision, warmUp, steps);
    return new Result(
        tokensPerSecond,
        tokensPerSecond * PLAIN.flopsPerToken() * 1e-9,
        1e-9 * MachinePeak.median(backend, PROBE, PROBES, precision == Precision.BF16_MIXED),
        1e-9 * MachinePeak.engineMedian(backend, PROBE, PROBES),
        backend.facts().threads(),
        precision,
        ResidentMemory.peak());
  }

  /**
   * A larger model, and how its speed compares.
   *
   * @param what was made larger, such as {@code layers x4}
   * @param tokensPerSecond median over the timed steps
   * @param gflops the same in 10⁹ operations a second
   * @param expected what the plain model's speed, measured in turn with it, and the operations a
   *     token would give
   */
  public record Scaled(String what, double tokensPerSecond, double gflops, double expected) {
    /** One line for people. */
    public String text() {
      return String.format(
          Locale.ROOT,
          "%-13s %6.0f tokens/s, by operations %6.0f: %.2f of it; %.1f GFLOP/s",
          what,
          tokensPerSecond,
          expected,
          tokensPerSecond / expected,
          gflops);
    }
  }

  /**
   * Measures twice, four and eight times the layers, experts and sequence length, and twice and
   * four times the width, each after a turn of the plain model.
   *
   * @param precision what matrix products run in
   * @param warmUp steps that are not timed
   * @param steps timed steps; positive
   * @param seen receives each as soon as it is there
   */
  public static ImmutableList<Scaled> scaling(
      Precision precision, int warmUp, int steps, Consumer<Scaled> seen) {
    ImmutableList.Builder<Scaled> results = ImmutableList.builder();
    larger()
        .forEach(
            (what, shape) -> {
              double plain = tokensPerSecond(PLAIN, precision, warmUp, steps);
              double scaled = tokensPerSecond(shape, precision, warmUp, steps);
              double rate = scaled * shape.flopsPerToken() * 1e-9;
              double expected = plain * PLAIN.flopsPerToken() / shape.flopsPerToken();
              Scaled result = new Scaled(what, scaled, rate, expected);
              seen.accept(result);
              results.add(result);
            });
    return results.build();
  }

  /** The models of a scaling run, in order; eight times the width would be 873M parameters. */
  private static ImmutableMap<String, Size> larger() {
    ImmutableMap.Builder<String, Size> sizes = ImmutableMap.builder();
    int layers = PLAIN.layers();
    int experts = PLAIN.experts();
    for (int factor : new int[] {2, 4, 8}) {
      sizes.put("layers x" + factor, new Size(1, layers * factor, experts, LENGTH));
      sizes.put("experts x" + factor, new Size(1, layers, experts * factor, LENGTH));
      sizes.put("sequence x" + factor, new Size(1, layers, experts, LENGTH * factor));
      if (factor < 8) {
        sizes.put("width x" + factor, new Size(factor, layers, experts, LENGTH));
      }
    }
    return sizes.buildOrThrow();
  }

  private static double tokensPerSecond(Size shape, Precision precision, int warmUp, int steps) {
    MoeSpec spec = shape.spec();
    try (LanguageModel model =
            LanguageModel.fresh(Family.named(spec.family()).configFor(spec), 0, precision);
        Learner learner = Learner.fresh(model)) {
      List<Double> seconds = new ArrayList<>();
      for (int i = 0; i < warmUp + steps; i++) {
        TokenBatch batch = batch(shape, i);
        long start = System.nanoTime();
        step(learner, batch);
        if (i >= warmUp) {
          seconds.add((System.nanoTime() - start) * 1e-9);
        }
      }
      return BATCH * LENGTH / Quantiles.median().compute(seconds);
    }
  }

  static void step(Learner learner, TokenBatch batch) {
    learner.accumulate(batch, LossWeights.NONE, 1);
    learner.update(new AdamWSettings(0.9, 0.999, 1e-8, 0.01, Float.MAX_VALUE), 1e-3);
  }

  static TokenBatch batch(Size shape, int seed) {
    int vocabulary = shape.spec().vocabularySize();
    int[] ids = new Random(seed).ints((long) BATCH * LENGTH, 0, vocabulary).toArray();
    int[] labels = Arrays.copyOfRange(ids, 1, ids.length + 1);
    for (int i = shape.sequence() - 1; i < labels.length; i += shape.sequence()) {
      labels[i] = TokenBatch.IGNORED;
    }
    return new TokenBatch(ids, labels, shape.batch(), shape.sequence());
  }
}
