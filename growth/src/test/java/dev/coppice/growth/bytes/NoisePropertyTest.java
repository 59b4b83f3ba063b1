package dev.coppice.growth.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.GrowthSource;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.Weave;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.number.FloatFormat;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** I3: the noise has the mean and the deviation that it promises, and is drawn where promised. */
class NoisePropertyTest {
  private static final int EXPERTS = 4;

  /**
   * Large enough for statistics; two expert matrices of 64·48 elements differ in size from none.
   */
  private static final MoeSpec SPEC =
      new MoeSpec(
          "qwen3_moe",
          17,
          64,
          GroupedAttention.plain(2, 1, 4, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(EXPERTS, 2, 48), new LayerSpec.Moe(EXPERTS, 2, 48)),
          1e-6,
          true,
          64);

  @Provide
  Arbitrary<DuplicateExperts> wider() {
    return Arbitraries.of(0.01, 0.05)
        .flatMap(
            alpha ->
                Arbitraries.of(Placement.values())
                    .map(placement -> DuplicateExperts.times(3, alpha).withPlacement(placement)));
  }

  @Provide
  Arbitrary<Dtype> dtypes() {
    return Arbitraries.of(Dtype.F32, Dtype.BF16);
  }

  @Property(tries = 8)
  void copiesDifferByNoiseOfThePromisedSize(
      @ForAll("wider") DuplicateExperts wider, @ForAll("dtypes") Dtype dtype, @ForAll long seed)
      throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = unevenSource(folder, dtype);
        Checkpoint grown = folder.grow(source, GrowthRequest.of(wider, seed), "grown")) {
      for (int layer = 0; layer < 2; layer++) {
        for (String matrix : new String[] {"gate_proj", "up_proj", "down_proj"}) {
          for (int index = 0; index < 3 * EXPERTS; index++) {
            int original = original(wider, index);
            if (index != indexOf(wider, original, 0)) {
              float[] before = TestFolder.floats(source, name(layer, original, matrix));
              float[] after = TestFolder.floats(grown, name(layer, index, matrix));
              assertNoise(before, after, wider.noise() * std(before));
            }
          }
        }
        assertRouterNoise(wider, source, grown, "model.layers." + layer + ".mlp.gate.weight");
      }
    }
  }

  /** A model in which every expert's every matrix, and every router row, has a size of its own. */
  private static Checkpoint unevenSource(TestFolder folder, Dtype dtype) throws IOException {
    Checkpoint source = folder.source(SPEC, dtype);
    FloatFormat format = FloatFormat.of(dtype, "source");
    int size = 1;
    for (StoredTensor tensor : source.tensors().values()) {
      if (tensor.name().contains(".mlp.")) {
        ByteBuffer bytes = TestFolder.bytes(source, tensor.name());
        boolean router = tensor.name().endsWith("mlp.gate.weight");
        for (int i = 0; i < tensor.elementCount(); i++) {
          int factor = router ? 1 + 4 * (i / 64) : size;
          format.put(bytes, i, factor * format.get(bytes, i));
        }
        try (FileChannel file = FileChannel.open(tensor.file(), StandardOpenOption.WRITE)) {
          file.write(bytes, tensor.fileOffset());
        }
        size = size % 7 + 1;
      }
    }
    return source;
  }

  /** The router's σ is that of the whole matrix, not that of a row. */
  private static void assertRouterNoise(
      DuplicateExperts wider, Checkpoint source, Checkpoint grown, String name) throws IOException {
    float[] before = TestFolder.floats(source, name);
    float[] after = TestFolder.floats(grown, name);
    float[] copied = new float[2 * before.length];
    float[] noised = new float[2 * before.length];
    int at = 0;
    for (int index = 0; index < 3 * EXPERTS; index++) {
      int original = original(wider, index);
      if (index != indexOf(wider, original, 0)) {
        System.arraycopy(before, original * 64, copied, at, 64);
        System.arraycopy(after, index * 64, noised, at, 64);
        at += 64;
      }
    }
    assertNoise(copied, noised, wider.noise() * std(before));
  }

  /** Five standard errors of mean and deviation; rounding to bf16 adds at most a few percent. */
  private static void assertNoise(float[] before, float[] after, double sigma) {
    int n = before.length;
    double[] noise = new double[n];
    double mean = 0;
    for (int i = 0; i < n; i++) {
      noise[i] = (double) after[i] - before[i];
      mean += noise[i] / n;
    }
    double squares = 0;
    for (double value : noise) {
      squares += (value - mean) * (value - mean);
    }
    assertThat(mean).isCloseTo(0, within(5 * sigma / Math.sqrt(n)));
    assertThat(Math.sqrt(squares / (n - 1)) / sigma)
        .isCloseTo(1, within(0.04 + 5 / Math.sqrt(2.0 * n)));
  }

  @Test
  void everyMatrixDrawsItsOwnNumbers() throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(SPEC, Dtype.F32)) {
      GrowthOperator twice = DuplicateExperts.times(2, 0.5).then(DuplicateExperts.times(2, 0.5));
      GrowthPlan plan = GrowthPlan.of(source, twice, 9);
      RecipeReader reader =
          new RecipeReader(GrowthSource.weights(source).tensors(), 9, new Sigmas());
      Set<ByteBuffer> seen = new HashSet<>();
      int noised = 0;
      for (PlannedTensor tensor : plan.tensors().values()) {
        if (tensor.recipe() instanceof TensorRecipe.Noise) {
          noised++;
          ByteBuffer bytes =
              ByteBuffer.allocate((int) tensor.slot().byteSize()).order(ByteOrder.LITTLE_ENDIAN);
          reader.read(tensor, tensor.recipe(), 0, bytes);
          seen.add(bytes.flip());
        }
      }
      assertThat(noised).isEqualTo(2 * 3 * 3 * EXPERTS);
      assertThat(seen).hasSize(noised);
    }
  }

  @Test
  void bf16KeepsASixthOfItsElementsAtOnePercent() throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(SPEC, Dtype.BF16);
        Checkpoint grown =
            folder.grow(source, GrowthRequest.of(DuplicateExperts.times(2, 0.01), 1), "g")) {
      int same = 0;
      int all = 0;
      for (int expert = 0; expert < EXPERTS; expert++) {
        float[] before = TestFolder.floats(source, name(0, expert, "up_proj"));
        float[] after = TestFolder.floats(grown, name(0, EXPERTS + expert, "up_proj"));
        for (int i = 0; i < before.length; i++) {
          same += before[i] == after[i] ? 1 : 0;
          all++;
        }
      }
      assertThat((double) same / all).isCloseTo(0.17, within(0.02));
    }
  }

  @Test
  void anyRunOfElementsIsTheSame() throws IOException {
    NoiseKey key = new NoiseKey(3, TensorRole.EXPERT_UP, 0);
    NoiseStream stream = new NoiseStream(11, OptionalInt.of(2), key);
    for (FloatFormat format : FloatFormat.values()) {
      ByteBuffer whole = ones(format, 9001);
      new NoiseAdder()
          .add(
              new NoiseAdder.Draw(stream, 0.25f),
              format,
              whole,
              new Weave.Piece(0, 0, 1, 9001, 0, 1));
      for (int first : new int[] {1, 2, 4099}) {
        ByteBuffer part = ones(format, 3000);
        new NoiseAdder()
            .add(
                new NoiseAdder.Draw(stream, 0.25f),
                format,
                part,
                new Weave.Piece(0, 0, 1, 3000, first, 1));
        for (int i = 0; i < 3000; i++) {
          assertThat(format.get(part, i)).isEqualTo(format.get(whole, first + i));
        }
      }
    }
    assertThat(new NoiseStream(12, OptionalInt.of(2), key).at(0)).isNotEqualTo(stream.at(0));
    assertThat(new NoiseStream(11, OptionalInt.of(1), key).at(0)).isNotEqualTo(stream.at(0));
  }

  @Test
  void refusesToNoiseIntegers() throws IOException {
    assertThatThrownBy(() -> FloatFormat.of(Dtype.I64, "a.b"))
        .hasMessage("arithmetic needs dtype BF16, F16 or F32, got I64 (a.b)");
    assertThatThrownBy(() -> DuplicateExperts.times(2, -1))
        .hasMessage("noise must be a number of at least 0, got -1.0");
  }

  private static ByteBuffer ones(FloatFormat format, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count * format.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      format.put(bytes, i, 1);
    }
    return bytes;
  }

  private static double std(float[] values) {
    double mean = 0;
    for (float value : values) {
      mean += value / (double) values.length;
    }
    double squares = 0;
    for (float value : values) {
      squares += (value - mean) * (value - mean);
    }
    return Math.sqrt(squares / (values.length - 1));
  }

  private static int original(DuplicateExperts wider, int index) {
    return wider.placement() == Placement.APPEND ? index % EXPERTS : index / 3;
  }

  private static int indexOf(DuplicateExperts wider, int expert, int copy) {
    return wider.placement() == Placement.APPEND ? copy * EXPERTS + expert : expert * 3 + copy;
  }

  private static String name(int layer, int expert, String matrix) {
    return "model.layers." + layer + ".mlp.experts." + expert + "." + matrix + ".weight";
  }
}
