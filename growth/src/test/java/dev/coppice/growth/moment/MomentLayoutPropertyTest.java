package dev.coppice.growth.moment;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthExecutor;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.LayoutPropertyTest;
import dev.coppice.growth.plan.LayoutPropertyTest.Layout;
import dev.coppice.growth.plan.LayoutPropertyTest.Model;
import dev.coppice.growth.plan.LayoutPropertyTest.Stored;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.growth.width.DuplicateExperts.ExpertStart;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** I10 for every form in which experts lie: to grow moments and fuse is to fuse them and grow. */
class MomentLayoutPropertyTest {
  private static final ImmutableList<String> PREFIXES = ImmutableList.of("exp_avg.", "exp_avg_sq.");

  @Provide
  Arbitrary<GrowthOperator> growths() {
    Arbitrary<DuplicateExperts> wider =
        Combinators.combine(
                Arbitraries.of(2, 3),
                Arbitraries.of(Placement.values()),
                Arbitraries.of(ExpertStart.values()))
            .as(
                (factor, place, start) ->
                    DuplicateExperts.times(factor, 0.05).withPlacement(place).withExperts(start));
    return Combinators.combine(wider, wider, Arbitraries.of(0, 1, 2))
        .as(
            (first, second, kind) ->
                switch (kind) {
                  case 0 -> first;
                  case 1 -> first.then(second);
                  default -> first.then(new Interpose(2, 0, 0, true));
                });
  }

  @Provide
  Arbitrary<Layout> layouts() {
    return Arbitraries.of(Layout.ROWS, Layout.COLUMNS, Layout.ALTERNATING, Layout.FLAT);
  }

  @Provide
  Arbitrary<MomentRule> rules() {
    return Arbitraries.of(MomentRule.values());
  }

  @Property(tries = 12)
  void growingAndFusingCommute(
      @ForAll("growths") GrowthOperator growth,
      @ForAll("layouts") Layout layout,
      @ForAll("rules") MomentRule rule,
      @ForAll long seed)
      throws IOException {
    GrowthRequest request = GrowthRequest.of(growth, 11).withMoments(Optional.of(rule));
    try (TestFolder folder = new TestFolder();
        Checkpoint single = source(folder, Layout.SINGLE, seed);
        Checkpoint fused = source(folder, layout, seed)) {
      int layers = GrowthPlan.of(single, growth, 11).anatomy().layerCount();
      int experts = GrowthPlan.of(single, growth, 11).anatomy().experts();
      GrowthExecutor.run(single, request, folder.of("single"), GrowthProgress.NONE);
      GrowthExecutor.run(fused, request, folder.of("fused"), GrowthProgress.NONE);
      Map<String, float[]> apart = TinyState.read(folder.of("single"));
      Map<String, float[]> together = TinyState.read(folder.of("fused"));
      for (String prefix : PREFIXES) {
        for (int layer = 0; layer < layers; layer++) {
          String name = prefix + "layers." + layer + ".";
          assertThat(together.get(name + "mlp.gate.weight"))
              .isEqualTo(apart.get(name + "mlp.gate.weight"));
          float[][][] numbers = new float[experts][][];
          for (int expert = 0; expert < experts; expert++) {
            String of = name + "mlp.experts." + expert;
            numbers[expert] =
                new float[][] {
                  apart.get(of + ".gate.weight"),
                  apart.get(of + ".up.weight"),
                  apart.get(of + ".down.weight")
                };
          }
          layout
              .store(numbers)
              .forEach(
                  (key, stored) ->
                      assertThat(together.get(name + key)).as(key).isEqualTo(stored.values()));
        }
      }
    }
  }

  /** A model with moments that are another model's numbers, laid out alike. */
  private static Checkpoint source(TestFolder folder, Layout layout, long seed) throws IOException {
    Checkpoint source = LayoutPropertyTest.write(folder, Model.random(seed), layout, Dtype.BF16);
    List<TensorSlot> slots = new ArrayList<>();
    Map<String, float[]> numbers = new TreeMap<>();
    for (String prefix : PREFIXES) {
      Model moments = Model.random(seed + prefix.length());
      Map<String, Stored> tensors = LayoutPropertyTest.tensors(moments, layout);
      tensors.forEach(
          (name, stored) -> {
            slots.add(new TensorSlot(prefix + name, Dtype.F32, stored.shape()));
            numbers.put(prefix + name, stored.values());
          });
    }
    TinyState.write(source.folder(), slots, numbers);
    return source;
  }
}
