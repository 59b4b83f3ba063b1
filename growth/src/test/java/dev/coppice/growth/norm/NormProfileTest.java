package dev.coppice.growth.norm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.coppice.growth.GrowthExecutorTest;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.safetensors.Dtype;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class NormProfileTest {
  @Test
  void isTheMeanOverExpertsAndMatrices() throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(GrowthExecutorTest.spec(2, 8), Dtype.BF16);
        Checkpoint grown = folder.grow(source, GrowthRequest.of(Interpose.times(2), 0), "grown")) {
      List<Double> profile = NormProfile.of(source).layers();
      for (int layer = 0; layer < 2; layer++) {
        double sum = 0;
        for (int expert = 0; expert < 4; expert++) {
          for (String matrix : new String[] {"w1", "w2", "w3"}) {
            double squares = 0;
            float[] values =
                TestFolder.floats(
                    source,
                    "model.layers."
                        + layer
                        + ".block_sparse_moe.experts."
                        + expert
                        + "."
                        + matrix
                        + ".weight");
            for (float value : values) {
              squares += (double) value * value;
            }
            sum += Math.sqrt(squares / values.length) / 12;
          }
        }
        assertThat(profile.get(layer)).isCloseTo(sum, within(1e-12));
      }
      assertThat(NormProfile.of(grown).layers())
          .containsExactly(profile.get(0), profile.get(0), profile.get(1), profile.get(1));
    }
  }
}
