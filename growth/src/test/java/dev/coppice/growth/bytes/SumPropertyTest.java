package dev.coppice.growth.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.lineage.RecipeJson;
import dev.coppice.growth.moment.Inherited;
import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.Scope;
import dev.coppice.growth.plan.SourceId;
import dev.coppice.growth.plan.SourceTensor;
import dev.coppice.growth.plan.Strand;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Concat;
import dev.coppice.growth.plan.TensorRecipe.Copy;
import dev.coppice.growth.plan.TensorRecipe.Noise;
import dev.coppice.growth.plan.TensorRecipe.Part;
import dev.coppice.growth.plan.TensorRecipe.Scale;
import dev.coppice.growth.plan.TensorRecipe.Slice;
import dev.coppice.growth.plan.TensorRecipe.Sum;
import dev.coppice.growth.plan.TensorRecipe.Term;
import dev.coppice.growth.plan.TensorRecipe.Zero;
import dev.coppice.growth.plan.Weave;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.checkpoint.OptimizerState.Moment;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.number.FloatFormat;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Weighted sums over several sources, beside the same sum in float64. */
class SumPropertyTest {
  private static final int ELEMENTS = 20_011;
  private static final String NAME = "w";

  private final MemoryTensors base = new MemoryTensors();
  private final MemoryTensors tuned = new MemoryTensors();
  private final MemoryTensors state = new MemoryTensors();
  private final TensorSources sources =
      new TensorSources(
          ImmutableMap.of(SourceId.MODEL, base, SourceId.TUNED, tuned, SourceId.STATE, state));

  @Provide
  Arbitrary<Dtype> floats() {
    return Arbitraries.of(Dtype.F32, Dtype.F16, Dtype.BF16);
  }

  private static float[] values(long seed) {
    Random random = new Random(seed);
    float[] values = new float[ELEMENTS];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.scalb(random.nextGaussian(), random.nextInt(12) - 6);
    }
    return values;
  }

  private static TensorRecipe copy(SourceId source) {
    return new Copy(new SourceTensor(source, NAME));
  }

  private static PlannedTensor planned(Dtype dtype, TensorRecipe recipe, long elements) {
    return new PlannedTensor(
        new TensorSlot("made", dtype, ImmutableList.of(elements)),
        new TensorSite(Region.LAYER, "", 3, 0, "made", Optional.empty()),
        recipe);
  }

  private ByteBuffer read(PlannedTensor tensor, int piece) throws IOException {
    RecipeReader reader = new RecipeReader(sources, 5, new Sigmas());
    Dtype dtype = tensor.slot().dtype();
    int elements = (int) tensor.slot().elementCount();
    ByteBuffer all =
        ByteBuffer.allocate((int) dtype.byteSize(elements)).order(ByteOrder.LITTLE_ENDIAN);
    for (int first = 0; first < elements; first += piece) {
      all.limit((int) dtype.byteSize(Math.min(elements, first + piece)));
      reader.read(tensor, tensor.recipe(), first, all);
    }
    return all.flip();
  }

  /** Three sources that hold a tensor of one name, in three dtypes, stay apart. */
  @Property(tries = 30)
  void sumIsItsFloat64SumRoundedOnce(
      @ForAll("floats") Dtype output,
      @ForAll("floats") Dtype second,
      @ForAll @DoubleRange(min = -3, max = 3) double weight,
      @ForAll @IntRange(min = 1, max = ELEMENTS) int piece,
      @ForAll long seed)
      throws IOException {
    base.put(NAME, Dtype.BF16, values(seed));
    tuned.put(NAME, second, values(seed + 1));
    state.put(NAME, Dtype.F32, values(seed + 2));
    Sum sum =
        new Sum(
            ImmutableList.of(
                new Term(1, Dtype.BF16, copy(SourceId.MODEL)),
                new Term(weight, second, copy(SourceId.TUNED)),
                new Term(-1, Dtype.F32, copy(SourceId.STATE))));
    ByteBuffer made = read(planned(output, sum, ELEMENTS), Math.max(piece, 997));
    FloatFormat format = FloatFormat.of(output, "made");
    for (int i = 0; i < ELEMENTS; i++) {
      double exact = base.get(NAME, i) + weight * tuned.get(NAME, i) - state.get(NAME, i);
      assertThat(format.get(made, i)).isEqualTo(nearest(format, exact));
    }
  }

  /** The nearest number of a format by trial of its neighbours; ties go to the even one. */
  private static float nearest(FloatFormat format, double exact) {
    ByteBuffer one = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
    format.put(one, 0, (float) exact);
    int bits = format.bytes() == 2 ? one.getShort(0) : one.getInt(0);
    float best = format.get(one, 0);
    int bestBits = bits;
    for (int neighbour : new int[] {bits - 1, bits + 1}) {
      one.putInt(0, neighbour);
      float other = format.get(one, 0);
      if (!Float.isFinite(other) || Float.isNaN(other)) {
        continue;
      }
      int closer = distance(other, exact).compareTo(distance(best, exact));
      boolean tie = closer == 0 && (neighbour & 1) == 0 && (bestBits & 1) == 1;
      if (closer < 0 || tie) {
        best = other;
        bestBits = neighbour;
      }
    }
    return best;
  }

  private static BigDecimal distance(float value, double exact) {
    return new BigDecimal(value).subtract(new BigDecimal(exact)).abs();
  }

  @Property(tries = 20)
  void oneTermOfWeightOneKeepsEveryBit(@ForAll("floats") Dtype dtype, @ForAll long seed)
      throws IOException {
    float[] values = values(seed);
    values[0] = -0.0f;
    values[1] = Float.NEGATIVE_INFINITY;
    values[2] = Float.MIN_VALUE;
    base.put(NAME, dtype, values);
    Sum sum = new Sum(ImmutableList.of(new Term(1, dtype, copy(SourceId.MODEL))));
    assertThat(read(planned(dtype, sum, ELEMENTS), 4096))
        .isEqualTo(read(planned(dtype, copy(SourceId.MODEL), ELEMENTS), ELEMENTS));
  }

  @Test
  void sumsNestInOtherRecipes() throws IOException {
    base.put(NAME, Dtype.F32, 1, 2, 3, 4);
    tuned.put(NAME, Dtype.F16, 10, 20, 30, 40);
    Sum inner =
        new Sum(
            ImmutableList.of(
                new Term(1, Dtype.F32, copy(SourceId.MODEL)),
                new Term(0.5, Dtype.F16, copy(SourceId.TUNED))));
    TensorRecipe halves =
        new Concat(
            ImmutableList.of(
                new Part(new Scale(inner.slice(2, 2), 2), 2), new Part(inner.slice(0, 2), 2)));
    Sum outer =
        new Sum(
            ImmutableList.of(
                new Term(1, Dtype.F32, halves), new Term(-1, Dtype.F32, new Slice(inner, 0, 4))));
    ByteBuffer made = read(planned(Dtype.F32, outer, 4), 4);
    assertThat(new float[] {made.getFloat(), made.getFloat(), made.getFloat(), made.getFloat()})
        .containsExactly(36 - 6, 48 - 12, 6 - 18, 12 - 24);
  }

  @Test
  void sumAnswersForItsTerms() {
    Weave row = Weave.plain(1, 4);
    TensorRecipe noised =
        new Noise(
            copy(SourceId.TUNED),
            0.1,
            row,
            ImmutableList.of(
                new Strand(
                    new Scope(copy(SourceId.TUNED), row, 0),
                    new NoiseKey(1, TensorRole.EXPERT_UP, 0))));
    Sum sum =
        new Sum(
            ImmutableList.of(
                new Term(1, Dtype.F32, copy(SourceId.MODEL)),
                new Term(2, Dtype.BF16, noised),
                new Term(3, Dtype.F32, new Zero())));
    assertThat(sum.sources())
        .containsExactly(
            new SourceTensor(SourceId.MODEL, NAME), new SourceTensor(SourceId.TUNED, NAME));
    assertThat(sum.noiseLevel()).isEqualTo(1);
    assertThat(RecipeJson.of(sum))
        .hasToString(
            "{'sum':[{'of':'w','dtype':'F32','weight':1.0},{'of':{'noise':{'copy':'w','source':'tuned'},'alpha':0.1,'weave':'1x1x4','keys':['expert_up/1/0']},'dtype':'BF16','weight':2.0},{'of':{'zero':true},'dtype':'F32','weight':3.0}]}"
                .replace('\'', '"'));
    assertThat(sum.accept(new Inherited(Moment.FIRST))).isEqualTo(new Zero());
  }

  @Test
  void sumRefusesNoTermsStrangeWeightsAndPackedNumbers() {
    base.put(NAME, Dtype.F32, 1);
    assertThatThrownBy(() -> new Sum(ImmutableList.of()))
        .hasMessage("sum must have a term, got none");
    assertThatThrownBy(() -> new Term(Double.NaN, Dtype.F32, new Zero()))
        .hasMessage("weight must be a finite number, got NaN");
    Sum packed = new Sum(ImmutableList.of(new Term(1, Dtype.I32, copy(SourceId.MODEL))));
    assertThatThrownBy(() -> read(planned(Dtype.F32, packed, 1), 1))
        .hasMessage("arithmetic needs dtype BF16, F16 or F32, got I32 (made)");
  }

  /** The file holds the sum, and a comparison finds a flipped bit of it. */
  @Test
  void writtenSumsAreCompared() throws IOException {
    base.put(NAME, Dtype.F32, values(1));
    tuned.put(NAME, Dtype.F32, values(2));
    Sum sum =
        new Sum(
            ImmutableList.of(
                new Term(1, Dtype.F32, copy(SourceId.MODEL)),
                new Term(-0.25, Dtype.F32, copy(SourceId.TUNED))));
    PlannedTensor tensor = planned(Dtype.BF16, sum, ELEMENTS);
    try (TestFolder folder = new TestFolder()) {
      Path path = folder.of("sum.safetensors");
      RecipeReader reader = new RecipeReader(sources, 5, new Sigmas());
      try (SafetensorsWriter file =
          SafetensorsWriter.create(path, ImmutableList.of(tensor.slot()), ImmutableMap.of())) {
        new TensorWriter(sources, reader, bytes -> {}).write(tensor, file);
        file.finish();
      }
      byte[] written = Files.readAllBytes(path);
      ByteBuffer expected = read(tensor, ELEMENTS);
      byte[] tail = Arrays.copyOfRange(written, written.length - expected.limit(), written.length);
      assertThat(ByteBuffer.wrap(tail)).isEqualTo(expected);
      MemoryTensors copy = new MemoryTensors();
      float[] floats = new float[ELEMENTS];
      for (int i = 0; i < ELEMENTS; i++) {
        floats[i] = FloatFormat.BF16.get(expected, i);
      }
      copy.put("made", Dtype.BF16, floats);
      TensorComparison comparison = new TensorComparison(reader, bytes -> {});
      assertThat(comparison.deviation(tensor, copy)).isEmpty();
      floats[777] = -floats[777];
      copy.put("made", Dtype.BF16, floats);
      assertThat(comparison.deviation(tensor, copy))
          .hasValueSatisfying(text -> assertThat(text).contains("from byte 1555 of it on"));
    }
  }
}
