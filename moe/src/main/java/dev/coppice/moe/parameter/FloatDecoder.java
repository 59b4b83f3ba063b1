package dev.coppice.moe.parameter;

import dev.coppice.moe.number.HalfFloat;
import dev.coppice.moe.safetensors.Dtype;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;

/** Turns stored floats of one type into float32, rounding only where the type is wider. */
public enum FloatDecoder {
  F32 {
    @Override
    public void decode(ByteBuffer from, FloatBuffer to) {
      to.put(from.asFloatBuffer());
    }
  },
  BF16 {
    @Override
    public void decode(ByteBuffer from, FloatBuffer to) {
      while (from.hasRemaining()) {
        to.put(Float.intBitsToFloat(from.getShort() << 16));
      }
    }
  },
  F16 {
    @Override
    public void decode(ByteBuffer from, FloatBuffer to) {
      while (from.hasRemaining()) {
        to.put(HalfFloat.toFloat(from.getShort()));
      }
    }
  },
  F64 {
    @Override
    public void decode(ByteBuffer from, FloatBuffer to) {
      while (from.hasRemaining()) {
        to.put((float) from.getDouble());
      }
    }
  };

  /**
   * Decodes all that remains of one buffer into another.
   *
   * @param from little-endian
   * @param to has room
   */
  public abstract void decode(ByteBuffer from, FloatBuffer to);

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
}
