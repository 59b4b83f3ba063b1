package dev.coppice.train.data.foreign;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.token.MappedFile;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The tokens of a foreign file, in place.
 *
 * @param path of the file
 * @param type of a token
 * @param offset bytes before the first
 * @param count tokens; positive
 * @param bytes the file
 * @param bare whether nothing in the file says how wide its tokens are
 */
public record TokenTable(
    Path path, TokenType type, long offset, long count, MappedFile bytes, boolean bare) {
  private static final int LLMC_HEADER = 1024;
  private static final int LLMC_MAGIC = 20240520;
  private static final int LLMC_WIDE_MAGIC = 20240801;
  private static final int LLMC_WIDE_VERSION = 7;

  /** Whether a number is the first of a file of llm.c. */
  public static boolean isLlmcMagic(int magic) {
    return magic == LLMC_MAGIC || magic == LLMC_WIDE_MAGIC;
  }

  /**
   * A file of llm.c: 256 int32, of which the first are magic, version and number of tokens, then
   * uint16; uint32 in the form for Llama 3.
   *
   * <p><b>Source</b>: llm.c, dev/data/data_common.py.
   */
  public static TokenTable llmc(Path file) throws IOException {
    MappedFile bytes = MappedFile.open(file);
    long size = bytes.size();
    check(size >= LLMC_HEADER, "must have a header of 1024 bytes, got " + size + " bytes", file);
    int magic = bytes.i32(0);
    boolean wide = magic == LLMC_WIDE_MAGIC;
    check(wide || magic == LLMC_MAGIC, "must begin with 20240520, got " + magic, file);
    int version = bytes.i32(4);
    int wanted = wide ? LLMC_WIDE_VERSION : 1;
    check(version == wanted, "must have version " + wanted + ", got " + version, file);
    TokenType type = wide ? TokenType.U32 : TokenType.U16;
    long count = Integer.toUnsignedLong(bytes.i32(8));
    long length = LLMC_HEADER + count * type.width();
    check(
        size == length,
        "of " + count + " tokens must have " + length + " bytes, got " + size,
        file);
    return new TokenTable(file, type, LLMC_HEADER, count, bytes, false).notEmpty();
  }

  /**
   * A file of nanoGPT: nothing but tokens.
   *
   * @param file to read
   * @param width bytes of a token: 2 or 4, unsigned, or 8
   */
  public static TokenTable nanogpt(Path file, int width) throws IOException {
    checkWidth(width);
    MappedFile bytes = MappedFile.open(file);
    check(
        bytes.size() % width == 0,
        "must be a multiple of " + width + " bytes long, got " + bytes.size(),
        file);
    return new TokenTable(file, TokenType.ofWidth(width), 0, bytes.size() / width, bytes, true)
        .notEmpty();
  }

  /**
   * A file of NumPy: one dimension, integers, little-endian.
   *
   * @param file to read
   */
  public static TokenTable npy(Path file) throws IOException {
    NpyHeader header = NpyHeader.read(file);
    MappedFile bytes = MappedFile.open(file);
    long length = header.bytes() + header.count() * header.type().width();
    check(
        bytes.size() == length,
        "of " + header.count() + " tokens must have " + length + " bytes, got " + bytes.size(),
        file);
    return new TokenTable(file, header.type(), header.bytes(), header.count(), bytes, false)
        .notEmpty();
  }

  /** Refuses widths of a token that no file of nanoGPT has. */
  public static void checkWidth(int width) {
    checkArgument(
        width == 2 || width == 4 || width == 8,
        "token width must be 2, 4 or 8 bytes, got %s",
        width);
  }

  private TokenTable notEmpty() {
    check(count > 0, "must have a token, got none", path);
    return this;
  }

  /** The number that stands for a token, whatever it is. */
  long read(long index) {
    return type.read(bytes, offset + index * type.width());
  }

  static void check(boolean holds, String rule, Path file) {
    if (!holds) {
      throw new CoppiceException(ErrorKind.INPUT_INVALID, "token file " + rule + " (" + file + ")");
    }
  }
}
