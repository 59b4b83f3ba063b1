package dev.coppice.moe.model;

import dev.coppice.moe.safetensors.Dtype;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;

/** Turns stored floats of one type into float32, rounding only where the type is wider. */
enum FloatDecoder {
  F32 {
    @Override
    void decode(ByteBuffer from, FloatBuffer to) {
      to.put(from.asFloatBuffer());
    }
  },
  BF16 {
    @Override
    void decode(ByteBuffer from, FloatBuffer to) {
      while (from.hasRemaining()) {
        to.put(Float.intBitsToFloat(from.getShort() << 16));
      }
    }
  },
  F16 {
    @Override
    void decode(ByteBuffer from, FloatBuffer to) {
      while (from.hasRemaining()) {
        to.put(half(from.getShort()));
      }
    }
  },
  F64 {
    @Override
    void decode(ByteBuffer from, FloatBuffer to) {
      while (from.hasRemaining()) {
        to.put((float) from.getDouble());
      }
    }
  };

  private static final int HALF_MANTISSA = 0x3ff;
  private static final int HALF_EXPONENT = 0x1f;
  private static final float HALF_SUBNORMAL = 0x1p-24f;

  /**
   * Decodes all that remains of one buffer into another.
   *
   * @param from little-endian
   * @param to has room
   */
  abstract void decode(ByteBuffer from, FloatBuffer to);

  /** Bytes of one stored number. */
  int width() {
    return (int) Dtype.valueOf(name()).byteSize(1);
  }

  /** The decoder of a stored type; empty for types that are not plain floats. */
  static Optional<FloatDecoder> of(Dtype dtype) {
    for (FloatDecoder decoder : values()) {
      if (decoder.name().equals(dtype.name())) {
        return Optional.of(decoder);
      }
    }
    return Optional.empty();
  }

  /** An IEEE half as a float; exact, subnormals, infinities and NaN included. */
  static float half(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = (bits >> 10) & HALF_EXPONENT;
    int mantissa = bits & HALF_MANTISSA;
    if (exponent == 0) {
      float magnitude = mantissa * HALF_SUBNORMAL;
      return sign == 0 ? magnitude : -magnitude;
    }
    int wide = exponent == HALF_EXPONENT ? 0xff : exponent + 112;
    return Float.intBitsToFloat(sign | (wide << 23) | (mantissa << 13));
  }
}
