package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.testing.PackedForms;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Fixed scales of a packed projection's input divide the input: no growth makes one zero, and no
 * copy has another than its source.
 */
class StaticScaleTest {
  private static final List<GrowthOperator> GROWTHS =
      List.of(
          new Interpose(2, 0, 0, true),
          DuplicateExperts.times(2, 0),
          new Interpose(2, 0, 0, true).then(DuplicateExperts.times(2, 0)));

  @ParameterizedTest
  @EnumSource(names = {"FP8_STATIC", "NVFP4", "NVFP4_COMPRESSED", "W8A8"})
  void staysAsItIsInEveryCopy(PackedForms form) throws IOException {
    try (TestFolder folder = new TestFolder()) {
      TinyCheckpoints.write(
          folder.of("source"),
          form.slots(PackedForms::isProjection),
          form.config(),
          new TinyCheckpoints.Options(Dtype.BF16, 7, ShardLayout.DEFAULT_MAX_BYTES));
      try (Checkpoint source = Checkpoint.open(folder.of("source"))) {
        for (GrowthOperator operator : GROWTHS) {
          String name = "grown" + GROWTHS.indexOf(operator);
          try (Checkpoint grown = folder.grow(source, GrowthRequest.of(operator, 0), name)) {
            check(source, grown);
          }
        }
      }
    }
  }

  private static void check(Checkpoint source, Checkpoint grown) throws IOException {
    int layers = grown.anatomy().layerCount() / source.anatomy().layerCount();
    int experts = grown.anatomy().experts() / source.anatomy().experts();
    int scales = 0;
    for (String name : grown.tensors().keySet()) {
      if (name.contains(".input_")) {
        List<String> parts = List.of(name.split("[.]"));
        String from =
            name.replace(
                "layers." + parts.get(2), "layers." + Integer.parseInt(parts.get(2)) / layers);
        if (parts.get(4).equals("experts")) {
          from =
              from.replace(
                  "experts." + parts.get(5) + ".",
                  "experts." + Integer.parseInt(parts.get(5)) % source.anatomy().experts() + ".");
        }
        assertThat(TestFolder.bytes(grown, name))
            .as(name)
            .isEqualTo(TestFolder.bytes(source, from));
        if (grown.tensor(name).dtype() == Dtype.F32) {
          assertThat(Math.abs(TestFolder.floats(grown, name)[0])).isFinite().isPositive();
        }
        scales++;
      }
    }
    assertThat(scales).isGreaterThanOrEqualTo(2 * layers * (4 + 3 * 4 * experts));
  }
}
