package dev.coppice.growth.cli;

import static dev.coppice.growth.cli.Run.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.TestFolder;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import org.junit.jupiter.api.Test;

class GrowthCommandsTest {
  static Path source(TestFolder folder) throws IOException {
    MoeSpec spec =
        new MoeSpec(
            "mixtral",
            17,
            8,
            GroupedAttention.plain(2, 1, 4, false, 10_000),
            new RouterSpec(true),
            ImmutableList.copyOf(Collections.nCopies(2, new LayerSpec.Moe(4, 2, 8))),
            1e-6,
            false,
            64);
    try (Checkpoint source = folder.source(spec, Dtype.BF16)) {
      return source.folder();
    }
  }

  @Test
  void growsInspectsAndVerifies() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = source(folder);
      Path grown = folder.of("grown");
      Run grow = run("grow", source, grown, "--depth", 2, "--width", 2, "--json", "-q");
      assertThat(grow.code()).as(grow.err()).isZero();
      JsonNode before = run("inspect", source, "--json").json();
      JsonNode after = run("inspect", grown, "--norms", "--json", "-q").json();
      assertThat(before.path("family").asText()).isEqualTo("mixtral");
      assertThat(after.path("layers").asInt()).isEqualTo(4);
      assertThat(after.path("norms")).hasSize(4);
      assertThat(after.at("/lineage/operators/0/operator").asText()).isEqualTo("interpose");
      for (String key :
          new String[] {
            "family",
            "layers",
            "experts",
            "top_k",
            "parameters",
            "active_parameters",
            "flops_per_token",
            "tensors",
            "bytes"
          }) {
        assertThat(grow.json().get(key)).as(key).isEqualTo(after.get(key));
      }
      assertThat(grow.json().path("bytes_written").asLong())
          .isEqualTo(after.path("bytes").asLong());
      assertThat(grow.json().path("seconds").asDouble()).isPositive();
      Run verify = run("verify", source, grown, "-q");
      assertThat(verify.code()).isZero();
      assertThat(verify.out()).contains("every bit as planned");
    }
  }

  @Test
  void growsTheOptimizersStateWhereAsked() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = source(folder);
      assertThat(run("grow", source, folder.of("a"), "--width", 2, "--with-optimizer", "scale"))
          .satisfies(none -> assertThat(none.code()).isEqualTo(3))
          .satisfies(none -> assertThat(none.err()).contains("optimizer state must be there"));
      TestFolder.writeState(source);
      JsonNode before = run("inspect", source, "--json").json().path("training_state");
      assertThat(before.path("steps").asLong()).isEqualTo(1234);
      Run left = run("grow", source, folder.of("left"), "--width", 2, "-q");
      assertThat(left.err())
          .containsOnlyOnce("is left behind; --with-optimizer copy, reset or scale grows it too");
      assertThat(run("inspect", folder.of("left"), "--json").json().has("training_state"))
          .isFalse();
      Run dry =
          run(
              "grow",
              source,
              folder.of("b"),
              "--width",
              2,
              "--with-optimizer",
              "copy",
              "--dry-run");
      assertThat(dry.err()).doesNotContain("left behind");
      assertThat(dry.out()).contains("optimizer: moments of 1,234 steps, rule copy;");
      Path recipe = folder.of("recipe.yaml");
      Files.writeString(
          recipe,
          "with_optimizer: scale\noperators:\n- {operator: duplicate_experts, factor: 2}\n");
      Path grown = folder.of("grown");
      Run grow = run("grow", source, grown, "--recipe", recipe, "--json", "-q");
      assertThat(grow.code()).as(grow.err()).isZero();
      JsonNode after = run("inspect", grown, "--json").json();
      JsonNode moments = grow.json().path("optimizer");
      assertThat(moments.path("rule").asText()).isEqualTo("scale");
      assertThat(moments.path("bytes")).isEqualTo(after.at("/training_state/bytes"));
      assertThat(after.at("/training_state/steps").asLong()).isEqualTo(1234);
      assertThat(grow.json().path("bytes_written").asLong())
          .isEqualTo(after.path("bytes").asLong() + moments.path("bytes").asLong());
      assertThat(grow.json().path("disk_needed").asLong())
          .isGreaterThan(grow.json().path("bytes_written").asLong());
      assertThat(run("verify", source, grown, "-q").code()).isZero();
      assertThat(Files.readString(grown.resolve("README.md"))).contains("rule `scale`");
      Run both =
          run("grow", source, folder.of("c"), "--recipe", recipe, "--with-optimizer", "copy");
      assertThat(both.err()).contains("--recipe excludes --with-optimizer");
    }
  }

  @Test
  void dryRunWritesNothing() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = source(folder);
      Run dry = run("grow", source, folder.of("grown"), "--depth", 3, "--dry-run");
      assertThat(dry.code()).isZero();
      assertThat(dry.out()).contains("num_hidden_layers: 2 -> 6", "disk: needs");
      assertThat(folder.names()).containsExactly("source");
    }
  }

  @Test
  void endsWithTheCodeOfTheError() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = source(folder);
      assertThat(run("grow", source, folder.of("g")).code()).isEqualTo(2);
      assertThat(run("grow", source, folder.of("g"), "--depth", 1, "--width", 0).code())
          .isEqualTo(2);
      assertThat(run("grow", source, folder.of("g"), "--depth", 2, "--threads", 0).code())
          .isEqualTo(2);
      assertThat(run("grow", source, folder.of("g"), "--depth", 2, "--max-shard-size", "5XB").err())
          .contains("size must be whole bytes such as 5GB or 500MB, got '5XB'");
      assertThat(run("grow", source, source, "--depth", 2).code()).isEqualTo(2);
      assertThat(run("grow", folder.of("none"), folder.of("g"), "--depth", 2).code()).isEqualTo(3);
      assertThat(run("verify", source, source).code()).isEqualTo(3);
      Files.writeString(source.resolve("config.json"), "{\"model_type\": \"llama\"}");
      Run unknown = run("grow", source, folder.of("g"), "--depth", 2);
      assertThat(unknown.code()).isEqualTo(3);
      assertThat(unknown.err()).contains("llama");
      assertThat(folder.names()).containsExactly("source");
    }
  }

  @Test
  void readsDecimalSizes() {
    ByteSizeConverter sizes = new ByteSizeConverter();
    assertThat(sizes.convert("5GB")).isEqualTo(5_000_000_000L);
    assertThat(sizes.convert("1.5 mb")).isEqualTo(1_500_000L);
    assertThat(sizes.convert("17")).isEqualTo(17L);
  }
}
