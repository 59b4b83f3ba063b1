package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.naive.NaiveAdamW;
import dev.coppice.moe.parameter.ParameterKind;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.parameter.ParameterPart;
import dev.coppice.moe.parameter.ParameterPolicy;
import dev.coppice.moe.parameter.TrainedRun;
import dev.coppice.moe.testing.Goldens;
import dev.coppice.moe.testing.Memories;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParameterPolicyTest {
  private static final AdamWSettings ADAM = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 0.5);
  private static final LossWeights WEIGHTS = new LossWeights(0.01, 0.001);
  private static final List<Double> RATES = List.of(0.0, 0.25, 1.0, 1.0, 3.0);

  static List<String> families() {
    return Goldens.families();
  }

  /** Rates by a function, decay where the part's hash is even. */
  private record Policy(ToDoubleFunction<ParameterPart> rates) implements ParameterPolicy {
    @Override
    public double rate(ParameterPart part) {
      return rates.applyAsDouble(part);
    }

    @Override
    public boolean decays(ParameterPart part) {
      return mixed(part, 5) % 2 == 0;
    }
  }

  private static int mixed(ParameterPart part, int seed) {
    int hash = part.kind().name().hashCode() * 31 + part.layer() * 7 + part.expert() + seed * 97;
    return ((hash * 0x9e3779b9) >>> 16) & 0xff;
  }

  /** Each element moves as one of its own with its part's learning rate, decay and clipping. */
  @ParameterizedTest
  @MethodSource("families")
  void partsMoveAtTheirOwnRates(String name) throws IOException {
    Policy policy = new Policy(part -> RATES.get(mixed(part, 1) % RATES.size()));
    try (LanguageModel model = open(name);
        Learner learner = Learner.fresh(model)) {
      NaiveAdamW judge = new NaiveAdamW(model, policy);
      assertThat(judge.rates()).contains(0.0, 0.25, 1.0);
      learner.policy(policy);
      for (int step = 0; step < 3; step++) {
        learner.accumulate(batch(model, step), WEIGHTS, 1);
        double norm = judge.step(learner.gradients(), ADAM, 1e-2);
        UpdateReport report = learner.update(ADAM, 1e-2);
        assertThat(report.gradientNorm()).isCloseTo(norm, within(1e-5 * norm));
        judge.assertMoved(model.parameters(), learner.firstMoments(), learner.secondMoments());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt_oss", "deepseek_v3_groups"})
  void ratesOfOneAreTheDefaultBitForBit(String name) throws IOException {
    ParameterPolicy ones =
        new ParameterPolicy() {
          @Override
          public double rate(ParameterPart part) {
            return 1;
          }

          @Override
          public boolean decays(ParameterPart part) {
            return part.kind().matrix();
          }
        };
    try (LanguageModel model = open(name);
        LanguageModel other = open(name);
        Learner learner = Learner.fresh(model);
        Learner plain = Learner.fresh(other)) {
      // what a policy leaves behind is nothing
      learner.policy(new Policy(part -> part.expert() == 1 ? 0 : 2));
      learner.policy(ones);
      for (int step = 0; step < 3; step++) {
        learner.accumulate(batch(model, step), WEIGHTS, 1);
        plain.accumulate(batch(model, step), WEIGHTS, 1);
        assertThat(learner.update(ADAM, 1e-2)).isEqualTo(plain.update(ADAM, 1e-2));
      }
      assertThat(Memories.of(model.parameters())).isEqualTo(Memories.of(other.parameters()));
      assertThat(Memories.of(learner.secondMoments()))
          .isEqualTo(Memories.of(plain.secondMoments()));
    }
  }

  /** The default makes one list of all matrices and one of all vectors, of whole arrays. */
  @ParameterizedTest
  @MethodSource("families")
  void defaultSplitsNothing(String name) throws IOException {
    try (LanguageModel model = open(name)) {
      ParameterLayout layout = model.parameters().layout();
      ImmutableList<TrainedRun> runs = TrainedRun.of(layout, ParameterPolicy.DEFAULT);
      assertThat(TrainedRun.moving(runs)).isEqualTo(runs);
      int next = 0;
      for (int i = 0; i < layout.slots().size(); i++) {
        ParameterLayout.Slot slot = layout.slots().get(i);
        if (slot.exists() && slot.trained()) {
          assertThat(runs.get(next++))
              .isEqualTo(new TrainedRun(i, 0, slot.shape().get(0), 1, slot.matrix()));
        }
      }
      assertThat(runs).hasSize(next);
    }
  }

  @Test
  void neighboursThatAreAlikeAreOneView() throws IOException {
    try (LanguageModel model = open("gpt_oss")) {
      ParameterLayout layout = model.parameters().layout();
      int router = ParameterLayout.index(1, LayerParameter.ROUTER);
      long experts = layout.slots().get(router).shape().get(0);
      Policy second = new Policy(part -> part.layer() == 1 && part.expert() == 1 ? 0 : 1);
      assertThat(TrainedRun.of(layout, second))
          .filteredOn(run -> run.slot() == router)
          .extracting(TrainedRun::from, TrainedRun::to, TrainedRun::rate)
          .containsExactlyInAnyOrder(
              tuple(0L, 1L, 1.0), tuple(1L, 2L, 0.0), tuple(2L, experts, 1.0));
    }
  }

  @Test
  void allKindsOccur() throws IOException {
    Set<ParameterKind> seen = EnumSet.noneOf(ParameterKind.class);
    for (String name : Goldens.families()) {
      try (LanguageModel model = open(name)) {
        TrainedRun.of(
            model.parameters().layout(), new Policy(part -> seen.add(part.kind()) ? 1 : 2));
      }
    }
    assertThat(seen).containsExactlyInAnyOrder(ParameterKind.values());
  }

  @Test
  void ratesThatAreNoneAreRefused() throws IOException {
    try (LanguageModel model = open("mixtral_tied");
        Learner learner = Learner.fresh(model)) {
      assertThatThrownBy(() -> learner.policy(new Policy(part -> 0)))
          .hasMessageContaining("policy must leave something to train");
      assertThatThrownBy(
              () -> learner.policy(new Policy(part -> part.expert() == 2 ? Double.NaN : 1)))
          .hasMessageContaining("rate must be finite and not negative, got NaN")
          .hasMessageContaining("kind=ROUTER, layer=0, expert=2");
      assertThatThrownBy(() -> learner.policy(new Policy(part -> -1)))
          .hasMessageContaining("got -1.0");
    }
  }

  private static LanguageModel open(String name) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Goldens.folder(name))) {
      return LanguageModel.open(checkpoint, Precision.FLOAT32);
    }
  }

  private static TokenBatch batch(LanguageModel model, int seed) {
    int[] ids = new Random(seed).ints(24, 0, model.spec().vocabularySize()).toArray();
    return new TokenBatch(ids, ids.clone(), 2, 12);
  }
}
