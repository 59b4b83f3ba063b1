package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.CoppiceException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GrowthOriginTest {
  private static Optional<GrowthOrigin> of(String lineage) throws JsonProcessingException {
    ObjectNode json = (ObjectNode) new ObjectMapper().readTree(lineage.replace('\'', '"'));
    return GrowthOrigin.of(new Lineage(json));
  }

  @Test
  void tellsNewLayersAndExpertsOfTheLastGrowthOnly() throws JsonProcessingException {
    GrowthOrigin origin =
        of("{'origin': {'layers': [0, 0, 1], 'new_layers': [1],"
                + " 'new_experts': {'count': 4, 'indices': [2, 3]}},"
                + " 'parent': {'origin': {'layers': [0, 0], 'new_layers': [0],"
                + " 'new_experts': {'count': 2, 'indices': [1]}}}}")
            .orElseThrow();
    assertThat(origin.sourceLayers()).containsExactly(0, 0, 1);
    assertThat(origin.newLayer(0)).isFalse();
    assertThat(origin.newLayer(1)).isTrue();
    assertThat(origin.newLayer(7)).isFalse();
    assertThat(origin.newExpert(0, 1)).isFalse();
    assertThat(origin.newExpert(0, 2)).isTrue();
    assertThat(origin.newExpert(2, 3)).isTrue();
    assertThat(origin.newExpert(2, 4)).isFalse();
    assertThat(origin.newExpert(-1, 2)).isFalse();
  }

  @Test
  void tellsLayersWithOtherExpertsApart() throws JsonProcessingException {
    GrowthOrigin origin =
        of("{'origin': {'layers': [0, 1, 2], 'new_layers': [], 'new_experts': [null,"
                + " {'count': 2, 'indices': [1]}, {'count': 4, 'indices': [2, 3]}]}}")
            .orElseThrow();
    assertThat(origin.newExpert(0, 1)).isFalse();
    assertThat(origin.newExpert(1, 1)).isTrue();
    assertThat(origin.newExpert(2, 1)).isFalse();
    assertThat(origin.newExpert(2, 3)).isTrue();
  }

  @Test
  void isSilentOnLineagesThatDoNotSay() throws JsonProcessingException {
    assertThat(of("{'kind': 'growth', 'parent': {'origin': {'layers': [0]}}}")).isEmpty();
    GrowthOrigin dense = of("{'origin': {'layers': [0, 0], 'new_layers': [1]}}").orElseThrow();
    assertThat(dense.newLayer(1)).isTrue();
    assertThat(dense.newExpert(1, 0)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'layers': [0, 0, 1], 'new_layers': [1]}",
        "{'layers': [0, 0, 1], 'new_layers': [1], 'new_experts': {'count': 4, 'indices': [2, 3]}}",
        "{'layers': [0, 1], 'new_layers': [], 'new_experts': {'count': 2, 'indices': []}}",
        "{'layers': [0, 1, 2], 'new_layers': [], 'new_experts': [null,"
            + " {'count': 2, 'indices': [1]}, {'count': 4, 'indices': [2, 3]}]}"
      })
  void writesWhatItReads(String origin) throws JsonProcessingException {
    GrowthOrigin read = of("{'origin': " + origin + "}").orElseThrow();
    ObjectNode written = read.toJson();

    assertThat(written.toString()).isEqualTo(origin.replace(" ", "").replace('\'', '"'));
    assertThat(of("{'origin': " + written + "}")).contains(read);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'origin': 3}",
        "{'origin': {'layers': [0]}}",
        "{'origin': {'layers': [0], 'new_layers': [1]}}",
        "{'origin': {'layers': ['a'], 'new_layers': []}}",
        "{'origin': {'layers': [-1], 'new_layers': []}}",
        "{'origin': {'layers': [0], 'new_layers': [], 'new_experts': {}}}",
        "{'origin': {'layers': [0], 'new_layers': [], 'new_experts': []}}",
        "{'origin': {'layers': [0], 'new_layers': [],"
            + " 'new_experts': {'count': 2, 'indices': [2]}}}"
      })
  void refusesAMalformedOrigin(String lineage) {
    assertThatThrownBy(() -> of(lineage))
        .isInstanceOf(CoppiceException.class)
        .hasMessageStartingWith("origin of a lineage is malformed: ");
  }
}
