package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.primitives.Floats;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.growth.width.DuplicateExperts.TopK;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.testing.Goldens;
import dev.coppice.moe.train.Learner;
import dev.coppice.moe.train.LossWeights;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** I4 and I5 on a running model of every family: growth keeps logits and loss. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FunctionGoldenTest {
  private static final double ROUNDING = 1e-4;

  private final Map<String, Answers> ungrown = new HashMap<>();

  static List<String> folders() {
    return Goldens.names();
  }

  static List<String> families() {
    return Goldens.families();
  }

  @ParameterizedTest
  @MethodSource("folders")
  void widthTwoKeepsLogitsAndLoss(String name) throws IOException {
    assertKept(name, DuplicateExperts.times(2, 0), Invariant.EXACT);
  }

  @ParameterizedTest
  @MethodSource("folders")
  void widthThreeKeepsLogitsAndLoss(String name) throws IOException {
    assertKept(name, DuplicateExperts.times(3, 0), Invariant.EXACT);
  }

  @ParameterizedTest
  @MethodSource("families")
  void interleavedWidthKeepsLogitsAndLossOrIsRefused(String name) throws IOException {
    DuplicateExperts growth = DuplicateExperts.times(2, 0).withPlacement(Placement.INTERLEAVE);
    // both have groups that count by their two largest experts
    if (name.equals("deepseek_v3_groups") || name.equals("glm4_moe_groups")) {
      try (TestFolder folder = new TestFolder();
          Checkpoint source = source(folder, name)) {
        assertThatThrownBy(() -> GrowthPlan.of(source, growth, 3))
            .isInstanceOf(CoppiceException.class)
            .hasMessageMatching(
                "family \\w+ cannot grow in width, since its groups are scored by the sum of their"
                    + " two largest experts, which interleaved copies change: append them");
      }
    } else {
      assertKept(name, growth, Invariant.EXACT);
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void identityLayersKeepEveryBit(String name) throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = source(folder, name)) {
      Answers before = before(name, source);
      GrowthOperator identity = new Interpose(2, 0, 0, true);
      assertThat(GrowthPlan.of(source, identity, 3).invariant()).isEqualTo(Invariant.IDENTITY);
      assertThat(grown(folder, source, identity)).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void deeperAndWiderKeepsLogitsAndLoss(String name) throws IOException {
    GrowthOperator both = new Interpose(2, 0, 0, true).then(DuplicateExperts.times(2, 0));
    assertKept(name, both, Invariant.EXACT);
  }

  /** A control: twice the experts, of which as many are chosen as before, are another function. */
  @ParameterizedTest
  @MethodSource("folders")
  void keptTopKChangesLogits(String name) throws IOException {
    assertChanged(name, DuplicateExperts.times(2, 0).withTopK(TopK.KEEP));
  }

  /** Another control: copies that are no identities. */
  @ParameterizedTest
  @MethodSource("families")
  void plainLayersChangeLogits(String name) throws IOException {
    assertChanged(name, Interpose.times(2));
  }

  private void assertChanged(String name, GrowthOperator growth) throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = source(folder, name)) {
      assertThat(GrowthPlan.of(source, growth, 3).invariant()).isEqualTo(Invariant.NONE);
      assertThat(distance(before(name, source), grown(folder, source, growth)))
          .isGreaterThan(100 * ROUNDING);
    }
  }

  private void assertKept(String name, GrowthOperator growth, Invariant invariant)
      throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = source(folder, name)) {
      assertThat(GrowthPlan.of(source, growth, 3).invariant()).isEqualTo(invariant);
      Answers before = before(name, source);
      Answers after = grown(folder, source, growth);
      assertThat(distance(before, after)).isLessThan(ROUNDING);
      assertThat(after.loss()).isCloseTo(before.loss(), within(ROUNDING * before.loss()));
    }
  }

  private static Checkpoint source(TestFolder folder, String name) throws IOException {
    Goldens.copy(name, folder.of("source"));
    return Checkpoint.open(folder.of("source"));
  }

  /** What the model says before it grows; asked once. */
  private Answers before(String name, Checkpoint source) throws IOException {
    Answers known = ungrown.get(name);
    if (known == null) {
      known = answers(source);
      ungrown.put(name, known);
    }
    return known;
  }

  private static Answers grown(TestFolder folder, Checkpoint source, GrowthOperator growth)
      throws IOException {
    try (Checkpoint grown = folder.grow(source, GrowthRequest.of(growth, 3), "grown")) {
      return answers(grown);
    }
  }

  /** What a model says of some tokens. */
  private record Answers(List<Float> logits, double loss) {}

  private static Answers answers(Checkpoint checkpoint) throws IOException {
    int sequence = 12;
    Random random = new Random(5);
    int[] ids = random.ints(3L * sequence, 0, checkpoint.spec().vocabularySize()).toArray();
    int[] labels = random.ints(3L * sequence, 0, checkpoint.spec().vocabularySize()).toArray();
    TokenBatch batch = new TokenBatch(ids, labels, 3, sequence);
    try (LanguageModel model = LanguageModel.open(checkpoint, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      return new Answers(
          Floats.asList(model.logits(batch)),
          learner.accumulate(batch, LossWeights.NONE, 1).crossEntropy());
    }
  }

  /** Largest difference over largest logit. */
  private static double distance(Answers before, Answers after) {
    assertThat(after.logits()).hasSameSizeAs(before.logits());
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < before.logits().size(); i++) {
      double logit = before.logits().get(i);
      difference = Math.max(difference, Math.abs(logit - after.logits().get(i)));
      largest = Math.max(largest, Math.abs(logit));
    }
    return difference / largest;
  }
}
