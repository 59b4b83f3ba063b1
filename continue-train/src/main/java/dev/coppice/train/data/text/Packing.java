package dev.coppice.train.data.text;

import com.github.luben.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/**
 * How bytes are packed. The first bytes say so, never a name.
 *
 * <p><b>Source</b>: RFC 1952 (gzip, several members one after the other are one stream), RFC 8878
 * (zstd, frames one after the other, skippable ones among them), and the first bytes that the
 * others have.
 */
public enum Packing {
  /** Not packed, as far as is known. */
  NONE("") {
    @Override
    InputStream unpack(InputStream packed) {
      return packed;
    }
  },
  /** Gzip. */
  GZIP("1f8b08") {
    @Override
    InputStream unpack(InputStream packed) throws IOException {
      return new GzipCompressorInputStream(packed, true);
    }
  },
  /** Zstandard, with a window of any size. */
  ZSTD("28b52ffd|5[0-9a-f]2a4d18") {
    @Override
    InputStream unpack(InputStream packed) throws IOException {
      return new ZstdInputStream(packed).setLongMax(LARGEST_WINDOW);
    }
  },
  /** Bzip2. */
  BZIP2("425a683[1-9]314159265359") {
    @Override
    InputStream unpack(InputStream packed) throws IOException {
      return new BZip2CompressorInputStream(packed, true);
    }
  },
  /** Xz, which is not read. */
  XZ("fd377a585a00"),
  /** LZ4, which is not read. */
  LZ4("04224d18");

  /** First bytes that are enough to know any of them. */
  public static final int START = 10;

  private static final int LARGEST_WINDOW = 31;

  private final String start;

  /**
   * A way of packing.
   *
   * @param start expression for its first bytes in hexadecimal digits
   */
  Packing(String start) {
    this.start = start;
  }

  /**
   * How something is packed.
   *
   * @param first its first bytes, {@link #START} unless it has fewer
   */
  public static Packing of(byte[] first) {
    String digits = HexFormat.of().formatHex(first);
    for (Packing packing : values()) {
      if (packing != NONE && digits.matches("(?:" + packing.start + ").*")) {
        return packing;
      }
    }
    return NONE;
  }

  /**
   * The bytes that are packed.
   *
   * @throws UnsupportedOperationException if this way of packing is not read
   * @throws IOException if the first bytes are damaged
   */
  InputStream unpack(InputStream packed) throws IOException {
    throw new UnsupportedOperationException(
        "data must be plain, or packed with gzip, zstd or bzip2, got " + this);
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
