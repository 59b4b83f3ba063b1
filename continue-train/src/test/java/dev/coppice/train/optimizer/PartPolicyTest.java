package dev.coppice.train.optimizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.checkpoint.GrowthOrigin;
import dev.coppice.moe.checkpoint.Lineage;
import dev.coppice.moe.parameter.ParameterKind;
import dev.coppice.moe.parameter.ParameterPart;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PartPolicyTest {
  private static final int NONE = ParameterPart.NONE;

  /** Layers 0 0 1 1, of which 1 and 3 are new; experts 0 to 3, of which 2 and 3 are new. */
  private static Optional<GrowthOrigin> origin() throws IOException {
    return GrowthOrigin.of(
        new Lineage(
            (ObjectNode)
                new ObjectMapper()
                    .readTree(
                        "{\"kind\":\"growth\",\"origin\":{\"layers\":[0,0,1,1],"
                            + "\"new_layers\":[1,3],"
                            + "\"new_experts\":{\"count\":4,\"indices\":[2,3]}}}")));
  }

  private static ParameterPart part(ParameterKind kind, int layer, int expert) {
    return new ParameterPart(kind, layer, expert);
  }

  @Test
  void factorsOfOnePartMultiply() throws IOException {
    PartRates rates = new PartRates(2, 3, 5, List.of(), false, List.of());
    PartPolicy policy = new PartPolicy(rates, origin());
    assertThat(policy.rate(part(ParameterKind.EXPERT, 0, 0))).isEqualTo(1);
    assertThat(policy.rate(part(ParameterKind.EXPERT, 0, 2))).isEqualTo(2);
    assertThat(policy.rate(part(ParameterKind.EXPERT, 1, 0))).isEqualTo(3);
    assertThat(policy.rate(part(ParameterKind.ATTENTION, 3, NONE))).isEqualTo(3);
    assertThat(policy.rate(part(ParameterKind.ROUTER, 0, 1))).isEqualTo(5);
    assertThat(policy.rate(part(ParameterKind.ROUTER, 1, 3))).isEqualTo(30);
    assertThat(policy.rate(part(ParameterKind.EMBEDDING, NONE, NONE))).isEqualTo(1);
  }

  @Test
  void frozenPartsAndTheOldStay() throws IOException {
    PartRates rates = new PartRates(2, 1, 1, List.of(ParameterKind.ATTENTION), true, List.of());
    PartPolicy policy = new PartPolicy(rates, origin());
    assertThat(policy.rate(part(ParameterKind.ATTENTION, 1, NONE))).isZero();
    assertThat(policy.rate(part(ParameterKind.NORM, 1, NONE))).isEqualTo(1);
    assertThat(policy.rate(part(ParameterKind.NORM, 0, NONE))).isZero();
    assertThat(policy.rate(part(ParameterKind.EXPERT, 0, 1))).isZero();
    assertThat(policy.rate(part(ParameterKind.EXPERT, 0, 3))).isEqualTo(2);
    assertThat(policy.rate(part(ParameterKind.EMBEDDING, NONE, NONE))).isZero();
  }

  @Test
  void onlyMatricesDecayAndNotThoseThatAreNamed() {
    PartRates rates = new PartRates(1, 1, 1, List.of(), false, List.of(ParameterKind.EMBEDDING));
    PartPolicy policy = new PartPolicy(rates, Optional.empty());
    assertThat(policy.decays(part(ParameterKind.EXPERT, 0, 0))).isTrue();
    assertThat(policy.decays(part(ParameterKind.NORM, 0, NONE))).isFalse();
    assertThat(policy.decays(part(ParameterKind.EMBEDDING, NONE, NONE))).isFalse();
  }
}
