package dev.coppice.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.primitives.ImmutableDoubleArray;
import dev.coppice.moe.checkpoint.Lineage;
import dev.coppice.moe.model.RouterHealth;
import dev.coppice.train.TrainJson;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RouterReportTest {
  /** Ten tokens, top-2 of four: six took 0 and 2, two took 0 and 1, two took 1 and 2. */
  private static final RouterHealth HEALTH =
      new RouterHealth(
          4,
          10,
          ImmutableDoubleArray.of(
              8,
              2,
              6,
              0, //
              2,
              4,
              2,
              0, //
              6,
              2,
              8,
              0, //
              0,
              0,
              0,
              0, //
              4,
              2,
              3,
              1, //
              5 * Math.log(4)));

  @Test
  void countsLoadDeadExpertsAndEntropy() {
    RouterReport.Layer layer = RouterReport.of(HEALTH, Optional.empty(), true).layers().get(0);

    assertThat(layer.load()).containsExactly(0.8, 0.4, 0.8, 0.0);
    assertThat(layer.imbalance()).isEqualTo(1.6, offset(1e-12));
    assertThat(layer.deadExperts()).isEqualTo(1);
    assertThat(layer.entropy()).isEqualTo(0.5, offset(1e-12));
    assertThat(layer.twinAgreement()).isNull();
  }

  @Test
  void twinsAgreeWhereTokensTakeBothOrNeither() {
    RouterReport appended = RouterReport.of(HEALTH, Optional.of(new Twins(2, false)), true);
    RouterReport interleaved = RouterReport.of(HEALTH, Optional.of(new Twins(2, true)), true);

    // 0 and 2: 6 of 10; 1 and 3: 0 of 4
    assertThat(appended.layers().get(0).twinAgreement()).isEqualTo(0.3, offset(1e-12));
    // 0 and 1: 2 of 10; 2 and 3: 0 of 8
    assertThat(interleaved.layers().get(0).twinAgreement()).isEqualTo(0.1, offset(1e-12));
  }

  @Test
  void lineageTellsTheLastGrowthInWidth() throws Exception {
    ObjectNode json =
        (ObjectNode)
            new ObjectMapper()
                .readTree(
                    "{\"operators\":[{\"operator\":\"duplicate_experts\",\"factor\":2,"
                        + "\"placement\":\"append\"},{\"operator\":\"interpose\",\"factor\":3},"
                        + "{\"operator\":\"duplicate_experts\",\"factor\":3,"
                        + "\"placement\":\"interleave\"}]}");

    assertThat(Twins.of(new Lineage(json))).contains(new Twins(3, true));
    assertThat(Twins.of(new Lineage(new ObjectMapper().createObjectNode()))).isEmpty();
  }

  @Test
  void jsonNamesEveryNumber() {
    RouterReport report = RouterReport.of(HEALTH, Optional.of(new Twins(2, false)), true);

    JsonNode layer = TrainJson.mapper().valueToTree(report).path("layers").path(0);

    assertThat(layer.fieldNames())
        .toIterable()
        .containsExactly("load", "imbalance", "dead_experts", "entropy", "twin_agreement");
    assertThat(layer.path("twin_agreement").doubleValue()).isEqualTo(0.3, offset(1e-12));
    assertThat(
            TrainJson.mapper()
                .valueToTree(RouterReport.of(HEALTH, Optional.empty(), true))
                .at("/layers/0/twin_agreement")
                .isNull())
        .isTrue();
  }
}
