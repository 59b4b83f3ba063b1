package dev.coppice.moe.number;

/** IEEE half precision to single and back, which the JDK itself offers from 20 on. */
public final class HalfFloat {
  private HalfFloat() {}

  /**
   * The value of a half.
   *
   * @param half its bits
   */
  public static float toFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = half >>> 10 & 0x1f;
    int mantissa = half & 0x3ff;
    if (exponent == 0) {
      float size = mantissa * 0x1p-24f;
      return sign == 0 ? size : -size;
    }
    int single = exponent == 31 ? 255 : exponent + 112;
    return Float.intBitsToFloat(sign | single << 23 | mantissa << 13);
  }

  /**
   * The half nearest to a value, ties to even; beyond the largest, infinity.
   *
   * @param value the value
   */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int size = bits & 0x7fffffff;
    if (size > 0x7f800000) {
      return (short) (sign | 0x7e00);
    }
    if (size >= 0x47800000) {
      return (short) (sign | 0x7c00);
    }
    if (size < 0x38800000) {
      return (short) (sign | (int) StrictMath.rint(Math.abs(value) * 0x1p24));
    }
    int rounded = size + 0xfff + (size >>> 13 & 1);
    return (short) (sign | (rounded - 0x38000000) >>> 13);
  }
}
