package dev.coppice.growth.cli;

import static dev.coppice.growth.cli.Run.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableSet;
import dev.coppice.growth.TestFolder;
import dev.coppice.moe.checkpoint.ComputeLedger;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AdviseCommandTest {
  @Test
  void readsTheLedgerAndKeepsItsKeys() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = GrowthCommandsTest.source(folder);
      ComputeLedger ledger =
          ComputeLedger.empty()
              .plus(new ComputeLedger.Entry("train", new BigInteger("5000000000000"), 7, true))
              .plus(new ComputeLedger.Entry("train", new BigInteger("1000000000000"), 7, false));
      Files.writeString(
          source.resolve("coppice.json"),
          CoppiceRecord.of(ledger, Optional.empty()).toJson().toString());
      Run run = run("advise", source, "--budget", "6e12", "--tokens", 3, "--json", "-q");
      assertThat(run.code()).as(run.err()).isZero();
      JsonNode json = run.json();
      assertThat(json.at("/findings/sunk/numbers/sunk_flops").asLong())
          .isEqualTo(6_000_000_000_000L);
      assertThat(json.at("/findings/sunk/verdict").asText()).isEqualTo("above");
      assertThat(json.at("/findings/compute/verdict").asText()).isEqualTo("enough");
      assertThat(ImmutableSet.copyOf(json.at("/findings/axes").fieldNames()))
          .containsExactly("verdict", "numbers", "text", "source");
      assertThat(json.at("/recommendation/command").asText()).contains("--depth 2 --width 2");
      assertThat(json.at("/sizes/both/active_parameters").asLong()).isPositive();
      assertThat(json.path("layers").asInt()).isEqualTo(2);
    }
  }

  @Test
  void speaksPlainly() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = GrowthCommandsTest.source(folder);
      Run run = run("advise", source, "--no-norms", "-q");
      assertThat(run.code()).isZero();
      assertThat(run.out())
          .contains("The cost of this checkpoint is unknown", "recommended: ")
          .contains("  coppice grow " + source + " " + source + "-grown --depth 2");
      Run wrong = run("advise", source, "--budget", "lots");
      assertThat(wrong.code()).isEqualTo(2);
      assertThat(wrong.err()).contains("count must be a whole number such as 3e20, got 'lots'");
    }
  }

  @Test
  void refusedAxesAreNotRecommended() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = GrowthCommandsTest.source(folder);
      Path family = folder.of("family.json");
      String mixtral =
          com.google.common.io.Resources.toString(
              com.google.common.io.Resources.getResource("dev/coppice/moe/family/mixtral.json"),
              java.nio.charset.StandardCharsets.UTF_8);
      Files.writeString(
          family,
          mixtral
              .replace("\"mixtral\"", "\"mine\"")
              .replaceFirst(
                  "\"layers\": \\[",
                  "\"refuses\": {\"depth\": \"its layers are one\"}, \"layers\": ["));
      Path config = source.resolve("config.json");
      Files.writeString(config, Files.readString(config).replace("\"mixtral\"", "\"mine\""));
      Run run = run("advise", source, "--family", family, "--no-norms", "--json", "-q");
      assertThat(run.code()).as(run.err()).isZero();
      assertThat(run.json().at("/findings/depth_method/verdict").asText()).isEqualTo("refused");
      assertThat(run.json().at("/sizes/depth/refusal").asText()).contains("its layers are one");
      assertThat(run.json().at("/recommendation/command").asText())
          .endsWith("-grown --width 2 --noise 0.01");
    }
  }
}
