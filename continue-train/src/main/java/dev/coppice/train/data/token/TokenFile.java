package dev.coppice.train.data.token;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Strings;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Hashes;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Tokens on disk, mapped into memory: documents one after the other, and where each starts.
 *
 * <p>Beside {@code NAME} lies {@code NAME.json} with the fingerprint and the documents' names.
 * Reading is thread-safe. The maps are released when the object is no longer reachable.
 */
public final class TokenFile implements TokenSequence {
  private final Path path;
  private final TokenFileHeader header;
  private final TokenFileInfo info;
  private final MappedFile bytes;

  private TokenFile(Path path, TokenFileHeader header, TokenFileInfo info, MappedFile bytes) {
    this.path = path;
    this.header = header;
    this.info = info;
    this.bytes = bytes;
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
          info.tokens() == header.tokens() && info.names(header.documents()),
          "must agree with its side file, got " + header.tokens() + " tokens for " + info.tokens(),
          path);
      return new TokenFile(path, header, info, MappedFile.of(channel));
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

  @Override
  public Path path() {
    return path;
  }

  @Override
  public long tokenCount() {
    return header.tokens();
  }

  @Override
  public long documentCount() {
    return header.documents();
  }

  @Override
  public int vocabularySize() {
    return header.vocabulary();
  }

  /** Bytes of text that the tokens stand for. */
  public long textBytes() {
    return header.textBytes();
  }

  @Override
  public String fingerprint() {
    return info.sha256();
  }

  @Override
  public int token(long index) {
    checkArgument(
        index >= 0 && index < header.tokens(),
        "token index must lie in 0..%s, got %s",
        header.tokens() - 1,
        index);
    long at = TokenFileHeader.BYTES + index * header.width();
    int id =
        switch (header.width()) {
          case 1 -> bytes.u8(at);
          case 2 -> bytes.u16(at);
          default -> bytes.i32(at);
        };
    if (id < 0 || id >= header.vocabulary()) {
      String rule = "must hold ids below %s, got %s at token %s";
      TokenFileHeader.check(
          false, Strings.lenientFormat(rule, header.vocabulary(), id, index), path);
    }
    return id;
  }

  @Override
  public long documentStart(long document) {
    return bytes.i64(header.tableOffset() + document * Long.BYTES);
  }

  @Override
  public long documentKey(long document) {
    return header.keyed()
        ? bytes.i64(header.keysOffset() + document * Long.BYTES)
        : TokenSequence.super.documentKey(document);
  }

  @Override
  public void verify() throws IOException {
    String actual = Hashes.sha256(path).hash();
    if (!actual.equals(fingerprint())) {
      throw new CoppiceException(
          ErrorKind.INTEGRITY,
          "token file must have SHA-256 " + fingerprint() + ", got " + actual + " (" + path + ")");
    }
  }

  @Override
  public void close() {
    // nothing is held but maps, which the collector releases
  }
}
