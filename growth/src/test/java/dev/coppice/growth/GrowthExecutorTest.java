package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.ComputeLedger;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.moe.checkpoint.Lineage;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;

public class GrowthExecutorTest {
  private static final GrowthOperator BOTH =
      Interpose.times(2).then(DuplicateExperts.times(2, 0.01));

  public static MoeSpec spec(int layers, int width) {
    LayerSpec layer = new LayerSpec.Moe(4, 2, width);
    return new MoeSpec(
        "mixtral",
        32,
        width,
        GroupedAttention.plain(2, 1, 4, false, 10_000),
        new RouterSpec(true),
        ImmutableList.copyOf(java.util.Collections.nCopies(layers, layer)),
        1e-6,
        false,
        64);
  }

  @Test
  void refusesATargetThatExists() throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec(1, 8), Dtype.BF16)) {
      Path target = Files.createDirectory(folder.of("grown"));
      assertThatThrownBy(
              () ->
                  GrowthExecutor.run(
                      source, GrowthRequest.of(BOTH, 0), target, GrowthProgress.NONE))
          .isInstanceOf(CoppiceException.class)
          .hasMessageContaining("output folder must not exist")
          .extracting(e -> ((CoppiceException) e).kind())
          .isEqualTo(ErrorKind.REQUEST_INVALID);
      assertThat(folder.names()).containsExactly("grown", "source");
      assertThat(target).isEmptyDirectory();
    }
  }

  @Test
  void refusesADiskThatIsTooSmall() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      assertThatThrownBy(() -> GrowthExecutor.requireSpace(folder.of("x"), Long.MAX_VALUE / 2))
          .isInstanceOf(CoppiceException.class)
          .hasMessageStartingWith("disk must have ")
          .extracting(e -> ((CoppiceException) e).kind())
          .isEqualTo(ErrorKind.RESOURCE);
    }
  }

  @Test
  void refusesNumbersThatAreNotFinite() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      try (Checkpoint source = folder.source(spec(1, 8), Dtype.BF16)) {
        String name = "model.layers.0.block_sparse_moe.experts.1.w1.weight";
        try (var channel =
            java.nio.channels.FileChannel.open(
                source.tensor(name).file(), java.nio.file.StandardOpenOption.WRITE)) {
          byte[] infinity = {(byte) 0x80, 0x7f};
          channel.write(java.nio.ByteBuffer.wrap(infinity), source.tensor(name).fileOffset());
        }
        assertThatThrownBy(
                () ->
                    GrowthExecutor.run(
                        source,
                        GrowthRequest.of(DuplicateExperts.times(2, 0.01), 0),
                        folder.of("grown"),
                        GrowthProgress.NONE))
            .isInstanceOf(CoppiceException.class)
            .hasMessageContaining("must hold finite numbers")
            .hasMessageContaining("experts.5.w1");
      }
      assertThat(folder.names()).containsExactly("source");
    }
  }

  @Test
  void writesLineageLedgerCardAndSideFiles() throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path plain = folder.of("source");
      try (Checkpoint made = folder.source(spec(2, 8), Dtype.BF16)) {
        assertThat(made.record()).isEmpty();
      }
      Files.writeString(plain.resolve("tokenizer.json"), "{\"version\": \"1.0\"}");
      Files.writeString(
          plain.resolve("README.md"),
          """
          ---
          license: other
          license_name: house
          language: [en, de]
          tags: [old]
          ---
          # Old
          """);
      addRecord(plain, folder);
      try (Checkpoint source = Checkpoint.open(plain);
          Checkpoint grown =
              folder.grow(source, GrowthRequest.of(BOTH, 77).withSha256(true), "grown")) {
        assertThat(grown.folder().resolve("tokenizer.json"))
            .hasSameBinaryContentAs(plain.resolve("tokenizer.json"));
        assertThat(grown.folder().resolve("README.md"))
            .content()
            .startsWith("---\nlicense: other\nlicense_name: house\nlanguage: [en, de]\n")
            .contains("library_name: transformers\n", "pipeline_tag: text-generation\n", "- moe\n")
            .contains("\"operator\":\"interpose\"", "seed 77")
            .doesNotContain("# Old", "old]", "base_model");
        CoppiceRecord record = grown.record().orElseThrow();
        assertThat(record.ledger().sunkFlops()).isEqualTo(BigInteger.valueOf(600));
        assertThat(record.ledger().extraFlops()).isEqualTo(BigInteger.ZERO);
        JsonNode lineage = record.lineage().orElseThrow().json();
        assertThat(lineage.at("/source/folder").asText()).isEqualTo("source");
        assertThat(lineage.at("/source/files/model.safetensors/sha256").asText())
            .isEqualTo(
                Hashing.sha256()
                    .hashBytes(Files.readAllBytes(plain.resolve("model.safetensors")))
                    .toString());
        assertThat(lineage.at("/source/files/model.safetensors/crc32c").asText())
            .isEqualTo(
                String.format(
                    Locale.ROOT,
                    "%08x",
                    Hashing.crc32c()
                        .hashBytes(Files.readAllBytes(plain.resolve("model.safetensors")))
                        .asInt()));
        assertThat(lineage.path("parent").path("note").asText()).isEqualTo("first");
        assertThat(lineage.path("tensors").size()).isEqualTo(grown.tensors().size());
        assertThat(lineage.path("tensors").path("model.layers.3.input_layernorm.weight").asText())
            .isEqualTo("model.layers.1.input_layernorm.weight");
        JsonNode noised =
            lineage.path("tensors").path("model.layers.1.block_sparse_moe.experts.6.w2.weight");
        assertThat(noised.path("noise").asText())
            .isEqualTo("model.layers.0.block_sparse_moe.experts.2.w2.weight");
        assertThat(noised.path("alpha").asDouble()).isEqualTo(0.01);
      }
    }
  }

  private static void addRecord(Path plain, TestFolder folder) throws IOException {
    ObjectNode note = new com.fasterxml.jackson.databind.ObjectMapper().createObjectNode();
    ComputeLedger ledger =
        ComputeLedger.empty()
            .plus(new ComputeLedger.Entry("train", BigInteger.valueOf(600), 10, false));
    try (CheckpointWriter writer = CheckpointWriter.begin(folder.of("record"))) {
      writer.writeRecord(
          CoppiceRecord.of(ledger, Optional.of(new Lineage(note.put("note", "first")))));
      writer.commit();
    }
    Files.move(folder.of("record").resolve("coppice.json"), plain.resolve("coppice.json"));
    Files.delete(folder.of("record"));
  }

  @Test
  void growsTheSameBytesTwiceAndTellsHowFarItIs() throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec(2, 16), Dtype.BF16)) {
      List<Long> done = new ArrayList<>();
      List<Long> totals = new ArrayList<>();
      GrowthRequest request = GrowthRequest.of(BOTH, 4);
      GrowthResult result =
          GrowthExecutor.run(
              source,
              request,
              folder.of("a"),
              (bytes, total) -> {
                done.add(bytes);
                totals.add(total);
              });
      GrowthExecutor.run(source, request, folder.of("b"), GrowthProgress.NONE);
      try (var files = Files.list(folder.of("a"))) {
        for (Path file : files.toList()) {
          assertThat(folder.of("b").resolve(file.getFileName())).hasSameBinaryContentAs(file);
        }
      }
      assertThat(result.bytesWritten()).isEqualTo(result.plan().byteSize());
      assertThat(done).isSorted();
      assertThat(totals.stream().distinct()).hasSize(1);
      assertThat(done.get(done.size() - 1)).isEqualTo(totals.get(0));
    }
  }

  /** Run in a child: grows a model without end of memory, slowly enough to be killed on the way. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws IOException {
      try (Checkpoint source = Checkpoint.open(Path.of(arguments[0]))) {
        GrowthProgress slow =
            (done, total) -> {
              System.out.println(done);
              System.out.flush();
            };
        GrowthExecutor.run(source, GrowthRequest.of(BOTH, 0), Path.of(arguments[1]), slow);
      }
    }
  }

  @Test
  void aKilledGrowthLeavesNothingUnderItsName() throws Exception {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec(4, 512), Dtype.BF16)) {
      assertThat(source.byteSize()).isGreaterThan(20_000_000);
      Path target = folder.of("grown");
      Process child =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Child.class.getName(),
                  folder.of("source").toString(),
                  target.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      // the first report comes while tensors are being written
      assertThat(child.getInputStream().read()).isPositive();
      child.destroyForcibly().waitFor();
      assertThat(child.exitValue()).isNotZero();
      assertThat(folder.names()).contains("source").doesNotContain("grown");
      // what is left over does not stand in the way of the next attempt
      GrowthExecutor.run(source, GrowthRequest.of(BOTH, 0), target, GrowthProgress.NONE);
      assertThat(folder.names()).contains("grown");
    }
  }
}
