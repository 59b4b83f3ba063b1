package dev.coppice.train.data.foreign;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Content of the header of a NumPy file.
 *
 * <pre>
 * 0x93 "NUMPY", u8 major, u8 minor, header length (u16 in version 1, u32 in 2 and 3), then text:
 * {'descr': '&lt;u2', 'fortran_order': False, 'shape': (1000,), }
 * </pre>
 *
 * <p><b>Source</b>: NumPy, numpy/lib/format.py.
 *
 * @param type of an element
 * @param count of them
 * @param bytes that the header takes
 */
record NpyHeader(TokenType type, long count, long bytes) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int LONGEST = 1 << 16;
  private static final Pattern TYPE = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([^)]*)\\)");
  private static final Pattern ONE = Pattern.compile("\\s*(\\d{1,18})L?\\s*,?\\s*");

  /**
   * Reads a header.
   *
   * @throws dev.coppice.moe.CoppiceException when it is none, or the array is not plain integers of
   *     one dimension
   */
  static NpyHeader read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] start = in.readNBytes(MAGIC.length + 2);
      boolean magic = start.length == MAGIC.length + 2;
      for (int i = 0; i < MAGIC.length && magic; i++) {
        magic = start[i] == MAGIC[i];
      }
      TokenTable.check(magic, "must begin as files of NumPy do", file);
      int version = start[MAGIC.length];
      TokenTable.check(
          version >= 1 && version <= 3, "must have version 1 to 3, got " + version, file);
      int width = version == 1 ? Short.BYTES : Integer.BYTES;
      long length = number(in.readNBytes(width), width);
      TokenTable.check(
          length >= 0 && length <= LONGEST, "must have a header of at most 65536 bytes", file);
      byte[] text = in.readNBytes((int) length);
      TokenTable.check(text.length == length, "must have its whole header", file);
      return of(new String(text, StandardCharsets.ISO_8859_1), start.length + width + length, file);
    }
  }

  private static long number(byte[] bytes, int width) {
    if (bytes.length < width) {
      return -1;
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return width == Short.BYTES ? Short.toUnsignedLong(buffer.getShort()) : buffer.getInt();
  }

  private static NpyHeader of(String text, long bytes, Path file) {
    String written = first(TYPE, text).orElse("none that is plain");
    Optional<TokenType> type = TokenType.ofNumpy(written);
    TokenTable.check(
        type.isPresent(),
        "of NumPy must have little-endian integers such as '<u2' or '<i4', got " + written,
        file);
    String shape = first(SHAPE, text).orElse("none");
    Matcher one = ONE.matcher(shape);
    TokenTable.check(
        one.matches(), "of NumPy must have one dimension, got shape (" + shape.strip() + ")", file);
    return new NpyHeader(type.orElseThrow(), Long.parseLong(one.group(1)), bytes);
  }

  private static Optional<String> first(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }
}
