package dev.coppice.train.data.token;

import static com.google.common.base.Preconditions.checkElementIndex;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file of any size in memory, in maps of 1 GiB; all numbers little-endian.
 *
 * <p>Thread-safe. The maps are released when the object is no longer reachable.
 */
public final class MappedFile {
  private static final int WINDOW_BITS = 30;
  private static final long WINDOW = 1L << WINDOW_BITS;

  private final long size;
  private final ImmutableList<ByteBuffer> windows;

  private MappedFile(long size, ImmutableList<ByteBuffer> windows) {
    this.size = size;
    this.windows = windows;
  }

  /** Maps a file as it is now. */
  public static MappedFile open(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return of(channel);
    }
  }

  static MappedFile of(FileChannel channel) throws IOException {
    long size = channel.size();
    ImmutableList.Builder<ByteBuffer> windows = ImmutableList.builder();
    for (long from = 0; from < size; from += WINDOW) {
      long length = Math.min(WINDOW, size - from);
      windows.add(
          channel.map(FileChannel.MapMode.READ_ONLY, from, length).order(ByteOrder.LITTLE_ENDIAN));
    }
    return new MappedFile(size, windows.build());
  }

  public long size() {
    return size;
  }

  public int u8(long at) {
    return Byte.toUnsignedInt(window(at).get(place(at)));
  }

  public int u16(long at) {
    return isWhole(at, Short.BYTES)
        ? Short.toUnsignedInt(window(at).getShort(place(at)))
        : u8(at) | u8(at + 1) << 8;
  }

  public int i32(long at) {
    return isWhole(at, Integer.BYTES) ? window(at).getInt(place(at)) : u16(at) | u16(at + 2) << 16;
  }

  public long i64(long at) {
    return isWhole(at, Long.BYTES)
        ? window(at).getLong(place(at))
        : Integer.toUnsignedLong(i32(at)) | (long) i32(at + 4) << 32;
  }

  private ByteBuffer window(long at) {
    return windows.get(checkElementIndex((int) (at >>> WINDOW_BITS), windows.size()));
  }

  private static int place(long at) {
    return (int) (at & (WINDOW - 1));
  }

  private static boolean isWhole(long at, int bytes) {
    return place(at) + (long) bytes <= WINDOW;
  }
}
