package dev.coppice.train.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.train.TrainJson;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Tokens on disk, mapped into memory: documents one after the other, and where each starts.
 *
 * <p>Beside {@code NAME} lies {@code NAME.json} with the fingerprint and the documents' names.
 * Reading is thread-safe. The maps are released when the object is no longer reachable.
 */
public final class TokenFile implements Closeable {
  /** Bytes of one map; a multiple of every token width. */
  private static final long WINDOW = 1L << 30;

  private final Path path;
  private final TokenFileHeader header;
  private final TokenFileInfo info;
  private final ImmutableList<ByteBuffer> windows;

  private TokenFile(
      Path path, TokenFileHeader header, TokenFileInfo info, List<ByteBuffer> windows) {
    this.path = path;
    this.header = header;
    this.info = info;
    this.windows = ImmutableList.copyOf(windows);
  }

  /**
   * Opens a file and checks its header against its size and its side file.
   *
   * @param path of the token file
   * @throws CoppiceException when it is no token file, or is damaged
   * @throws IOException when it cannot be read
   */
  public static TokenFile open(Path path) throws IOException {
    TokenFileInfo info = TrainJson.read(TokenFileWriter.beside(path, ".json"), TokenFileInfo.class);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      TokenFileHeader header = readHeader(channel, path);
      TokenFileHeader.check(
          info.tokens() == header.tokens() && info.documents().size() == header.documents(),
          "must agree with its side file, got " + header.tokens() + " tokens for " + info.tokens(),
          path);
      return new TokenFile(path, header, info, map(channel));
    }
  }

  /** Whether a file starts as token files do; false for folders and what cannot be read. */
  public static boolean isTokenFile(Path path) {
    if (!Files.isRegularFile(path)) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      readHeader(channel, path);
      return true;
    } catch (IOException | CoppiceException e) {
      return false;
    }
  }

  private static TokenFileHeader readHeader(FileChannel channel, Path path) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(TokenFileHeader.BYTES);
    while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) >= 0) {
      // reads on until the header is full or the file ends
    }
    TokenFileHeader.check(
        !bytes.hasRemaining(),
        "must have " + TokenFileHeader.BYTES + " bytes, got " + bytes.position(),
        path);
    return TokenFileHeader.decode(bytes.flip(), path, channel.size());
  }

  private static List<ByteBuffer> map(FileChannel channel) throws IOException {
    ImmutableList.Builder<ByteBuffer> windows = ImmutableList.builder();
    for (long from = 0; from < channel.size(); from += WINDOW) {
      long size = Math.min(WINDOW, channel.size() - from);
      windows.add(
          channel.map(FileChannel.MapMode.READ_ONLY, from, size).order(ByteOrder.LITTLE_ENDIAN));
    }
    return windows.build();
  }

  /** Where the file is. */
  public Path path() {
    return path;
  }

  /** Number of tokens. */
  public long tokenCount() {
    return header.tokens();
  }

  /** Number of documents. */
  public long documentCount() {
    return header.documents();
  }

  /** Every token is below. */
  public int vocabularySize() {
    return header.vocabulary();
  }

  /** Bytes of text that the tokens stand for. */
  public long textBytes() {
    return header.textBytes();
  }

  /** SHA-256 of the whole file as its side file has it, 64 hexadecimal digits. */
  public String fingerprint() {
    return info.sha256();
  }

  /** Name of each document, in order. */
  public ImmutableList<String> documentNames() {
    return ImmutableList.copyOf(info.documents());
  }

  /**
   * One token.
   *
   * @param index in {@code 0..tokenCount-1}
   * @throws CoppiceException when the file holds an id that its vocabulary has not
   */
  public int token(long index) {
    checkArgument(
        index >= 0 && index < tokenCount(),
        "token index must lie in 0..%s, got %s",
        tokenCount() - 1,
        index);
    long at = TokenFileHeader.BYTES + index * header.width();
    ByteBuffer window = windows.get((int) (at / WINDOW));
    int offset = (int) (at % WINDOW);
    int id =
        switch (header.width()) {
          case 1 -> Byte.toUnsignedInt(window.get(offset));
          case 2 -> Short.toUnsignedInt(window.getShort(offset));
          default -> window.getInt(offset);
        };
    TokenFileHeader.check(
        id >= 0 && id < vocabularySize(),
        "must hold ids below " + vocabularySize() + ", got " + id + " at token " + index,
        path);
    return id;
  }

  /**
   * Where a document starts.
   *
   * @param document in {@code 0..documentCount}; the last gives the end of all
   * @return index of its first token
   */
  public long documentStart(long document) {
    long at = header.tableOffset() + document * Long.BYTES;
    return windows.get((int) (at / WINDOW)).getLong((int) (at % WINDOW));
  }

  /**
   * Which document a token is in. Cost: a binary search.
   *
   * @param token in {@code 0..tokenCount-1}
   */
  public long documentOf(long token) {
    long low = 0;
    long high = documentCount() - 1;
    while (low < high) {
      long middle = (low + high + 1) >>> 1;
      if (documentStart(middle) <= token) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /**
   * Reads the whole file and compares it with its fingerprint.
   *
   * @throws CoppiceException with {@link ExitCode#INTEGRITY} when they differ
   * @throws IOException when it cannot be read
   */
  public void verify() throws IOException {
    String actual = MoreFiles.asByteSource(path).hash(Hashing.sha256()).toString();
    if (!actual.equals(fingerprint())) {
      throw new CoppiceException(
          ExitCode.INTEGRITY,
          "token file must have SHA-256 " + fingerprint() + ", got " + actual + " (" + path + ")");
    }
  }

  @Override
  public void close() {
    // nothing is held but maps, which the collector releases
  }
}
