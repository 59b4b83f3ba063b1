package dev.coppice.moe.safetensors;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import java.util.Arrays;
import java.util.Optional;

/**
 * Element types of the format, least aligned first, under the names that files use.
 *
 * <p><b>Source</b>: the reference implementation, safetensors 0.8.
 */
public enum Dtype {
  /** Boolean, one byte. */
  BOOL(8),
  /** 4-bit float. */
  F4(4),
  /** 6-bit float, 2 exponent bits. */
  F6_E2M3(6),
  /** 6-bit float, 3 exponent bits. */
  F6_E3M2(6),
  /** Unsigned byte. */
  U8(8),
  /** Signed byte. */
  I8(8),
  /** 8-bit float, 5 exponent bits. */
  F8_E5M2(8),
  /** 8-bit float, 4 exponent bits. */
  F8_E4M3(8),
  /** 8-bit power-of-two scale. */
  F8_E8M0(8),
  /** 8-bit float, 4 exponent bits, no negative zero. */
  F8_E4M3FNUZ(8),
  /** 8-bit float, 5 exponent bits, no negative zero. */
  F8_E5M2FNUZ(8),
  /** Signed 16-bit integer. */
  I16(16),
  /** Unsigned 16-bit integer. */
  U16(16),
  /** IEEE half precision. */
  F16(16),
  /** The upper half of an IEEE single. */
  BF16(16),
  /** Signed 32-bit integer. */
  I32(32),
  /** Unsigned 32-bit integer. */
  U32(32),
  /** IEEE single precision. */
  F32(32),
  /** Complex of two singles. */
  C64(64),
  /** IEEE double precision. */
  F64(64),
  /** Signed 64-bit integer. */
  I64(64),
  /** Unsigned 64-bit integer. */
  U64(64);

  private static final ImmutableMap<String, Dtype> BY_NAME =
      Maps.uniqueIndex(Arrays.asList(values()), Dtype::name);

  private final int bits;

  Dtype(int bits) {
    this.bits = bits;
  }

  /** Width of one element in bits. */
  public int bits() {
    return bits;
  }

  /**
   * Size of so many elements in bytes.
   *
   * @throws IllegalArgumentException if sub-byte elements do not fill whole bytes
   * @throws ArithmeticException if the size does not fit a long
   */
  public long byteSize(long elements) {
    long total = Math.multiplyExact(elements, bits);
    checkArgument(total % 8 == 0, "%s elements of %s must fill whole bytes", elements, this);
    return total / 8;
  }

  /** The type of that name, case-sensitive. */
  static Optional<Dtype> named(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }
}
