package dev.coppice.train.data.token;

import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The first 64 bytes of a token file, all numbers little-endian.
 *
 * <pre>
 * offset  type  meaning
 *  0      8 B   magic, ASCII "CPTOKENS"
 *  8      u32   format version, 1 or 2
 * 12      u32   width of a token in bytes: 1, 2 or 4, unsigned (4: below 2^31)
 * 16      u64   tokens
 * 24      u64   documents
 * 32      u64   bytes of text that the tokens stand for
 * 40      u32   vocabulary: every token is below
 * 44      20 B  zero
 * 64            the tokens, then zeros up to a multiple of 8
 *               then documents + 1 u64: where each document starts, in tokens; the last is the end
 *               then, from version 2 on, documents u64: the key of each, the same for equal ones
 * </pre>
 *
 * @param width bytes a token
 * @param tokens number of tokens
 * @param documents number of documents
 * @param textBytes bytes of text that the tokens stand for
 * @param vocabulary every token is below
 * @param keyed whether there are keys, as in version 2
 */
record TokenFileHeader(
    int width, long tokens, long documents, long textBytes, int vocabulary, boolean keyed) {
  static final int BYTES = 64;

  private static final int VERSION = 2;
  private static final byte[] MAGIC = "CPTOKENS".getBytes(StandardCharsets.US_ASCII);
  private static final ImmutableSet<Integer> WIDTHS = ImmutableSet.of(1, 2, 4);

  /** The narrowest width that holds a vocabulary. */
  static int widthFor(int vocabulary) {
    return vocabulary <= 1 << 8 ? 1 : vocabulary <= 1 << 16 ? 2 : 4;
  }

  /** Where the document table starts, in bytes from the file's start. */
  long tableOffset() {
    return (BYTES + tokens * width + 7) / 8 * 8;
  }

  /** Length of the whole file in bytes. */
  long fileSize() {
    return keysOffset() + (keyed ? documents * Long.BYTES : 0);
  }

  /** Where the keys start, in bytes from the file's start. */
  long keysOffset() {
    return tableOffset() + (documents + 1) * Long.BYTES;
  }

  /** The 64 bytes. */
  ByteBuffer encode() {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes
        .put(MAGIC)
        .putInt(keyed ? VERSION : VERSION - 1)
        .putInt(width)
        .putLong(tokens)
        .putLong(documents);
    bytes.putLong(textBytes).putInt(vocabulary);
    return bytes.clear();
  }

  /** Reads and checks the 64 bytes of a file of a given size. */
  static TokenFileHeader decode(ByteBuffer bytes, Path file, long size) {
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[MAGIC.length];
    bytes.get(magic);
    check(Arrays.equals(magic, MAGIC), "must start with CPTOKENS", file);
    int version = bytes.getInt();
    check(version == 1 || version == VERSION, "must have version 1 or 2, got " + version, file);
    TokenFileHeader header =
        new TokenFileHeader(
            bytes.getInt(),
            bytes.getLong(),
            bytes.getLong(),
            bytes.getLong(),
            bytes.getInt(),
            version == VERSION);
    header.check(file, size);
    return header;
  }

  private void check(Path file, long size) {
    check(WIDTHS.contains(width), "must have 1, 2 or 4 bytes a token, got " + width, file);
    check(tokens > 0 && tokens <= size, "must have 1.." + size + " tokens, got " + tokens, file);
    check(
        documents > 0 && documents <= size,
        "must have 1.." + size + " documents, got " + documents,
        file);
    check(vocabulary > 0, "must have a positive vocabulary, got " + vocabulary, file);
    check(fileSize() == size, "must be " + fileSize() + " bytes long, got " + size, file);
  }

  static void check(boolean holds, String rule, Path file) {
    if (!holds) {
      throw new CoppiceException(ErrorKind.INPUT_INVALID, "token file " + rule + " (" + file + ")");
    }
  }
}
