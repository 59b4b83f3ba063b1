package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.Growths.Deeper;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.MoeSpecs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class GrowthVerifierTest {
  @Provide
  Arbitrary<MoeSpec> specs() {
    return MoeSpecs.arbitrary();
  }

  @Provide
  Arbitrary<Deeper> deeper() {
    return Growths.deeper();
  }

  @Provide
  Arbitrary<DuplicateExperts> wider() {
    return Growths.wider();
  }

  /** I9: what was grown verifies; a flipped bit anywhere is found and named. */
  @Property(tries = 20)
  void findsAnyFlippedBit(
      @ForAll("specs") MoeSpec spec,
      @ForAll("deeper") Deeper deeper,
      @ForAll("wider") DuplicateExperts wider,
      @ForAll long where)
      throws IOException {
    Assume.that(spec.firstMoe().isPresent());
    GrowthRequest request = new GrowthRequest(deeper.of(spec.layerCount()).then(wider), 5, 3000, 2);
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, Dtype.BF16);
        Checkpoint grown = folder.grow(source, request, "grown")) {
      assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE)).isEmpty();
      Random random = new Random(where);
      StoredTensor tensor =
          grown.tensors().values().asList().get(random.nextInt(grown.tensors().size()));
      long offset = random.nextInt((int) tensor.byteSize());
      flip(tensor.file(), tensor.fileOffset() + offset, 1 << random.nextInt(8));
      assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE))
          .singleElement()
          .asString()
          .contains("tensor " + tensor.name() + " ", "from byte " + offset + " of it on");
    }
  }

  @Test
  void namesAChangedSourceAndConfig() throws IOException {
    MoeSpec spec = GrowthExecutorTest.spec(2, 8);
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, Dtype.F32)) {
      folder.grow(source, GrowthRequest.of(Interpose.times(2), 0), "grown").close();
      Path config = folder.of("grown").resolve("config.json");
      ObjectMapper json = new ObjectMapper();
      ObjectNode tree = (ObjectNode) json.readTree(config.toFile());
      json.writeValue(config.toFile(), tree.put("hidden_act", "gelu"));
      StoredTensor embedding = source.tensor("model.embed_tokens.weight");
      flip(embedding.file(), embedding.fileOffset(), 1);
      try (Checkpoint grown = Checkpoint.open(folder.of("grown"))) {
        assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE))
            .hasSize(3)
            .anySatisfy(d -> assertThat(d).startsWith("source file model.safetensors must have"))
            .anySatisfy(d -> assertThat(d).endsWith("hidden_act: \"silu\" -> \"gelu\""))
            .anySatisfy(d -> assertThat(d).contains("model.embed_tokens.weight"));
      }
    }
  }

  @Test
  void asksForALineage() throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(GrowthExecutorTest.spec(1, 8), Dtype.F32)) {
      assertThatThrownBy(() -> GrowthVerifier.deviations(source, source, GrowthProgress.NONE))
          .hasMessageStartingWith(
              "grown checkpoint cannot be traced: it must have a lineage, got none");
    }
  }

  private static void flip(Path file, long position, int bit) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, position);
      one.put(0, (byte) (one.get(0) ^ bit));
      channel.write(one.flip(), position);
    }
  }
}
