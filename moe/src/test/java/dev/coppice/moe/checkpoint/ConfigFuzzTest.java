package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.folder.JsonFiles;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.spec.MoeSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Any bytes as a {@code config.json} and as a {@code coppice.json}: a clean result or one named
 * error, counts that are positive, and a shape that survives being written.
 *
 * <p>A normal build runs the seeds only.
 */
class ConfigFuzzTest {
  private static final Path FILE = Path.of("config.json");

  static Stream<byte[]> seeds() {
    Stream<String> configs =
        Stream.of("mixtral", "mixtral_tied", "qwen3_moe_dense_layer", "qwen3_moe_renormalized")
            .map(ConfigFuzzTest::golden);
    Stream<String> others =
        Stream.of(
            "{'model_type':'mixtral'}",
            "{'model_type':'qwen3_moe','mlp_only_layers':[1,2],'decoder_sparse_step':2}",
            "{'model_type':'qwen3_moe','num_hidden_layers':999,'num_experts':2147483647}",
            "{'model_type':'qwen3_moe','rope_parameters':{'rope_theta':1e6}}",
            "{'model_type':null}",
            "{'schema_version':1,'coppice_version':'0','ledger':{'entries':[{'purpose':'train','flops':1,'tokens':2,'sunk':true}]},'lineage':{}}",
            "[]");
    return Stream.concat(configs, others.map(json -> json.replace('\'', '"')))
        .map(json -> json.getBytes(StandardCharsets.UTF_8));
  }

  private static String golden(String name) {
    try (InputStream in =
        ConfigFuzzTest.class.getResourceAsStream("/golden/" + name + "/config.json")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @MethodSource("seeds")
  @FuzzTest(maxExecutions = 1_000_000, maxDuration = "30m")
  void anyBytes(byte[] bytes) throws IOException {
    ObjectNode tree;
    try {
      tree = JsonFiles.parseObject(FILE, bytes);
    } catch (CheckpointFormatException e) {
      assertPlain(e);
      return;
    }
    readConfig(tree);
    readRecord(tree);
    assertThat(JsonFiles.parseObject(FILE, print(tree))).isEqualTo(tree);
  }

  private static void readConfig(ObjectNode tree) {
    try {
      Family family = Family.of(tree);
      MoeSpec spec = family.spec(tree);
      assertThat(spec.parameterCount()).isPositive();
      assertThat(spec.activeParameterCount()).isPositive();
      assertThat(spec.flopsPerToken()).isPositive();
      assertThat(family.refusalToRun(tree)).isNotNull();
      expressible(family, spec)
          .ifPresent(config -> assertThat(family.spec(config)).isEqualTo(spec));
    } catch (CheckpointFormatException e) {
      assertPlain(e);
    }
  }

  /** A fresh configuration of that shape; some that can be read cannot be written. */
  private static Optional<ObjectNode> expressible(Family family, MoeSpec spec) {
    try {
      return Optional.of(family.configFor(spec));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static void readRecord(ObjectNode tree) throws IOException {
    try {
      CoppiceRecord record = CoppiceRecord.fromJson(tree, FILE);
      byte[] written = print(record.toJson());
      assertThat(CoppiceRecord.fromJson(JsonFiles.parseObject(FILE, written), FILE))
          .isEqualTo(record);
    } catch (CheckpointFormatException e) {
      assertPlain(e);
    }
  }

  private static byte[] print(ObjectNode tree) {
    return JsonFiles.print(tree).getBytes(StandardCharsets.UTF_8);
  }

  private static void assertPlain(CheckpointFormatException e) {
    assertThat(e.getMessage()).startsWith(FILE + ": ").hasSizeLessThan(1200);
  }
}
