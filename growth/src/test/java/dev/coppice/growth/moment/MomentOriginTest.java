package dev.coppice.growth.moment;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Floats;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.TinyGrowth;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.family.TensorRole;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Moments where bytes alone tell no original from its copy. */
class MomentOriginTest {

  private static Checkpoint grow(
      TestFolder folder, Checkpoint source, GrowthOperator growth, MomentRule rule)
      throws IOException {
    TinyState.write(source, 3);
    return folder.grow(source, GrowthRequest.of(growth, 5).withMoments(Optional.of(rule)), "grown");
  }

  /** The copy of a layer that starts as an identity is one: nothing in it has a gradient yet. */
  @Test
  void copiesOfIdentitiesHaveNoMoments() throws IOException {
    GrowthOperator growth = new Interpose(2, 0, 0, true).then(Interpose.times(2));
    try (TestFolder folder = new TestFolder()) {
      TinyGrowth.prepare(folder.of(""));
      try (Checkpoint source = Checkpoint.open(folder.of("source"));
          Checkpoint grown = grow(folder, source, growth, MomentRule.SCALE)) {
        List<Boolean> identities = new ArrayList<>();
        Map<String, float[]> moments = TinyState.read(grown.folder());
        for (int layer = 0; layer < grown.spec().layerCount(); layer++) {
          boolean identity = isZero(TestFolder.floats(grown, output(grown, layer)));
          identities.add(identity);
          String prefix = "model.layers." + layer + ".";
          assertThat(moments).anySatisfy((name, values) -> assertThat(name).contains(prefix));
          moments.forEach(
              (name, values) -> {
                if (name.contains(prefix)) {
                  assertThat(isZero(values)).as(name).isEqualTo(identity);
                }
              });
        }
        assertThat(identities).containsExactlyInAnyOrder(false, true, false, true);
      }
    }
  }

  private static String output(Checkpoint grown, int layer) {
    return grown.tensors().keySet().stream()
        .filter(
            name ->
                grown
                    .family()
                    .address(name)
                    .filter(a -> a.role() == TensorRole.OUTPUT && a.layer().orElseThrow() == layer)
                    .isPresent())
        .findFirst()
        .orElseThrow();
  }

  private static boolean isZero(float[] values) {
    return Floats.asList(values).stream().allMatch(value -> value == 0);
  }

  /** Experts without weights stand behind the others: their rows too are originals, then copies. */
  @Test
  void resetTellsTheRowsOfIdentityExpertsFromTheirCopies() throws IOException {
    Path fixture = Path.of("src/test/resources/families/longcat_flash_hub");
    try (TestFolder folder = new TestFolder()) {
      TinyGrowth.copy(fixture, folder.of("source"));
      DuplicateExperts wider = DuplicateExperts.times(2, 0);
      try (Checkpoint source = Checkpoint.open(folder.of("source"));
          Checkpoint grown = grow(folder, source, wider, MomentRule.RESET)) {
        Map<String, float[]> before = TinyState.read(source.folder());
        Map<String, float[]> after = TinyState.read(grown.folder());
        int experts = source.anatomy().experts();
        int identities = source.anatomy().identityExperts();
        assertThat(identities).isPositive();
        List<String> routers = routers(source);
        assertThat(routers).isNotEmpty();
        for (String router : routers) {
          for (String prefix : ImmutableList.of("exp_avg.", "exp_avg_sq.")) {
            List<Float> rows = Floats.asList(before.get(prefix + router));
            int split = experts * (rows.size() / (experts + identities));
            List<Float> expected = new ArrayList<>(rows.subList(0, split));
            expected.addAll(Collections.nCopies(split, 0f));
            expected.addAll(rows.subList(split, rows.size()));
            expected.addAll(Collections.nCopies(rows.size() - split, 0f));
            assertThat(Floats.asList(after.get(prefix + router))).isEqualTo(expected);
          }
        }
      }
    }
  }

  private static List<String> routers(Checkpoint source) {
    return source.tensors().values().stream()
        .map(StoredTensor::name)
        .filter(name -> source.anatomy().site(name).is(Part.ROUTER))
        .toList();
  }
}
