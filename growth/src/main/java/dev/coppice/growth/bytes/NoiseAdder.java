package dev.coppice.growth.bytes;

import dev.coppice.growth.plan.Weave;
import dev.coppice.moe.number.FloatFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Adds scaled numbers of a {@link NoiseStream} to elements, with one rounding each.
 *
 * <p>Elements that follow each other in file and matrix go through in blocks, in stages of one
 * plain loop each, which the compiler turns into vectors; it does so neither with loops that look
 * up tables nor with those that read a float's bits, which are therefore apart: bits change type by
 * passing through memory. Elements in any other order go one by one, with the same result.
 *
 * <p>Holds a block. Not thread-safe: each thread has its own.
 */
final class NoiseAdder {
  /** Pairs of elements in a block. */
  private static final int PAIRS = 1024;

  private static final int BLOCK = 2 * PAIRS;

  private final long[] hashes = new long[PAIRS / 2];
  private final float[] evenNumbers = new float[PAIRS];
  private final float[] oddNumbers = new float[PAIRS];
  private final int[] pairs = new int[PAIRS];
  private final int[] bits = new int[PAIRS];
  private final int[] oddBits = new int[PAIRS];
  private final float[] floats = new float[PAIRS];
  private final ByteBuffer memory =
      ByteBuffer.allocateDirect(PAIRS * Integer.BYTES).order(ByteOrder.nativeOrder());
  private final IntBuffer memoryBits = memory.asIntBuffer();
  private final FloatBuffer memoryFloats = memory.asFloatBuffer();

  /**
   * What is added to a matrix.
   *
   * @param stream the numbers
   * @param scale what they are multiplied with
   */
  record Draw(NoiseStream stream, float scale) {}

  /**
   * Adds numbers to elements of one matrix.
   *
   * @param draw the numbers
   * @param format format of the elements
   * @param bytes a stretch of elements, from index 0; little-endian
   * @param piece which of them, and which numbers they get
   */
  void add(Draw draw, FloatFormat format, ByteBuffer bytes, Weave.Piece piece) {
    boolean inOrder = piece.step() == 1 && piece.indexStep() == 1;
    int begin = inOrder ? (int) Math.min(piece.count(), -piece.index() & 3) : piece.count();
    int end = begin + (piece.count() - begin) / BLOCK * BLOCK;
    addEach(draw, format, bytes, piece.part(0, begin));
    for (int done = begin; done < end; done += BLOCK) {
      draw.stream().fill(piece.index() + done, hashes, evenNumbers, oddNumbers);
      addBlock(draw.scale(), format, bytes, piece.offset() + done);
    }
    addEach(draw, format, bytes, piece.part(end, piece.count()));
  }

  private static void addEach(Draw draw, FloatFormat format, ByteBuffer bytes, Weave.Piece piece) {
    for (int i = 0; i < piece.count(); i++) {
      int at = piece.offset() + i * piece.step();
      float number = draw.stream().at(piece.index() + i * piece.indexStep());
      format.put(bytes, at, format.get(bytes, at) + draw.scale() * number);
    }
  }

  private void addBlock(float scale, FloatFormat format, ByteBuffer bytes, int offset) {
    if (format == FloatFormat.BF16) {
      IntBuffer view =
          bytes.slice(2 * offset, 4 * PAIRS).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
      view.get(0, pairs);
      addToBf16(scale);
      view.put(0, pairs);
      return;
    }
    for (int i = 0; i < PAIRS; i++) {
      int at = offset + 2 * i;
      format.put(bytes, at, format.get(bytes, at) + scale * evenNumbers[i]);
      format.put(bytes, at + 1, format.get(bytes, at + 1) + scale * oddNumbers[i]);
    }
  }

  private void addToBf16(float scale) {
    even(pairs, bits);
    odd(pairs, oddBits);
    addToBits(bits, evenNumbers, scale);
    addToBits(oddBits, oddNumbers, scale);
    join(bits, oddBits, pairs);
  }

  private void addToBits(int[] floatBits, float[] numbers, float scale) {
    memoryBits.put(0, floatBits);
    memoryFloats.get(0, floats);
    add(numbers, scale, floats);
    memoryFloats.put(0, floats);
    memoryBits.get(0, floatBits);
  }

  private static void even(int[] pairs, int[] bits) {
    for (int i = 0; i < PAIRS; i++) {
      bits[i] = pairs[i] << 16;
    }
  }

  private static void odd(int[] pairs, int[] bits) {
    for (int i = 0; i < PAIRS; i++) {
      bits[i] = pairs[i] & 0xffff0000;
    }
  }

  private static void add(float[] numbers, float scale, float[] floats) {
    for (int i = 0; i < PAIRS; i++) {
      floats[i] += scale * numbers[i];
    }
  }

  /**
   * Rounds to bf16. What is no number stays none: all such bits come from a bf16 or are the default
   * ones, so that nothing is carried into the sign.
   */
  private static void join(int[] even, int[] odd, int[] pairs) {
    for (int i = 0; i < PAIRS; i++) {
      int low = even[i] + 0x7fff + (even[i] >>> 16 & 1);
      int high = odd[i] + 0x7fff + (odd[i] >>> 16 & 1);
      pairs[i] = (low >>> 16) | (high & 0xffff0000);
    }
  }
}
