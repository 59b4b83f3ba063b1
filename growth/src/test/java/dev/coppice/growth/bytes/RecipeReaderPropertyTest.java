package dev.coppice.growth.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.growth.plan.Scope;
import dev.coppice.growth.plan.Strand;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Concat;
import dev.coppice.growth.plan.TensorRecipe.ExpertIds;
import dev.coppice.growth.plan.TensorRecipe.Noise;
import dev.coppice.growth.plan.TensorRecipe.Normal;
import dev.coppice.growth.plan.TensorRecipe.Part;
import dev.coppice.growth.plan.TensorRecipe.Scale;
import dev.coppice.growth.plan.TensorRecipe.Slice;
import dev.coppice.growth.plan.TensorRecipe.Zero;
import dev.coppice.growth.plan.Weave;
import dev.coppice.growth.plan.WeavePropertyTest;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.number.FloatFormat;
import dev.coppice.moe.safetensors.Dtype;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Every recipe beside what its definition says, worked out element by element in float64. */
class RecipeReaderPropertyTest {
  private static final double ALPHA = 0.3;

  @Provide
  Arbitrary<Weave> weaves() {
    return WeavePropertyTest.arbitrary();
  }

  @Provide
  Arbitrary<Dtype> floats() {
    return Arbitraries.of(Dtype.F32, Dtype.F16, Dtype.BF16);
  }

  private static NoiseKey key(int strand) {
    return new NoiseKey(7, strand == 0 ? TensorRole.EXPERT_GATE : TensorRole.EXPERT_UP, strand);
  }

  private static Noise noise(TensorRecipe input, Weave weave) {
    return new Noise(
        input,
        ALPHA,
        weave,
        IntStream.range(0, weave.strands())
            .mapToObj(i -> new Strand(new Scope(input, weave, i), key(i)))
            .collect(ImmutableList.toImmutableList()));
  }

  /** A matrix a strand, each with its own mean and size. */
  private static float[][] matrices(Weave weave, long seed) {
    Random random = new Random(seed);
    float[][] matrices = new float[weave.strands()][(int) (weave.rows() * weave.columns())];
    for (int strand = 0; strand < matrices.length; strand++) {
      for (int i = 0; i < matrices[strand].length; i++) {
        matrices[strand][i] = (float) ((strand + 1) * (0.5 + random.nextGaussian()));
      }
    }
    return matrices;
  }

  private static float[] woven(Weave weave, float[][] matrices) {
    List<long[]> places = WeavePropertyTest.places(weave);
    float[] run = new float[places.size()];
    for (int i = 0; i < run.length; i++) {
      run[i] = matrices[(int) places.get(i)[0]][(int) places.get(i)[1]];
    }
    return run;
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
    return values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1));
  }

  @Property(tries = 60)
  void noiseIsWhatItsDefinitionSays(
      @ForAll("weaves") Weave weave, @ForAll("floats") Dtype dtype, @ForAll long seed)
      throws IOException {
    try (EngineSource source = new EngineSource(dtype)) {
      TensorRecipe input = source.put(woven(weave, matrices(weave, seed)));
      float[] before = source.floats(input, weave.elements());
      float[] after = source.floats(noise(input, weave), weave.elements());
      List<long[]> places = WeavePropertyTest.places(weave);
      for (int strand = 0; strand < weave.strands(); strand++) {
        NoiseStream stream = EngineSource.stream(key(strand));
        int own = strand;
        double sigma = std(select(before, places, own));
        for (int i = 0; i < after.length; i++) {
          if (places.get(i)[0] == own) {
            double exact = before[i] + ALPHA * sigma * stream.at(places.get(i)[1]);
            double step = dtype == Dtype.BF16 ? 0x1p-8 : dtype == Dtype.F16 ? 0x1p-11 : 0x1p-23;
            double rounding = step * Math.abs(exact) + 1e-6 * (1 + sigma);
            assertThat((double) after[i]).isCloseTo(exact, within(rounding));
          }
        }
      }
    }
  }

  private static float[] select(float[] run, List<long[]> places, int strand) {
    float[] selected = new float[run.length];
    int count = 0;
    for (int i = 0; i < run.length; i++) {
      if (places.get(i)[0] == strand) {
        selected[count++] = run[i];
      }
    }
    return Arrays.copyOf(selected, count);
  }

  /** The same matrices noised: woven in any order, or each in a tensor of its own. */
  @Property(tries = 60)
  void noiseHasTheSameBitsInEveryWeave(
      @ForAll("weaves") Weave weave, @ForAll("floats") Dtype dtype, @ForAll long seed)
      throws IOException {
    try (EngineSource source = new EngineSource(dtype)) {
      float[][] matrices = matrices(weave, seed);
      TensorRecipe input = source.put(woven(weave, matrices));
      Weave single = Weave.plain(weave.rows(), weave.columns());
      float[][] apart = new float[weave.strands()][];
      float[][] fresh = new float[weave.strands()][];
      for (int i = 0; i < apart.length; i++) {
        TensorRecipe own = source.put(matrices[i]);
        Strand strand = new Strand(new Scope(own, single, 0), key(i));
        apart[i] =
            source.floats(
                new Noise(own, ALPHA, single, ImmutableList.of(strand)), single.elements());
        fresh[i] =
            source.floats(new Normal(0.02, single, ImmutableList.of(key(i))), single.elements());
      }
      assertThat(source.read(noise(input, weave), weave.elements()))
          .isEqualTo(source.bytes(woven(weave, apart)));
      assertThat(source.read(normal(weave), weave.elements()))
          .isEqualTo(source.bytes(woven(weave, fresh)));
    }
  }

  private static Normal normal(Weave weave) {
    return new Normal(
        0.02,
        weave,
        IntStream.range(0, weave.strands())
            .mapToObj(RecipeReaderPropertyTest::key)
            .collect(ImmutableList.toImmutableList()));
  }

  /** σ of rows that are noised one by one is that of the whole matrix. */
  @Property(tries = 20)
  void rowsTakeTheSigmaOfTheirScope(@ForAll("floats") Dtype dtype, @ForAll long seed)
      throws IOException {
    try (EngineSource source = new EngineSource(dtype)) {
      Weave whole = Weave.plain(6, 10);
      TensorRecipe input = source.put(woven(whole, matrices(whole, seed)));
      Weave row = Weave.plain(1, 10);
      ImmutableList.Builder<Part> parts = ImmutableList.builder();
      for (int i = 0; i < 6; i++) {
        Strand strand = new Strand(new Scope(input, whole, 0), key(i % 2));
        TensorRecipe slice = new Slice(input, i * 10L, 10);
        parts.add(new Part(TensorRecipe.noise(slice, ALPHA, row, ImmutableList.of(strand)), 10));
      }
      float[] before = source.floats(input, 60);
      float[] after = source.floats(new Concat(parts.build()), 60);
      float scale = (float) (ALPHA * std(before));
      for (int i = 0; i < 60; i++) {
        NoiseStream stream = EngineSource.stream(key(i / 10 % 2).atLevel(0));
        double exact = before[i] + scale * stream.at(i % 10);
        assertThat((double) after[i]).isCloseTo(exact, within(0.01 * Math.abs(exact) + 1e-6));
      }
    }
  }

  @Property(tries = 60)
  void anyChunkingGivesTheSameBytes(
      @ForAll("weaves") Weave weave,
      @ForAll("floats") Dtype dtype,
      @ForAll @IntRange(min = 1, max = 600) int piece,
      @ForAll long seed)
      throws IOException {
    try (EngineSource source = new EngineSource(dtype)) {
      long n = weave.elements();
      TensorRecipe input = source.put(woven(weave, matrices(weave, seed)));
      Noise once = noise(input, weave);
      TensorRecipe twice = TensorRecipe.noise(once, ALPHA, weave, once.strands());
      TensorRecipe all =
          new Concat(
              ImmutableList.of(
                  new Part(twice, n),
                  new Part(new Scale(normal(weave), 3), n),
                  new Part(new Zero(), 5),
                  new Part(new Slice(once, n / 3, n - n / 3), n - n / 3)));
      long elements = 3 * n + 5 - n / 3;
      assertThat(source.read(all, elements, piece)).isEqualTo(source.read(all, elements));
      TensorRecipe cut = new Slice(all, n / 2, elements - n / 2);
      ByteBuffer tail = source.read(all, elements);
      assertThat(source.read(cut, elements - n / 2, piece))
          .isEqualTo(tail.position((int) dtype.byteSize(n / 2)));
    }
  }

  @Property(tries = 40)
  void copiesSlicesPartsAndZerosAreTheirBytes(@ForAll("floats") Dtype dtype, @ForAll long seed)
      throws IOException {
    try (EngineSource source = new EngineSource(dtype)) {
      Random random = new Random(seed);
      List<Part> parts = new ArrayList<>();
      List<Byte> expected = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        ByteBuffer bytes = source.buffer(20);
        while (bytes.hasRemaining()) {
          bytes.put((byte) random.nextInt());
        }
        int begin = random.nextInt(19);
        int count = 1 + random.nextInt(20 - begin);
        boolean zero = random.nextInt(4) == 0;
        parts.add(new Part(zero ? new Zero() : new Slice(source.put(bytes), begin, count), count));
        for (int b = 0; b < (int) dtype.byteSize(count); b++) {
          expected.add(zero ? 0 : bytes.get((int) dtype.byteSize(begin) + b));
        }
      }
      int elements = (int) (expected.size() * 8L / dtype.bits());
      ByteBuffer read = source.read(new Concat(ImmutableList.copyOf(parts)), elements);
      List<Byte> found = new ArrayList<>();
      while (read.hasRemaining()) {
        found.add(read.get());
      }
      assertThat(found).isEqualTo(expected);
    }
  }

  /** The nearest number of the format, the even one of two: judged by its two neighbours. */
  @Property(tries = 60)
  void scaleIsRoundedOnce(
      @ForAll("floats") Dtype dtype, @ForAll long seed, @ForAll("factors") double factor)
      throws IOException {
    try (EngineSource source = new EngineSource(dtype)) {
      Random random = new Random(seed);
      ByteBuffer bytes = source.buffer(200);
      for (int i = 0; i < 200; i++) {
        source.format().put(bytes, i, (float) Math.scalb(random.nextGaussian(), i % 24 - 12));
      }
      TensorRecipe input = source.put(bytes);
      float[] before = source.floats(input, 200);
      ByteBuffer after = source.read(new Scale(input, factor), 200);
      for (int i = 0; i < 200; i++) {
        assertNearest(source.format(), after, i, before[i] * factor);
      }
    }
  }

  @Provide
  Arbitrary<Double> factors() {
    // 1 + 2^-8 and the like lie half-way between two numbers of a format, or next to half-way
    return Arbitraries.of(
        0.5, 0.0, -1.0, 1 + 0x1p-8, 1 + 0x1p-9 + 0x1p-40, 1 + 0x1p-11 + 0x1p-12, 1 / 3.0, 1e-7);
  }

  private static void assertNearest(FloatFormat format, ByteBuffer bytes, int index, double exact) {
    double error = Math.abs(format.get(bytes, index) - exact);
    long bits = format == FloatFormat.F32 ? bytes.getInt(4 * index) : bytes.getShort(2 * index);
    for (int step = -1; step <= 1; step += 2) {
      ByteBuffer neighbour = ByteBuffer.allocate(4).order(bytes.order());
      neighbour.putInt(0, (int) (bits + step));
      double other = Math.abs(format.get(neighbour, 0) - exact);
      if (!Double.isNaN(other)) {
        assertThat(error).isLessThanOrEqualTo(other);
        assertThat(error == other && error > 0 && (bits & 1) == 1).isFalse();
      }
    }
  }

  @Property(tries = 40)
  void expertIdsNameEveryCopy(
      @ForAll @IntRange(min = 1, max = 5) int columns,
      @ForAll @IntRange(min = 1, max = 4) int factor,
      @ForAll boolean interleaved,
      @ForAll @IntRange(min = 1, max = 90) int piece,
      @ForAll boolean wide,
      @ForAll long seed)
      throws IOException {
    try (EngineSource source = new EngineSource(wide ? Dtype.I64 : Dtype.I32)) {
      Random random = new Random(seed);
      int rows = 9;
      int experts = 6;
      ByteBuffer table = source.buffer((long) rows * columns);
      ByteBuffer expected = source.buffer((long) rows * columns * factor);
      for (int row = 0; row < rows; row++) {
        int[] ids = random.ints(columns, 0, experts).toArray();
        Arrays.stream(ids).forEach(id -> putInteger(table, wide, id));
        for (int copy = 0; copy < factor; copy++) {
          for (int id : ids) {
            putInteger(expected, wide, interleaved ? id * factor + copy : id + copy * experts);
          }
        }
      }
      ExpertIds ids =
          new ExpertIds(source.put(table.flip()), columns, factor, experts, interleaved);
      assertThat(source.read(ids, (long) rows * columns * factor, piece))
          .isEqualTo(expected.flip());
    }
  }

  private static void putInteger(ByteBuffer bytes, boolean wide, int value) {
    if (wide) {
      bytes.putLong(value);
    } else {
      bytes.putInt(value);
    }
  }

  @Test
  void refusesExpertsThatAreNotThere() throws IOException {
    try (EngineSource source = new EngineSource(Dtype.I32)) {
      TensorRecipe table = source.put(source.buffer(2).putInt(0, 6));
      assertThatThrownBy(() -> source.read(new ExpertIds(table, 2, 2, 6, false), 4))
          .isInstanceOf(CoppiceException.class)
          .hasMessage("expert index must lie in 0..5, got 6 (for made)");
      assertThatThrownBy(() -> source.read(new Scale(table, 2), 2))
          .hasMessage("arithmetic needs dtype BF16, F16 or F32, got I32 (made)");
    }
    try (EngineSource source = new EngineSource(Dtype.F32)) {
      assertThatThrownBy(() -> source.read(new ExpertIds(source.put(1), 1, 2, 6, false), 2))
          .hasMessage("expert indices must be of dtype I32 or I64, got F32 (made)");
    }
  }

  @Test
  void nothingIsNoisedWhereThereIsNothingToAdd() {
    Weave weave = Weave.plain(2, 3);
    TensorRecipe zero = new Zero();
    TensorRecipe copy = new TensorRecipe.Copy("a");
    assertThat(TensorRecipe.noise(copy, 0, weave, noise(copy, weave).strands())).isEqualTo(copy);
    assertThat(TensorRecipe.noise(zero, 1, weave, noise(zero, weave).strands())).isEqualTo(zero);
    assertThat(TensorRecipe.noise(copy, 1, weave, noise(zero, weave).strands())).isEqualTo(copy);
    Noise twice =
        (Noise)
            TensorRecipe.noise(
                new Scale(noise(copy, weave), 2), 1, weave, noise(copy, weave).strands());
    assertThat(twice.strands().get(0).key()).isEqualTo(key(0).atLevel(1));
    assertThatThrownBy(() -> new Noise(copy, 1, weave, ImmutableList.of()))
        .hasMessage("a weave of 1 matrices must have as many strands, got 0");
  }
}
