package dev.coppice.growth;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.spec.MoeSpec;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/**
 * Asks source and grown model themselves what the growth kept: both compute logits of the same
 * random tokens, in float32, one model after the other.
 *
 * <p>A promised identity must hold for every bit, a promised exactness within 10⁻⁴ of the largest
 * logit. Without a promise the difference is shown and not checked.
 *
 * @param reason why the models did not run; empty where they did
 * @param maxRelativeDifference largest difference of two logits over the source's largest logit;
 *     NaN where nothing ran
 * @param promise of the plan
 * @param kept whether it is; empty where nothing ran or nothing is promised
 */
public record GrowthProbe(
    Optional<String> reason,
    double maxRelativeDifference,
    Invariant promise,
    Optional<Boolean> kept) {
  private static final double EXACT = 1e-4;
  private static final int MOST_TOKENS = 16;
  private static final long SEED = 17;

  /**
   * Probes a growth.
   *
   * @param source what was grown
   * @param grown the output, with its lineage
   * @param prompts sequences of up to 16 random tokens
   * @throws CoppiceException if there is no lineage, or the source cannot grow so
   */
  public static GrowthProbe run(Checkpoint source, Checkpoint grown, int prompts)
      throws IOException {
    checkArgument(prompts > 0, "prompts must be positive, got %s", prompts);
    GrowthRecord.Recorded recorded = GrowthRecord.read(grown);
    Invariant promise = GrowthPlan.of(source, recorded.operator(), recorded.seed()).invariant();
    Optional<String> refusal = refusal(source).or(() -> refusal(grown));
    if (refusal.isPresent()) {
      return new GrowthProbe(refusal, Double.NaN, promise, Optional.empty());
    }
    TokenBatch batch = batch(source.spec(), prompts);
    float[] before = logits(source, batch);
    return judge(before, logits(grown, batch), promise);
  }

  private static Optional<String> refusal(Checkpoint checkpoint) {
    try {
      checkpoint.spec();
      return checkpoint.family().refusalToRun(checkpoint.config());
    } catch (CoppiceException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private static TokenBatch batch(MoeSpec spec, int prompts) {
    Random random = new Random(SEED);
    int tokens = Math.min(MOST_TOKENS, spec.maxPositions());
    int[] ids = random.ints((long) prompts * tokens, 0, spec.vocabularySize()).toArray();
    return TokenBatch.unlabelled(ids, prompts);
  }

  private static float[] logits(Checkpoint checkpoint, TokenBatch batch) throws IOException {
    try (LanguageModel model = LanguageModel.open(checkpoint, Precision.FLOAT32)) {
      return model.logits(batch);
    }
  }

  /** Holds logits against a promise. */
  static GrowthProbe judge(float[] before, float[] after, Invariant promise) {
    double largest = 0;
    double difference = before.length == after.length ? 0 : Double.POSITIVE_INFINITY;
    for (int i = 0; i < Math.min(before.length, after.length); i++) {
      largest = Math.max(largest, Math.abs(before[i]));
      difference = Math.max(difference, Math.abs((double) after[i] - before[i]));
    }
    double relative = difference == 0 ? 0 : difference / largest;
    Optional<Boolean> kept =
        switch (promise) {
          case IDENTITY -> Optional.of(Arrays.equals(before, after));
          case EXACT -> Optional.of(relative <= EXACT);
          case NONE -> Optional.empty();
        };
    return new GrowthProbe(Optional.empty(), relative, promise, kept);
  }

  /** Whether the models ran. */
  public boolean ran() {
    return reason.isEmpty();
  }

  /** Whether a promise is broken. */
  public boolean broken() {
    return kept.filter(held -> !held).isPresent();
  }
}
