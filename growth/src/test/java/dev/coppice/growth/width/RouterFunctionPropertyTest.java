package dev.coppice.growth.width;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthExecutor;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.growth.width.DuplicateExperts.TopK;
import dev.coppice.growth.width.NaiveMixture.Router;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.family.Families;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * I4 for every kind of router: without noise, the recipe that growth chooses leaves a layer's
 * output as it was, judged by a float64 mixture that knows nothing of recipes; and each wrong
 * recipe changes it.
 */
class RouterFunctionPropertyTest {
  private static final double ROUNDING = 1e-6;

  /**
   * A kind of router, as a family says it.
   *
   * @param name for messages
   * @param traits the family's {@code router} object
   * @param config keys of the configuration
   * @param bias whether there is a selection bias
   * @param placements where copies may stand
   */
  record Kind(String name, String traits, String config, boolean bias, List<Placement> placements) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static final List<Placement> ANY = List.of(Placement.values());
  private static final List<Placement> APPEND = List.of(Placement.APPEND);

  private static final ImmutableList<Kind> KINDS =
      ImmutableList.of(
          new Kind(
              "softmax renormalised",
              "'score': 'softmax', 'renormalize': 'always'",
              "",
              false,
              ANY),
          new Kind(
              "softmax as it is",
              "'score': 'softmax', 'renormalize': 'never', 'scale': 'scale'",
              "'scale': 1.5",
              false,
              ANY),
          new Kind(
              "top-k, then softmax",
              "'score': 'topk_softmax', 'renormalize': 'never'",
              "",
              false,
              ANY),
          new Kind(
              "sigmoid renormalised",
              "'score': 'sigmoid', 'renormalize': 'norm', 'scale': 'scale'",
              "'norm': true, 'scale': 2.5",
              true,
              ANY),
          new Kind(
              "sigmoid as it is",
              "'score': 'sigmoid', 'renormalize': 'norm', 'scale': 'scale'",
              "'norm': false, 'scale': 2.5",
              true,
              ANY),
          new Kind(
              "softmax with a bias for selection",
              "'score': 'softmax', 'renormalize': 'always'",
              "",
              true,
              ANY),
          new Kind(
              "square root of softplus",
              "'score': 'sqrtsoftplus', 'renormalize': 'always', 'scale': 'scale'",
              "'scale': 1.5",
              true,
              ANY),
          new Kind(
              "groups by their largest",
              "'score': 'softmax', 'renormalize': 'never', 'scale': 'scale', 'groups': {'score': 'max', 'count': 'groups', 'chosen': 'chosen'}",
              "'groups': 4, 'chosen': 2, 'scale': 1.0",
              false,
              ANY),
          new Kind(
              "groups by their two largest",
              "'score': 'sigmoid', 'renormalize': 'always', 'scale': 'scale', 'groups': {'score': 'top2', 'count': 'groups', 'chosen': 'chosen'}",
              "'groups': 4, 'chosen': 2, 'scale': 2.5",
              true,
              APPEND));

  @Provide
  Arbitrary<Kind> kinds() {
    return Arbitraries.of(KINDS);
  }

  /** A grown layer and what it computes. */
  private interface Trial {
    void run(TestFolder folder, Checkpoint source, Families families) throws IOException;
  }

  private static void with(Kind kind, long seed, Trial trial) throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path file = folder.of("family.json");
      Files.writeString(file, NaiveMixture.family(kind.traits()), StandardCharsets.UTF_8);
      Families families = Families.builtIn().with(file);
      NaiveMixture.write(folder.of("source"), config(kind.config()), kind.bias(), seed);
      try (Checkpoint source = Checkpoint.open(folder.of("source"), families)) {
        trial.run(folder, source, families);
      }
    }
  }

  private static ObjectNode config(String extra) throws IOException {
    return (ObjectNode) new ObjectMapper().readTree(("{" + extra + "}").replace('\'', '"'));
  }

  @Property(tries = 60)
  void theChosenRecipeKeepsTheFunction(
      @ForAll("kinds") Kind kind, @ForAll long seed, @ForAll boolean three) throws IOException {
    with(
        kind,
        seed,
        (folder, source, families) -> {
          double[] before = NaiveMixture.output(source, Router.of(source));
          for (Placement placement : kind.placements()) {
            DuplicateExperts wider =
                DuplicateExperts.times(three ? 3 : 2, 0).withPlacement(placement);
            assertThat(GrowthPlan.of(source, wider, 0).invariant()).isEqualTo(Invariant.EXACT);
            try (Checkpoint grown = grow(folder, source, families, wider)) {
              double[] after = NaiveMixture.output(grown, Router.of(grown));
              assertThat(distance(before, after)).as("%s %s", kind, placement).isLessThan(ROUNDING);
            }
          }
        });
  }

  /** Negative controls: what each part of the recipe is for. */
  @Property(tries = 40)
  void everyWrongRecipeChangesTheFunction(@ForAll("kinds") Kind kind, @ForAll long seed)
      throws IOException {
    with(
        kind,
        seed,
        (folder, source, families) -> {
          double[] before = NaiveMixture.output(source, Router.of(source));
          DuplicateExperts keep = DuplicateExperts.times(2, 0).withTopK(TopK.KEEP);
          assertThat(GrowthPlan.of(source, keep, 0).invariant()).isEqualTo(Invariant.NONE);
          try (Checkpoint grown = grow(folder, source, families, keep)) {
            assertThat(distance(before, NaiveMixture.output(grown, Router.of(grown))))
                .as("%s with top-k kept", kind)
                .isGreaterThan(1e-3);
          }
          try (Checkpoint grown = grow(folder, source, families, DuplicateExperts.times(2, 0))) {
            for (Router wrong : Router.of(grown).wrong(Router.of(source), kind.bias())) {
              assertThat(distance(before, NaiveMixture.output(grown, wrong)))
                  .as("%s with %s", kind, wrong)
                  .isGreaterThan(1e-3);
            }
          }
        });
  }

  @Property(tries = 5)
  void refusesInterleavedCopiesWhereTwoLargestAreAdded(@ForAll long seed) throws IOException {
    with(
        KINDS.get(KINDS.size() - 1),
        seed,
        (folder, source, families) ->
            assertThatThrownBy(
                    () ->
                        GrowthPlan.of(
                            source,
                            DuplicateExperts.times(2, 0).withPlacement(Placement.INTERLEAVE),
                            0))
                .isInstanceOf(CoppiceException.class)
                .hasMessageContaining("append them"));
  }

  private static Checkpoint grow(
      TestFolder folder, Checkpoint source, Families families, DuplicateExperts wider)
      throws IOException {
    Path target = folder.of("grown-" + wider.factor() + wider.placement() + wider.topK());
    GrowthExecutor.run(source, GrowthRequest.of(wider, 0), target, GrowthProgress.NONE);
    return Checkpoint.open(target, families);
  }

  /** Largest difference over largest value. */
  private static double distance(double[] before, double[] after) {
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < before.length; i++) {
      difference = Math.max(difference, Math.abs(before[i] - after[i]));
      largest = Math.max(largest, Math.abs(before[i]));
    }
    return difference / largest;
  }
}
