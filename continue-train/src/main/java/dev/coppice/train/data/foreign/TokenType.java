package dev.coppice.train.data.foreign;

import dev.coppice.train.data.token.MappedFile;
import java.nio.ByteBuffer;
import java.util.Optional;

/** How a file writes a token, little-endian. */
enum TokenType {
  U8(1, 1),
  I8(2, 1),
  I16(3, 2),
  I32(4, 4),
  I64(5, 8),
  U16(8, 2),
  U32(-1, 4);

  private final int megatronCode;
  private final int width;

  TokenType(int megatronCode, int width) {
    this.megatronCode = megatronCode;
    this.width = width;
  }

  /** The type that Megatron gives a number, if it is one of integers. */
  static Optional<TokenType> ofMegatron(int code) {
    for (TokenType type : values()) {
      if (type.megatronCode == code && code > 0) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** The type of a width: 2 or 4 bytes, unsigned, or 8. */
  static TokenType ofWidth(int width) {
    return switch (width) {
      case 2 -> U16;
      case 4 -> U32;
      default -> I64;
    };
  }

  /** The type that NumPy writes as {@code <u2} and the like, if it is one of integers. */
  static Optional<TokenType> ofNumpy(String text) {
    return Optional.ofNullable(
        switch (text) {
          case "|u1", "<u1", "u1" -> U8;
          case "|i1", "<i1", "i1" -> I8;
          case "<u2" -> U16;
          case "<i2" -> I16;
          case "<u4" -> U32;
          case "<i4" -> I32;
          // ids beyond 2^31 are refused when they are read
          case "<u8", "<i8" -> I64;
          default -> null;
        });
  }

  /** Bytes of a token. */
  int width() {
    return width;
  }

  /** The number at a place of a little-endian buffer. */
  long read(ByteBuffer bytes, int at) {
    return switch (this) {
      case U8 -> Byte.toUnsignedLong(bytes.get(at));
      case I8 -> bytes.get(at);
      case I16 -> bytes.getShort(at);
      case U16 -> Short.toUnsignedLong(bytes.getShort(at));
      case I32 -> bytes.getInt(at);
      case U32 -> Integer.toUnsignedLong(bytes.getInt(at));
      case I64 -> bytes.getLong(at);
    };
  }

  /** The number at a place of a file. */
  long read(MappedFile file, long at) {
    return switch (this) {
      case U8 -> file.u8(at);
      case I8 -> (byte) file.u8(at);
      case I16 -> (short) file.u16(at);
      case U16 -> file.u16(at);
      case I32 -> file.i32(at);
      case U32 -> Integer.toUnsignedLong(file.i32(at));
      case I64 -> file.i64(at);
    };
  }
}
