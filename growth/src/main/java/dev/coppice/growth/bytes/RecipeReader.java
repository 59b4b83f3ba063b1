package dev.coppice.growth.bytes;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.growth.bytes.NoiseAdder.Draw;
import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.RecipeVisitor;
import dev.coppice.growth.plan.Scope;
import dev.coppice.growth.plan.SourceTensor;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Concat;
import dev.coppice.growth.plan.TensorRecipe.Copy;
import dev.coppice.growth.plan.TensorRecipe.ExpertIds;
import dev.coppice.growth.plan.TensorRecipe.Noise;
import dev.coppice.growth.plan.TensorRecipe.Normal;
import dev.coppice.growth.plan.TensorRecipe.Part;
import dev.coppice.growth.plan.TensorRecipe.Scale;
import dev.coppice.growth.plan.TensorRecipe.Slice;
import dev.coppice.growth.plan.TensorRecipe.Sum;
import dev.coppice.growth.plan.TensorRecipe.Term;
import dev.coppice.growth.plan.TensorRecipe.Zero;
import dev.coppice.growth.plan.Weave;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.number.FloatFormat;
import dev.coppice.moe.safetensors.Dtype;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * Computes any run of elements of a planned tensor, from positional reads of the source.
 *
 * <p>Knows recipes, not models. Holds one buffer. Not thread-safe: each thread has its own, over
 * the same source and the same {@link Sigmas}.
 */
public final class RecipeReader {
  /** Bytes worked on at once: few enough to stay in a core's cache between the steps. */
  public static final int CHUNK = 1 << 18;

  /** Elements of a sum that are worked on at once. */
  private static final int BLOCK = 1 << 13;

  private final TensorSources sources;
  private final long seed;
  private final Sigmas sigmas;
  private final ByteBuffer scratch =
      ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
  private final NoiseAdder adder = new NoiseAdder();

  public RecipeReader(TensorSources sources, long seed, Sigmas sigmas) {
    this.sources = sources;
    this.seed = seed;
    this.sigmas = sigmas;
  }

  /**
   * Fills a buffer.
   *
   * @param tensor what is computed
   * @param recipe its recipe, or a part of it
   * @param first first element of the recipe
   * @param into little-endian; filled from its position to its limit
   * @throws IOException if the source cannot be read
   */
  void read(PlannedTensor tensor, TensorRecipe recipe, long first, ByteBuffer into)
      throws IOException {
    checkArgument(into.order() == ByteOrder.LITTLE_ENDIAN, "buffer must be little-endian");
    recipe.accept(new Ways(tensor)).read(first, into);
  }

  /** How a buffer is filled with the elements of a recipe. */
  @FunctionalInterface
  private interface Way {
    void read(long first, ByteBuffer into) throws IOException;
  }

  /** The way of each recipe of one tensor. */
  private final class Ways implements RecipeVisitor<Way> {
    private final PlannedTensor tensor;

    Ways(PlannedTensor tensor) {
      this.tensor = tensor;
    }

    @Override
    public Way copy(Copy copy) {
      return (first, into) -> readStored(tensor, copy.tensor(), first, into);
    }

    @Override
    public Way slice(Slice slice) {
      return (first, into) ->
          RecipeReader.this.read(tensor, slice.input(), slice.begin() + first, into);
    }

    @Override
    public Way concat(Concat concat) {
      return (first, into) -> readParts(tensor, concat, first, into);
    }

    @Override
    public Way noise(Noise noise) {
      return (first, into) -> readNoised(tensor, noise, first, into);
    }

    @Override
    public Way normal(Normal normal) {
      return (first, into) -> readNormal(tensor, normal, first, into);
    }

    @Override
    public Way scale(Scale scale) {
      return (first, into) -> readScaled(tensor, scale, first, into);
    }

    @Override
    public Way sum(Sum sum) {
      return (first, into) -> readSum(tensor, sum, first, into);
    }

    @Override
    public Way expertIds(ExpertIds ids) {
      return (first, into) -> readExpertIds(tensor, ids, first, into);
    }

    @Override
    public Way zero(Zero zero) {
      return (first, into) -> fillZeros(into);
    }
  }

  private void readStored(PlannedTensor tensor, SourceTensor stored, long first, ByteBuffer into)
      throws IOException {
    TensorBytes source = sources.of(stored.source());
    source.read(source.tensor(stored.name()), tensor.slot().dtype().byteSize(first), into);
  }

  /** Blocks small enough that their sums stay in a core's cache. */
  private void readSum(PlannedTensor tensor, Sum sum, long first, ByteBuffer into)
      throws IOException {
    FloatFormat format = format(tensor);
    int end = into.limit();
    long next = first;
    while (into.position() < end) {
      int count = Math.min(BLOCK, (end - into.position()) / format.bytes());
      double[] sums = sums(tensor, sum, next, count);
      ByteBuffer block = into.slice().order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < count; i++) {
        format.putDouble(block, i, sums[i]);
      }
      into.position(into.position() + count * format.bytes());
      next += count;
    }
  }

  private double[] sums(PlannedTensor tensor, Sum sum, long first, int count) throws IOException {
    double[] sums = new double[count];
    boolean begun = false;
    for (Term term : sum.terms()) {
      PlannedTensor typed = tensor.as(term.dtype());
      FloatFormat format = format(typed);
      ByteBuffer block = ByteBuffer.allocate(count * format.bytes()).order(ByteOrder.LITTLE_ENDIAN);
      read(typed, term.recipe(), first, block);
      for (int i = 0; i < count; i++) {
        double product = term.weight() * format.get(block, i);
        sums[i] = begun ? sums[i] + product : product;
      }
      begun = true;
    }
    return sums;
  }

  private void readParts(PlannedTensor tensor, Concat concat, long first, ByteBuffer into)
      throws IOException {
    Dtype dtype = tensor.slot().dtype();
    int end = into.limit();
    long begin = 0;
    long next = first;
    for (Part part : concat.parts()) {
      long partEnd = begin + part.elements();
      if (next < partEnd && into.position() < end) {
        long bytes = dtype.byteSize(partEnd - next);
        into.limit((int) Math.min(end, into.position() + bytes));
        long elements = into.remaining() * 8L / dtype.bits();
        read(tensor, part.recipe(), next - begin, into);
        into.limit(end);
        next += elements;
      }
      begin = partEnd;
    }
  }

  private void readNoised(PlannedTensor tensor, Noise noise, long first, ByteBuffer into)
      throws IOException {
    ByteBuffer elements = into.slice().order(ByteOrder.LITTLE_ENDIAN);
    read(tensor, noise.input(), first, into);
    FloatFormat format = format(tensor);
    int count = elements.limit() / format.bytes();
    Draw[] draws = new Draw[noise.strands().size()];
    for (int strand = 0; strand < draws.length; strand++) {
      double sigma = sigma(tensor, noise, strand, new Stretch(first, elements));
      draws[strand] =
          draw(tensor, noise.strands().get(strand).key(), (float) (noise.alpha() * sigma));
    }
    noise
        .weave()
        .pieces(first, count, piece -> adder.add(draws[piece.strand()], format, elements, piece));
  }

  private void readNormal(PlannedTensor tensor, Normal normal, long first, ByteBuffer into) {
    ByteBuffer elements = into.slice().order(ByteOrder.LITTLE_ENDIAN);
    fillZeros(into);
    FloatFormat format = format(tensor);
    Draw[] draws =
        normal.keys().stream()
            .map(key -> draw(tensor, key, (float) normal.std()))
            .toArray(Draw[]::new);
    normal
        .weave()
        .pieces(
            first,
            elements.limit() / format.bytes(),
            piece -> adder.add(draws[piece.strand()], format, elements, piece));
  }

  private Draw draw(PlannedTensor tensor, NoiseKey key, float scale) {
    return new Draw(new NoiseStream(seed, tensor.site().noiseLayer(), key), scale);
  }

  private void readScaled(PlannedTensor tensor, Scale scale, long first, ByteBuffer into)
      throws IOException {
    ByteBuffer elements = into.slice().order(ByteOrder.LITTLE_ENDIAN);
    read(tensor, scale.input(), first, into);
    FloatFormat format = format(tensor);
    for (int i = 0; i < elements.limit() / format.bytes(); i++) {
      format.putDouble(elements, i, format.get(elements, i) * scale.factor());
    }
  }

  private void readExpertIds(PlannedTensor tensor, ExpertIds ids, long first, ByteBuffer into)
      throws IOException {
    ExpertIdTable table = new ExpertIdTable(ids, tensor);
    Dtype dtype = tensor.slot().dtype();
    long last = first + into.remaining() * 8L / dtype.bits() - 1;
    long oldFirst = table.rowStart(first);
    long oldEnd = table.rowStart(last) + ids.columns();
    ByteBuffer old =
        ByteBuffer.allocate(Math.toIntExact(dtype.byteSize(oldEnd - oldFirst)))
            .order(ByteOrder.LITTLE_ENDIAN);
    read(tensor, ids.input(), oldFirst, old);
    table.fill(first, old, oldFirst, into);
  }

  /** Elements of a noise's input that were just read, from the first on. */
  private record Stretch(long first, ByteBuffer elements) {}

  /** The σ of one matrix. */
  private double sigma(PlannedTensor tensor, Noise noise, int strand, Stretch read)
      throws IOException {
    Scope scope = noise.strands().get(strand).scope();
    Sigmas.Key key = new Sigmas.Key(scope, tensor.site().noiseLayer());
    OptionalDouble known = sigmas.get(key);
    if (known.isPresent()) {
      return known.getAsDouble();
    }
    MeanAndDeviation[] moments = moments(tensor, noise, scope, read);
    for (int i = 0; i < moments.length; i++) {
      Scope sibling = new Scope(scope.recipe(), scope.weave(), i);
      sigmas.put(new Sigmas.Key(sibling, key.layer()), moments[i].std());
    }
    return finite(tensor, moments[scope.strand()].std());
  }

  private static double finite(PlannedTensor tensor, double sigma) {
    if (!Double.isFinite(sigma)) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          String.format(
              "a tensor must hold finite numbers to be noised, got a deviation of %s (for %s)",
              sigma, tensor.name()));
    }
    return sigma;
  }

  /**
   * MeanAndDeviation of all matrices of a scope's weave; without reading if they were just read.
   */
  private MeanAndDeviation[] moments(PlannedTensor tensor, Noise noise, Scope scope, Stretch read)
      throws IOException {
    Weave weave = scope.weave();
    MeanAndDeviation[] moments = new MeanAndDeviation[weave.strands()];
    Arrays.setAll(moments, i -> new MeanAndDeviation(weave.rows(), weave.columns()));
    FloatFormat format = format(tensor);
    boolean allRead =
        read.first() == 0
            && read.elements().limit() == weave.elements() * format.bytes()
            && noise.input().equals(scope.recipe());
    if (allRead) {
      take(format, weave, read, moments);
    } else {
      readMoments(tensor, scope, moments);
    }
    return moments;
  }

  private void readMoments(PlannedTensor tensor, Scope scope, MeanAndDeviation[] moments)
      throws IOException {
    FloatFormat format = format(tensor);
    // a scope with arithmetic inside needs the scratch buffer for itself
    ByteBuffer buffer =
        scope.recipe().inputs().isEmpty()
            ? scratch
            : ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    long elements = scope.weave().elements();
    for (long first = 0; first < elements; first += CHUNK / format.bytes()) {
      buffer.clear().limit((int) Math.min(CHUNK, (elements - first) * format.bytes()));
      read(tensor, scope.recipe(), first, buffer);
      take(format, scope.weave(), new Stretch(first, buffer), moments);
    }
  }

  private static void take(
      FloatFormat format, Weave weave, Stretch read, MeanAndDeviation[] moments) {
    int count = read.elements().limit() / format.bytes();
    weave.pieces(
        read.first(), count, piece -> moments[piece.strand()].add(format, read.elements(), piece));
  }

  private static FloatFormat format(PlannedTensor tensor) {
    return FloatFormat.of(tensor.slot().dtype(), tensor.name());
  }

  private static void fillZeros(ByteBuffer into) {
    while (into.remaining() >= Long.BYTES) {
      into.putLong(0);
    }
    while (into.hasRemaining()) {
      into.put((byte) 0);
    }
  }
}
