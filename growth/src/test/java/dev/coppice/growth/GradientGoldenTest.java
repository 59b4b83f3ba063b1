package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.AdamWSettings;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Learner;
import dev.coppice.moe.model.LossWeights;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.testing.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What {@link MomentRule} says of gradients, asked of the running models: with both betas zero
 * AdamW's moments after a step are the gradient and its square, so that the state of the grown model
 * after one step is what {@code scale} has to make of the source's.
 */
class GradientGoldenTest {
  /** Of the largest number of a tensor. */
  private static final double ROUNDING = 2e-4;

  private static final AdamWSettings GRADIENTS = new AdamWSettings(0, 0, 1e-8, 0, 1e30);
  private static final LossWeights BALANCED = new LossWeights(0.1, 0);

  static List<String> families() {
    return Goldens.families();
  }

  @ParameterizedTest
  @MethodSource("families")
  void scaleForetellsTheGradientsOfCopies(String name) throws IOException {
    for (int factor = 2; factor <= 3; factor++) {
      DuplicateExperts wider = DuplicateExperts.times(factor, 0);
      try (TestFolder folder = new TestFolder();
          Checkpoint source = source(folder, name);
          Checkpoint grown = grow(folder, source, wider, MomentRule.SCALE)) {
        Map<String, float[]> foretold = TinyState.read(grown.folder());
        Map<String, float[]> found = gradients(grown, folder.of("found"), LossWeights.NONE);
        assertThat(found.keySet()).isEqualTo(foretold.keySet());
        found.forEach(
            (moment, values) ->
                assertThat(distance(values, foretold.get(moment)))
                    .as("%s, width %s", moment, values.length)
                    .isLessThan(ROUNDING));
      }
    }
  }

  /** A control: moments as they are do not fit experts and routers, and fit all else. */
  @ParameterizedTest
  @MethodSource("families")
  void copyDoesNot(String name) throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = source(folder, name);
        Checkpoint grown =
            grow(folder, source, DuplicateExperts.times(2, 0), MomentRule.COPY)) {
      Map<String, float[]> copied = TinyState.read(grown.folder());
      Map<String, float[]> found = gradients(grown, folder.of("found"), LossWeights.NONE);
      Set<String> shared = new TreeSet<>();
      found.forEach(
          (moment, values) -> {
            TensorSite site = grown.anatomy().site(moment.substring(moment.indexOf('.') + 1));
            double share = moment.startsWith("exp_avg.") ? 2 : 4;
            double distance = distance(copied.get(moment), values);
            if (site.part().isPresent() && largest(values) > 0) {
              shared.add(site.part().get().part().name());
              assertThat(distance).as(moment).isBetween(0.99 - 1 / share, 1.01 - 1 / share);
            } else {
              assertThat(distance).as(moment).isLessThan(ROUNDING);
            }
          });
      assertThat(shared).contains("ROUTER");
    }
  }

  /** Behind the zero projections of an identity nothing has a gradient; what it adds to has. */
  @ParameterizedTest
  @MethodSource("families")
  void identitiesHaveNoGradientButThatOfTheirProjections(String name) throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = source(folder, name);
        Checkpoint grown =
            grow(folder, source, new Interpose(2, 0, 0, true), MomentRule.SCALE)) {
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

  private static Checkpoint source(TestFolder folder, String name) throws IOException {
    Goldens.copy(name, folder.of("source"));
    Checkpoint source = Checkpoint.open(folder.of("source"));
    Files.createDirectories(TinyState.file(source.folder()).getParent());
    gradients(source, TinyState.file(source.folder()), LossWeights.NONE);
    return source;
  }

  private static Checkpoint grow(
      TestFolder folder, Checkpoint source, GrowthOperator growth, MomentRule rule)
      throws IOException {
    return folder.grow(
        source, GrowthRequest.of(growth, 3).withMoments(Optional.of(rule)), "grown");
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
      learner.save(file);
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
