package dev.coppice.moe.number;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.safetensors.Dtype;
import java.nio.ByteBuffer;

/** A stored floating-point format that Coppice can calculate with, element by element. */
public enum FloatFormat {
  /** Upper half of a float32. */
  BF16(2) {
    @Override
    public float get(ByteBuffer bytes, int index) {
      return Float.intBitsToFloat(bytes.getShort(2 * index) << 16);
    }

    @Override
    public void put(ByteBuffer bytes, int index, float value) {
      bytes.putShort(2 * index, (short) (roundToBf16(value) >>> 16));
    }
  },
  /** IEEE half precision. */
  F16(2) {
    @Override
    public float get(ByteBuffer bytes, int index) {
      return HalfFloat.toFloat(bytes.getShort(2 * index));
    }

    @Override
    public void put(ByteBuffer bytes, int index, float value) {
      bytes.putShort(2 * index, HalfFloat.fromFloat(value));
    }
  },
  /** IEEE single precision. */
  F32(4) {
    @Override
    public float get(ByteBuffer bytes, int index) {
      return bytes.getFloat(4 * index);
    }

    @Override
    public void put(ByteBuffer bytes, int index, float value) {
      bytes.putFloat(4 * index, value);
    }
  };

  private final int bytes;

  FloatFormat(int bytes) {
    this.bytes = bytes;
  }

  /**
   * The format of a tensor's dtype.
   *
   * @param dtype what it is stored as
   * @param tensor its name, for the message
   * @throws CoppiceException INPUT_INVALID if Coppice cannot calculate with it
   */
  public static FloatFormat of(Dtype dtype, String tensor) {
    return switch (dtype) {
      case BF16 -> BF16;
      case F16 -> F16;
      case F32 -> F32;
      default ->
          throw new CoppiceException(
              ErrorKind.INPUT_INVALID,
              "arithmetic needs dtype BF16, F16 or F32, got " + dtype + " (" + tensor + ")");
    };
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Element {@code index} of little-endian bytes. */
  public abstract float get(ByteBuffer bytes, int index);

  /** Sets element {@code index}, rounded to nearest, ties to even. */
  public abstract void put(ByteBuffer bytes, int index, float value);

  /** Sets element {@code index} to a float64, rounded once. */
  public void putDouble(ByteBuffer bytes, int index, double value) {
    put(bytes, index, this == F32 ? (float) value : roundToOdd(value));
  }

  /**
   * A float32 that rounds to a narrower format as the float64 itself would: the last bit is set
   * where digits were cut off.
   */
  private static float roundToOdd(double value) {
    float nearest = (float) value;
    if (nearest == value || Double.isNaN(value)) {
      return nearest;
    }
    int bits = Float.floatToRawIntBits(nearest);
    boolean tooLarge = Math.abs((double) nearest) > Math.abs(value);
    return Float.intBitsToFloat((tooLarge ? bits - 1 : bits) | 1);
  }

  /** Bits of a float32 rounded to bf16 in their upper half; the lower half is not cleared. */
  static int roundToBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fffffff) > 0x7f800000) {
      return bits | 0x00400000;
    }
    return bits + 0x7fff + ((bits >>> 16) & 1);
  }
}
