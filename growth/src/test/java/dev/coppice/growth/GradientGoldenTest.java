package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.moment.TinyState;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.testing.Goldens;
import dev.coppice.moe.train.AdamWSettings;
import dev.coppice.moe.train.Learner;
import dev.coppice.moe.train.LossWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@link MomentRule} says of gradients, asked of the running models: with both betas zero
 * AdamW's moments after a step are the gradient and its square, so that the state of the grown
 * model after one step is what {@code scale} has to make of the source's.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GradientGoldenTest {
  /** Of the largest number of a tensor. */
  private static final double ROUNDING = 2e-4;

  private static final AdamWSettings GRADIENTS = new AdamWSettings(0, 0, 1e-8, 0, 1e30);

  /** Gradients of sources as state files; asked once. */
  private final Map<String, byte[]> states = new HashMap<>();

  static List<String> families() {
    return Goldens.families();
  }

  @ParameterizedTest
  @MethodSource("families")
  void scaleForetellsTheGradientsOfCopies(String name) throws IOException {
    assertForetold(name, DuplicateExperts.times(2, 0), Losses.NONE);
  }

  /** The load-balancing loss is K at perfect balance: it grows threefold, and keeps its form. */
  @ParameterizedTest
  @ValueSource(strings = {"mixtral", "deepseek_v2_groups"})
  void scaleForetellsThoseOfTheBalancingLossIfItsWeightIsDivided(String name) throws IOException {
    assertForetold(
        name,
        DuplicateExperts.times(3, 0),
        new Losses(new LossWeights(0.6, 0), new LossWeights(0.2, 0)));
  }

  /** Controls: copied moments do not fit experts and routers, and nothing fits other losses. */
  @Test
  void otherRulesAndLossesAreFoundOut() throws IOException {
    Set<String> wrong = new TreeSet<>();
    compare(
        "mixtral",
        DuplicateExperts.times(2, 0),
        MomentRule.COPY,
        Losses.NONE,
        (site, distance) -> {
          if (distance > ROUNDING) {
            assertThat(distance).isGreaterThan(0.4);
            wrong.add(site.part().orElseThrow().part().name());
          }
        });
    assertThat(wrong).containsExactly("DOWN", "GATE", "ROUTER", "UP");
    for (LossWeights kept : List.of(new LossWeights(0.6, 0), new LossWeights(0, 1))) {
      wrong.clear();
      compare(
          "mixtral",
          DuplicateExperts.times(2, 0),
          MomentRule.SCALE,
          new Losses(kept, kept),
          (site, distance) -> {
            if (distance > 100 * ROUNDING) {
              wrong.add(site.name());
            }
          });
      assertThat(wrong).isNotEmpty();
    }
  }

  /** Weights of the auxiliary losses before and after growth. */
  private record Losses(LossWeights before, LossWeights after) {
    static final Losses NONE = new Losses(LossWeights.NONE, LossWeights.NONE);
  }

  private interface Found {
    /** Hears how far what was foretold lies from what is, of the largest number of a moment. */
    void differs(TensorSite site, double distance);
  }

  private void assertForetold(String name, GrowthOperator growth, Losses losses)
      throws IOException {
    compare(
        name,
        growth,
        MomentRule.SCALE,
        losses,
        (site, distance) -> assertThat(distance).as(site.fullName()).isLessThan(ROUNDING));
  }

  private void compare(
      String name, GrowthOperator growth, MomentRule rule, Losses losses, Found each)
      throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = source(folder, name, losses.before());
        Checkpoint grown = grow(folder, source, growth, rule)) {
      Map<String, float[]> foretold = TinyState.read(grown.folder());
      Map<String, float[]> found = gradients(grown, folder.of("found"), losses.after());
      assertThat(foretold.keySet()).isEqualTo(found.keySet());
      found.forEach(
          (moment, values) -> {
            TensorSite site = grown.anatomy().site(moment.substring(moment.indexOf('.') + 1));
            each.differs(site, distance(values, foretold.get(moment)));
          });
    }
  }

  /** Behind the zero projections of an identity nothing has a gradient; what it adds to has. */
  @ParameterizedTest
  @MethodSource("families")
  void identitiesHaveNoGradientButThatOfTheirProjections(String name) throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = source(folder, name, LossWeights.NONE);
        Checkpoint grown = grow(folder, source, new Interpose(2, 0, 0, true), MomentRule.SCALE)) {
      GrowthPlan plan = GrowthPlan.of(source, new Interpose(2, 0, 0, true), 3);
      Map<String, float[]> foretold = TinyState.read(grown.folder());
      Map<String, float[]> found = gradients(grown, folder.of("found"), LossWeights.NONE);
      int moved = 0;
      for (Map.Entry<String, float[]> moment : found.entrySet()) {
        String weight = moment.getKey().substring(moment.getKey().indexOf('.') + 1);
        TensorSite site = grown.anatomy().site(weight);
        boolean projection = plan.tensor(weight).recipe() instanceof TensorRecipe.Zero;
        if (projection) {
          assertThat(foretold.get(moment.getKey())).containsOnly(0f);
          moved += largest(moment.getValue()) > 0 ? 1 : 0;
        } else {
          assertThat(distance(moment.getValue(), foretold.get(moment.getKey())))
              .as("%s in layer %s", moment.getKey(), site.layer())
              .isLessThan(ROUNDING);
        }
      }
      assertThat(moved).isPositive();
    }
  }

  private Checkpoint source(TestFolder folder, String name, LossWeights weights)
      throws IOException {
    Goldens.copy(name, folder.of("source"));
    Checkpoint source = Checkpoint.open(folder.of("source"));
    Path state = TinyState.file(source.folder());
    Files.createDirectories(state.getParent());
    byte[] known = states.get(name + weights);
    if (known == null) {
      gradients(source, state, weights);
      states.put(name + weights, Files.readAllBytes(state));
    } else {
      Files.write(state, known);
    }
    return source;
  }

  private static Checkpoint grow(
      TestFolder folder, Checkpoint source, GrowthOperator growth, MomentRule rule)
      throws IOException {
    return folder.grow(source, GrowthRequest.of(growth, 3).withMoments(Optional.of(rule)), "grown");
  }

  /** The gradient of every tensor and its square, as a state file. */
  private static Map<String, float[]> gradients(
      Checkpoint checkpoint, Path file, LossWeights weights) throws IOException {
    int sequence = 12;
    Random random = new Random(5);
    int[] ids = random.ints(3L * sequence, 0, checkpoint.spec().vocabularySize()).toArray();
    int[] labels = random.ints(3L * sequence, 0, checkpoint.spec().vocabularySize()).toArray();
    try (LanguageModel model = LanguageModel.open(checkpoint, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      learner.accumulate(new TokenBatch(ids, labels, 3, sequence), weights, 1);
      learner.update(GRADIENTS, 0);
      learner.state().saveMoments(file);
      return TinyState.readFile(file);
    }
  }

  /** Largest difference over largest number of the first. */
  private static double distance(float[] values, float[] others) {
    double difference = 0;
    for (int i = 0; i < values.length; i++) {
      difference = Math.max(difference, Math.abs(values[i] - others[i]));
    }
    return difference == 0 ? 0 : difference / largest(values);
  }

  private static double largest(float[] values) {
    double largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }
}
