package dev.coppice.train.data.text;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;

/** Keeps the bytes that were read last, among which a fault is. */
final class LastBytes extends FilterInputStream {
  private static final int LONGEST_CHARACTER = 4;

  private byte[] before = {};
  private byte[] last = {};
  private long count;

  LastBytes(InputStream in) {
    super(in);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int read = super.read(bytes, offset, length);
    if (read > 0) {
      before = last;
      last = Arrays.copyOfRange(bytes, offset, offset + read);
      count += read;
    }
    return read;
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  /** Why they are no text, if they are none. */
  Optional<TextFault> fault() {
    byte[] all = Arrays.copyOf(before, before.length + last.length);
    System.arraycopy(last, 0, all, before.length, last.length);
    // a character that began before them is not at fault
    int from = 0;
    while (count > all.length
        && from < Math.min(LONGEST_CHARACTER, all.length)
        && isInside(all[from])) {
      from++;
    }
    return TextFault.of(
        Arrays.copyOfRange(all, from, all.length), count - all.length + from, false);
  }

  private static boolean isInside(byte each) {
    return (each & 0xC0) == 0x80;
  }
}
