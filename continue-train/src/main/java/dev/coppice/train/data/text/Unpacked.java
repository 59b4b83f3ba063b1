package dev.coppice.train.data.text;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What packed bytes hold; plain bytes hold themselves. Damage ends in a {@link CoppiceException}
 * that names the file, failing disks in an {@link IOException}.
 */
public final class Unpacked extends FilterInputStream {
  private static final int BUFFER = 1 << 16;

  private final Packing packing;
  private final Source source;
  private final Supplier<String> where;
  private long count;

  private Unpacked(Packing packing, InputStream in, Source source, Supplier<String> where) {
    super(in);
    this.packing = packing;
    this.source = source;
    this.where = where;
  }

  /**
   * What a file holds.
   *
   * @param file plain or packed, whatever its name
   * @return open; the caller closes it
   * @throws CoppiceException when it is packed in a way that is not read
   * @throws IOException when it cannot be read
   */
  static InputStream open(Path file) throws IOException {
    InputStream raw = Files.newInputStream(file);
    try {
      return of(raw, file::toString);
    } catch (IOException | RuntimeException e) {
      raw.close();
      throw e;
    }
  }

  /**
   * The first bytes of what a file holds.
   *
   * @param file plain or packed, whatever its name
   * @param count of bytes; fewer are given where it holds fewer
   */
  public static byte[] start(Path file, int count) throws IOException {
    try (InputStream in = open(file)) {
      return in.readNBytes(count);
    }
  }

  /** How a file is packed. */
  public static Packing packing(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return Packing.of(in.readNBytes(Packing.START));
    }
  }

  /**
   * What a stream holds.
   *
   * @param raw plain or packed; closed with what is given back
   * @param where place of it in messages: a file, perhaps with a line
   */
  public static InputStream of(InputStream raw, Supplier<String> where) throws IOException {
    Source source = new Source(raw);
    BufferedInputStream ahead = new BufferedInputStream(source, BUFFER);
    ahead.mark(Packing.START);
    Packing packing = Packing.of(ahead.readNBytes(Packing.START));
    ahead.reset();
    try {
      return new Unpacked(packing, packing.unpack(ahead), source, where);
    } catch (UnsupportedOperationException e) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID, e.getMessage() + " (" + where.get() + ")", e);
    } catch (IOException e) {
      throw damaged(packing, source, 0, where, e);
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    try {
      int read = super.read(bytes, offset, length);
      count += Math.max(0, read);
      return read;
    } catch (IOException | RuntimeException e) {
      throw damaged(packing, source, count, where, e);
    }
  }

  private static RuntimeException damaged(
      Packing packing, Source source, long count, Supplier<String> where, Exception e)
      throws IOException {
    if (source.failure.isPresent()) {
      throw source.failure.get();
    }
    String damage = Objects.requireNonNullElse(e.getMessage(), "damaged data");
    String got = e instanceof EOFException ? "an early end" : damage.strip();
    return new CoppiceException(
        ErrorKind.INPUT_INVALID,
        "file must be whole "
            + packing
            + ", got "
            + got
            + " behind the first "
            + count
            + " unpacked bytes ("
            + where.get()
            + ")",
        e);
  }

  /** Remembers the error of a disk, which is none of the data. */
  private static final class Source extends FilterInputStream {
    private Optional<IOException> failure = Optional.empty();

    Source(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      try {
        return super.read();
      } catch (IOException e) {
        failure = Optional.of(e);
        throw e;
      }
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        return super.read(bytes, offset, length);
      } catch (IOException e) {
        failure = Optional.of(e);
        throw e;
      }
    }
  }
}
