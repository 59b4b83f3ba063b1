package dev.coppice.bench.micro;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.kernel.TorchRuntime;
import dev.coppice.moe.model.AdamWSettings;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Learner;
import dev.coppice.moe.model.LossWeights;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Speed of training: full steps (forward, backward, AdamW) of a 13.8M-parameter Qwen3-MoE on
 * batches of 8 × 256 random tokens, beside the speed of one large float32 matrix product.
 *
 * <p>The model and the step are those of the comparison script for {@code transformers}: 4 layers,
 * hidden 256, 8 experts of width 512, top-2, vocabulary 512, tied head.
 */
public final class SpeedTrain {
  private static final int BATCH = 8;
  private static final int LENGTH = 256;
  private static final int PROBE = 2048;
  private static final int PROBES = 9;

  private static final MoeSpec SPEC =
      new MoeSpec(
          "qwen3_moe",
          512,
          256,
          GroupedAttention.plain(4, 4, 64, true, 10_000),
          new RouterSpec(true),
          ImmutableList.copyOf(Collections.nCopies(4, new LayerSpec.Moe(8, 2, 512))),
          1e-6,
          true,
          512);

  private SpeedTrain() {}

  /**
   * What was measured.
   *
   * @param tokensPerSecond median over the timed steps
   * @param gflops the same in 10⁹ operations a second, 6·N_active and attention's full square a
   *     token
   * @param matmulGflops median of a 2048³ float32 product in the same run
   * @param threads threads of an operator
   * @param precision what matrix products ran in
   */
  public record Result(
      double tokensPerSecond,
      double gflops,
      double matmulGflops,
      int threads,
      Precision precision) {

    /** One line for people. */
    public String text() {
      return String.format(
          Locale.ROOT,
          "%.0f tokens/s, %.1f GFLOP/s (one matrix product: %.1f), %d threads, %s",
          tokensPerSecond,
          gflops,
          matmulGflops,
          threads,
          precision);
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
    try (LanguageModel model =
            LanguageModel.fresh(Family.named(SPEC.family()).configFor(SPEC), 0, precision);
        Learner learner = Learner.fresh(model)) {
      List<Double> seconds = new ArrayList<>();
      for (int i = 0; i < warmUp + steps; i++) {
        TokenBatch batch = batch(i);
        long start = System.nanoTime();
        step(learner, batch);
        if (i >= warmUp) {
          seconds.add((System.nanoTime() - start) * 1e-9);
        }
      }
      double tokensPerSecond = BATCH * LENGTH / median(seconds);
      double flopsPerToken = SPEC.flopsPerToken() + SPEC.attentionFlopsPerToken(LENGTH);
      return new Result(
          tokensPerSecond,
          tokensPerSecond * flopsPerToken * 1e-9,
          matmulGflops(),
          TorchRuntime.threads(),
          precision);
    }
  }

  private static void step(Learner learner, TokenBatch batch) {
    learner.accumulate(batch, LossWeights.NONE, 1);
    learner.update(new AdamWSettings(0.9, 0.999, 1e-8, 0.01, Float.MAX_VALUE), 1e-3);
  }

  private static TokenBatch batch(int seed) {
    int[] ids = new Random(seed).ints((long) BATCH * LENGTH, 0, SPEC.vocabularySize()).toArray();
    int[] labels = Arrays.copyOfRange(ids, 1, ids.length + 1);
    for (int i = LENGTH - 1; i < labels.length; i += LENGTH) {
      labels[i] = TokenBatch.IGNORED;
    }
    return new TokenBatch(ids, labels, BATCH, LENGTH);
  }

  private static double matmulGflops() {
    try (NDManager manager = TorchRuntime.newManager()) {
      NDArray x = manager.randomNormal(new Shape(PROBE, PROBE));
      x.matMul(x).close();
      List<Double> seconds = new ArrayList<>();
      for (int i = 0; i < PROBES; i++) {
        long start = System.nanoTime();
        x.matMul(x).close();
        seconds.add((System.nanoTime() - start) * 1e-9);
      }
      return 2.0 * PROBE * PROBE * PROBE / median(seconds) * 1e-9;
    }
  }

  private static double median(List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }
}
