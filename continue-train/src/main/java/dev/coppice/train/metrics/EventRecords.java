package dev.coppice.train.metrics;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * The framing of a TensorBoard event file: a record is its length as a little-endian uint64, the
 * length's masked CRC32C, the payload, and the payload's masked CRC32C.
 *
 * <p><b>Source</b>: tensorflow/core/lib/io/record_writer.h; event.proto.
 */
final class EventRecords {
  private static final int HEAD = Long.BYTES + Integer.BYTES;
  private static final int STEP = 0x10;
  private static final int SESSION_LOG = 0x3a;

  private EventRecords() {}

  /** A payload as a record. */
  static ByteBuffer frame(byte[] payload) {
    ByteBuffer record =
        ByteBuffer.allocate(HEAD + payload.length + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(payload.length);
    record.putInt(maskedCrc(record.array(), 0, Long.BYTES));
    record.put(payload);
    record.putInt(maskedCrc(payload, 0, payload.length));
    return record.flip();
  }

  private static int maskedCrc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }

  /** Cuts a file off before its first record that is torn or of a later step. */
  static void cutAfter(Path file, long lastStep) throws IOException {
    long keep = 0;
    long limit = Files.size(file);
    try (InputStream raw = Files.newInputStream(file);
        DataInputStream in = new DataInputStream(new BufferedInputStream(raw, 1 << 16))) {
      for (byte[] payload = next(in, limit);
          payload.length > 0 && step(payload) <= lastStep;
          payload = next(in, limit)) {
        keep += HEAD + payload.length + Integer.BYTES;
      }
    }
    if (keep < limit) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(keep);
      }
    }
  }

  /** The next payload; empty at the end, and where a record is torn or damaged. */
  private static byte[] next(DataInputStream in, long limit) throws IOException {
    byte[] head = new byte[HEAD];
    try {
      in.readFully(head);
      ByteBuffer fields = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
      long length = fields.getLong();
      boolean whole = fields.getInt() == maskedCrc(head, 0, Long.BYTES);
      if (!whole || length <= 0 || length > Math.min(limit, Integer.MAX_VALUE - HEAD)) {
        return new byte[0];
      }
      byte[] payload = new byte[(int) length];
      in.readFully(payload);
      int crc = Integer.reverseBytes(in.readInt());
      return crc == maskedCrc(payload, 0, payload.length) ? payload : new byte[0];
    } catch (EOFException e) {
      return new byte[0];
    }
  }

  /**
   * The step after which an event belongs: wall time comes first, then the step, then others. A
   * session's start bears the first step to forget, so it belongs after the one before.
   */
  private static long step(byte[] payload) {
    int at = 1 + Double.BYTES;
    if (payload.length <= at || payload[at] != STEP) {
      return 0;
    }
    long step = 0;
    for (int shift = 0; shift < Long.SIZE && ++at < payload.length; shift += 7) {
      step |= (long) (payload[at] & 0x7F) << shift;
      if (payload[at] >= 0) {
        break;
      }
    }
    boolean start = at + 1 < payload.length && payload[at + 1] == SESSION_LOG;
    return start ? step - 1 : step;
  }
}
