package dev.coppice.moe.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;

/** An open file of {@link FaultFs}; transfers read and write, so that no byte passes unseen. */
final class FaultChannel extends FileChannel {
  private static final int PIECE = 1 << 16;

  private final FaultFs faults;
  private final FileChannel real;
  private final Optional<CrashModel.Node> node;

  FaultChannel(FaultFs faults, FileChannel real, Optional<CrashModel.Node> node) {
    this.faults = faults;
    this.real = real;
    this.node = node;
  }

  private void beforeWrite() throws IOException {
    faults.onChange();
    if (node.isPresent()) {
      faults.model().willWrite(node.get());
    }
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    faults.onRead();
    return real.read(into);
  }

  @Override
  public long read(ByteBuffer[] into, int offset, int length) throws IOException {
    faults.onRead();
    return real.read(into, offset, length);
  }

  @Override
  public int read(ByteBuffer into, long position) throws IOException {
    faults.onRead();
    return real.read(into, position);
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    synchronized (faults) {
      beforeWrite();
      return real.write(from);
    }
  }

  @Override
  public long write(ByteBuffer[] from, int offset, int length) throws IOException {
    synchronized (faults) {
      beforeWrite();
      return real.write(from, offset, length);
    }
  }

  @Override
  public int write(ByteBuffer from, long position) throws IOException {
    synchronized (faults) {
      beforeWrite();
      return real.write(from, position);
    }
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    synchronized (faults) {
      beforeWrite();
      real.truncate(size);
      return this;
    }
  }

  @Override
  public void force(boolean metaData) throws IOException {
    synchronized (faults) {
      if (faults.onForce()) {
        node.ifPresent(faults.model()::forced);
      }
    }
  }

  @Override
  public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
    ByteBuffer piece = ByteBuffer.allocate((int) Math.min(count, PIECE));
    if (read(piece, position) <= 0) {
      return 0;
    }
    int size = piece.flip().remaining();
    while (piece.hasRemaining()) {
      target.write(piece);
    }
    return size;
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long position, long count)
      throws IOException {
    ByteBuffer piece = ByteBuffer.allocate((int) Math.min(count, PIECE));
    if (source.read(piece) <= 0) {
      return 0;
    }
    int size = piece.flip().remaining();
    for (long at = position; piece.hasRemaining(); ) {
      at += write(piece, at);
    }
    return size;
  }

  @Override
  public long position() throws IOException {
    return real.position();
  }

  @Override
  public FileChannel position(long position) throws IOException {
    real.position(position);
    return this;
  }

  @Override
  public long size() throws IOException {
    return real.size();
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long size) {
    throw new UnsupportedOperationException("a mapping cannot be watched");
  }

  @Override
  public FileLock lock(long position, long size, boolean shared) throws IOException {
    return real.lock(position, size, shared);
  }

  @Override
  public FileLock tryLock(long position, long size, boolean shared) throws IOException {
    return real.tryLock(position, size, shared);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    real.close();
  }
}
