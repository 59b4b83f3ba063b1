package dev.coppice.growth;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.growth.TensorRecipe.Concat;
import dev.coppice.growth.TensorRecipe.Copy;
import dev.coppice.growth.TensorRecipe.Noise;
import dev.coppice.growth.TensorRecipe.Normal;
import dev.coppice.growth.TensorRecipe.Part;
import dev.coppice.growth.TensorRecipe.Scope;
import dev.coppice.growth.TensorRecipe.Slice;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.safetensors.Dtype;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalDouble;

/**
 * Computes any run of elements of a planned tensor, from positional reads of the source.
 *
 * <p>Knows recipes, not models. Holds one buffer. Not thread-safe: each thread has its own, over
 * the same source and the same {@link Sigmas}.
 */
final class RecipeReader {
  /** Bytes worked on at once: most experts' matrices fit, and are then read once. */
  static final int CHUNK = 1 << 22;

  private final Checkpoint source;
  private final long seed;
  private final Sigmas sigmas;
  private final ByteBuffer scratch =
      ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);

  RecipeReader(Checkpoint source, long seed, Sigmas sigmas) {
    this.source = source;
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
    Dtype dtype = tensor.slot().dtype();
    if (recipe instanceof Copy copy) {
      source.read(source.tensor(copy.source()), dtype.byteSize(first), into);
    } else if (recipe instanceof Slice slice) {
      read(tensor, slice.input(), slice.begin() + first, into);
    } else if (recipe instanceof Concat concat) {
      readParts(tensor, concat, first, into);
    } else if (recipe instanceof Noise noise) {
      readNoised(tensor, noise, first, into);
    } else if (recipe instanceof Normal normal) {
      readNormal(tensor, normal, first, into);
    } else {
      fillZeros(into);
    }
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
    double sigma = sigma(tensor, noise, first, elements);
    new NoiseStream(seed, tensor.address().layer(), noise.key())
        .add(format(tensor), elements, first, (float) (noise.alpha() * sigma));
  }

  private void readNormal(PlannedTensor tensor, Normal normal, long first, ByteBuffer into) {
    ByteBuffer elements = into.slice().order(ByteOrder.LITTLE_ENDIAN);
    fillZeros(into);
    new NoiseStream(seed, tensor.address().layer(), normal.key())
        .add(format(tensor), elements, first, (float) normal.std());
  }

  /** The σ of a noise, of whose input some elements were just read. */
  private double sigma(PlannedTensor tensor, Noise noise, long first, ByteBuffer elements)
      throws IOException {
    Sigmas.Key key = new Sigmas.Key(noise.scope(), tensor.address().layer());
    OptionalDouble known = sigmas.get(key);
    if (known.isPresent()) {
      return known.getAsDouble();
    }
    double sigma = moments(tensor, noise, first, elements).std();
    if (!Double.isFinite(sigma)) {
      throw new CoppiceException(
          ExitCode.INPUT_INVALID,
          String.format(
              "a tensor must hold finite numbers to be noised, got a deviation of %s (for %s)",
              sigma, tensor.name()));
    }
    sigmas.put(key, sigma);
    return sigma;
  }

  private Moments moments(PlannedTensor tensor, Noise noise, long first, ByteBuffer elements)
      throws IOException {
    FloatFormat format = format(tensor);
    Scope scope = noise.scope();
    boolean allRead =
        first == 0
            && elements.limit() == scope.elements() * format.bytes()
            && noise.input().equals(scope.recipe());
    if (!allRead) {
      return moments(tensor, scope);
    }
    Moments moments = new Moments();
    moments.add(format, elements);
    return moments;
  }

  private Moments moments(PlannedTensor tensor, Scope scope) throws IOException {
    FloatFormat format = format(tensor);
    // a scope with noise inside needs the scratch buffer for itself
    ByteBuffer buffer =
        scope.recipe() instanceof Copy
            ? scratch
            : ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    Moments moments = new Moments();
    for (long first = 0; first < scope.elements(); first += CHUNK / format.bytes()) {
      long bytes = (scope.elements() - first) * format.bytes();
      buffer.clear().limit((int) Math.min(CHUNK, bytes));
      read(tensor, scope.recipe(), first, buffer);
      moments.add(format, buffer);
    }
    return moments;
  }

  private static FloatFormat format(PlannedTensor tensor) {
    return FloatFormat.of(tensor.slot().dtype());
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
