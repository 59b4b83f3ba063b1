package dev.coppice.bench.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ExperimentSpecTest {
  @TempDir private Path folder;

  @Test
  void demoRecipeReadsBackAsWritten() throws IOException {
    ExperimentSpec demo = ExperimentSpec.builtIn(ExperimentSpec.DEMO);

    assertThat(ExperimentSpec.read(write(tree -> {}))).isEqualTo(demo);
  }

  @Test
  void grownShapeDoublesLayersExpertsAndTopK() {
    ExperimentSpec demo = ExperimentSpec.builtIn(ExperimentSpec.DEMO);
    MoeSpec base = demo.base().spec(256);
    MoeSpec grown = demo.grownShape().spec(256);

    assertThat(grown.layerCount()).isEqualTo(2 * base.layerCount());
    assertThat(grown.firstMoe().orElseThrow().experts())
        .isEqualTo(2 * base.firstMoe().orElseThrow().experts());
    assertThat(grown.firstMoe().orElseThrow().topK())
        .isEqualTo(2 * base.firstMoe().orElseThrow().topK());
    assertThat(grown.hiddenSize()).isEqualTo(base.hiddenSize());
  }

  @Test
  void unknownFieldIsRefusedByName() throws IOException {
    assertRefused(tree -> tree.withObject("/base").put("hiden_size", 64), "hiden_size");
  }

  @Test
  void missingFieldIsRefusedByName() throws IOException {
    assertRefused(tree -> tree.withObject("/growth").remove("noise"), "noise");
  }

  @Test
  void badValuesAreRefusedWithTheirReason() throws IOException {
    assertRefused(tree -> tree.put("base_share", 1.5), "base_share must lie in (0, 1), got 1.5");
    assertRefused(tree -> tree.put("schema_version", 2), "schema_version must be 1, got 2");
    assertRefused(
        tree -> tree.withObject("/base").put("top_k", 9), "top-k must lie in 1..8 (the experts)");
    assertRefused(
        tree -> tree.withObject("/growth").put("depth", 1).put("width", 1),
        "a growth must grow depth or width");
  }

  @Test
  void unknownBuiltInRecipeIsRefused() {
    assertThatThrownBy(() -> ExperimentSpec.builtIn("nope"))
        .isInstanceOf(CoppiceException.class)
        .hasMessage("recipe must be a built-in one, got nope");
  }

  private void assertRefused(Consumer<ObjectNode> change, String reason) throws IOException {
    Path file = write(change);
    assertThatThrownBy(() -> ExperimentSpec.read(file))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
        .hasMessageContaining(reason)
        .hasMessageContaining(file.toString());
  }

  private Path write(Consumer<ObjectNode> change) throws IOException {
    ObjectNode tree = TrainJson.mapper().valueToTree(ExperimentSpec.builtIn(ExperimentSpec.DEMO));
    change.accept(tree);
    return Files.writeString(folder.resolve("recipe.json"), tree.toString());
  }
}
