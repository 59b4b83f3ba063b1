package dev.coppice.train.data.token;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import com.google.common.primitives.ImmutableLongArray;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.io.Hashes;
import dev.coppice.train.TrainJson;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes a token file and its side file: first under other names, then, when whole and on disk,
 * under their own.
 *
 * <p>Memory: a buffer, and the name, start and key of each document. Not thread-safe.
 */
public final class TokenFileWriter implements Closeable {
  private static final int BUFFER = 1 << 18;

  private final Path target;
  private final Path staged;
  private final int vocabulary;
  private final int width;
  private final String tokenizer;
  private final FileChannel channel;
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
  private final List<String> names = new ArrayList<>();
  private final ImmutableLongArray.Builder starts = ImmutableLongArray.builder();
  private final ImmutableLongArray.Builder keys = ImmutableLongArray.builder();
  private boolean keyed = true;
  private long documents;
  private long tokens;
  private long textBytes;

  private TokenFileWriter(Path target, int vocabulary, String tokenizer) throws IOException {
    this.target = target;
    this.staged = beside(target, ".tmp");
    this.vocabulary = vocabulary;
    this.width = TokenFileHeader.widthFor(vocabulary);
    this.tokenizer = tokenizer;
    this.channel =
        FileChannel.open(
            staged,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
    channel.position(TokenFileHeader.BYTES);
  }

  /**
   * Begins a file.
   *
   * @param target where it will be; must not exist, its folder is made
   * @param vocabulary every token will be below; positive
   * @param tokenizer name of what makes the tokens
   * @throws CoppiceException when the target exists
   * @throws IOException when the file cannot be made
   */
  public static TokenFileWriter create(Path target, int vocabulary, String tokenizer)
      throws IOException {
    checkArgument(vocabulary > 0, "vocabulary must be positive, got %s", vocabulary);
    if (Files.exists(target)) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID, "token file must not exist yet, got " + target);
    }
    Files.createDirectories(Folders.parent(target));
    return new TokenFileWriter(target, vocabulary, tokenizer);
  }

  /**
   * Begins a document, which ends where the next begins.
   *
   * @param name for the side file
   * @param bytes of text that its tokens will stand for
   */
  public void beginDocument(String name, long bytes) {
    names.add(name);
    keyed = false;
    beginDocument(bytes, 0);
  }

  /**
   * Begins a document as {@link #beginDocument(String, long)} does.
   *
   * @param name for the side file; either all documents have one or none
   * @param bytes of text that its tokens will stand for
   * @param key the same for equal documents
   */
  public void beginDocument(Optional<String> name, long bytes, long key) {
    name.ifPresent(names::add);
    beginDocument(bytes, key);
  }

  private void beginDocument(long bytes, long key) {
    documents++;
    starts.add(tokens);
    keys.add(key);
    textBytes += bytes;
  }

  /** Adds to the bytes of text that the tokens stand for. */
  public void addText(long bytes) {
    textBytes += bytes;
  }

  /**
   * Appends tokens to the document.
   *
   * @param ids each in {@code 0..vocabulary-1}
   * @throws IOException when the disk refuses
   */
  public void append(int... ids) throws IOException {
    checkState(documents > 0, "a document must be begun before tokens are appended");
    for (int id : ids) {
      checkArgument(
          id >= 0 && id < vocabulary, "token must lie in 0..%s, got %s", vocabulary - 1, id);
    }
    int most = BUFFER / width;
    for (int from = 0; from < ids.length; from += most) {
      put(ids, from, Math.min(ids.length, from + most));
    }
    tokens += ids.length;
  }

  private void put(int[] ids, int from, int to) throws IOException {
    if (buffer.remaining() < (to - from) * width) {
      flush();
    }
    switch (width) {
      case 1 -> {
        for (int i = from; i < to; i++) {
          buffer.put((byte) ids[i]);
        }
      }
      case 2 -> {
        for (int i = from; i < to; i++) {
          buffer.putShort((short) ids[i]);
        }
      }
      default -> {
        for (int i = from; i < to; i++) {
          buffer.putInt(ids[i]);
        }
      }
    }
  }

  /**
   * Completes the file and puts it under its name.
   *
   * @return the file, open; the caller closes it
   * @throws CoppiceException when there are no tokens
   * @throws IOException when the disk refuses; then the target is not there
   */
  public TokenFile finish() throws IOException {
    if (tokens == 0) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID, "data must hold a token, got none: all its texts are empty");
    }
    TokenFileHeader header =
        new TokenFileHeader(width, tokens, documents, textBytes, vocabulary, keyed);
    writeTable(header);
    DurableFiles.writeAt(channel, header.encode(), 0);
    channel.force(true);
    channel.close();
    publish();
    return TokenFile.open(target);
  }

  private void writeTable(TokenFileHeader header) throws IOException {
    flush();
    channel.position(header.tableOffset());
    for (long start : starts.build().asList()) {
      putLong(start);
    }
    putLong(tokens);
    for (long key : keyed ? keys.build().asList() : List.<Long>of()) {
      putLong(key);
    }
    flush();
  }

  private void putLong(long value) throws IOException {
    if (buffer.remaining() < Long.BYTES) {
      flush();
    }
    buffer.putLong(value);
  }

  private void publish() throws IOException {
    String sha256 = Hashes.sha256(staged).hash();
    TokenFileInfo info = new TokenFileInfo(1, sha256, tokenizer, vocabulary, tokens, names);
    // the side file first: a token file under its name always has one
    TrainJson.writeAtomically(beside(target, ".json"), info);
    DurableFiles.move(staged, target);
  }

  private void flush() throws IOException {
    buffer.flip();
    DurableFiles.write(channel, buffer);
    buffer.clear();
  }

  /** The path beside a token file that has a suffix more. */
  public static Path beside(Path file, String suffix) {
    return file.resolveSibling(file.getFileName() + suffix);
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(staged);
  }
}
