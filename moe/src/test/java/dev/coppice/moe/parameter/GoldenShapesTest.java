package dev.coppice.moe.parameter;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.GoldenFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds what Coppice says of a shape against the folders that transformers saved. */
class GoldenShapesTest {
  static List<String> folders() throws IOException {
    Path golden = GoldenFolder.path("mixtral").getParent();
    try (Stream<Path> all = Files.list(golden)) {
      return all.filter(Files::isDirectory).map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void tensorsAndCountsAreThoseOfTheFolder(String name) throws IOException {
    try (Checkpoint folder = Checkpoint.open(GoldenFolder.path(name))) {
      Family family = folder.family();
      assertThat(family.refusalToRun(folder.config())).isEmpty();
      MoeSpec spec = folder.spec();
      ImmutableMap.Builder<String, ImmutableList<Long>> stored = ImmutableMap.builder();
      long parameters = 0;
      for (StoredTensor tensor : folder.tensors().values()) {
        stored.put(tensor.name(), tensor.shape());
        boolean buffer =
            family.address(tensor.name()).orElseThrow().role() == TensorRole.SELECTION_BIAS;
        parameters += buffer ? 0 : tensor.byteSize() / Float.BYTES;
      }
      assertThat(family.expectedTensors(spec))
          .containsExactlyInAnyOrderEntriesOf(stored.buildOrThrow());
      assertThat(spec.parameterCount()).isEqualTo(parameters);
      new ParameterLayout(family, spec).verify();
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void aFreshConfigurationSaysTheSame(String name) throws IOException {
    try (Checkpoint folder = Checkpoint.open(GoldenFolder.path(name))) {
      Family family = folder.family();
      var fresh = family.configFor(folder.spec());
      assertThat(family.refusalToRun(fresh)).isEmpty();
      assertThat(family.spec(fresh)).isEqualTo(folder.spec());
    }
  }
}
