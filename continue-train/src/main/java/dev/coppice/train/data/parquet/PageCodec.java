package dev.coppice.train.data.parquet;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.snappy.SnappyDecompressor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.format.CompressionCodec;

/** How pages are packed. */
enum PageCodec {
  /** Not at all. */
  UNCOMPRESSED {
    @Override
    int unpack(byte[] packed, byte[] page) {
      System.arraycopy(packed, 0, page, 0, Math.min(packed.length, page.length));
      return packed.length;
    }
  },
  /** Snappy, as a block. */
  SNAPPY {
    @Override
    int unpack(byte[] packed, byte[] page) {
      return new SnappyDecompressor().decompress(packed, 0, packed.length, page, 0, page.length);
    }
  },
  /** Gzip, of one or more members. */
  GZIP {
    @Override
    int unpack(byte[] packed, byte[] page) throws IOException {
      try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
        int length = in.readNBytes(page, 0, page.length);
        return length + (in.read() < 0 ? 0 : 1);
      }
    }
  },
  /** Zstandard. */
  ZSTD {
    @Override
    int unpack(byte[] packed, byte[] page) throws IOException {
      try {
        return Math.toIntExact(
            Zstd.decompressByteArray(page, 0, page.length, packed, 0, packed.length));
      } catch (ZstdException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
  },
  /** LZ4, as a block. */
  LZ4_RAW {
    @Override
    int unpack(byte[] packed, byte[] page) {
      return new Lz4Decompressor().decompress(packed, 0, packed.length, page, 0, page.length);
    }
  };

  /**
   * The codec of a column.
   *
   * @throws DamagedParquetException if it is none of these
   */
  static PageCodec of(CompressionCodec codec) {
    for (PageCodec known : values()) {
      if (known.name().equals(codec.name())) {
        return known;
      }
    }
    throw new DamagedParquetException(
        "pages must be packed with snappy, gzip, zstd or lz4_raw, or not at all, got "
            + codec.name().toLowerCase(Locale.ROOT));
  }

  /**
   * Unpacks a page.
   *
   * @param packed whole
   * @param length that it has unpacked
   * @throws DamagedParquetException if it is damaged, or of another length
   */
  byte[] unpacked(byte[] packed, int length) {
    byte[] page = new byte[length];
    int got;
    try {
      got = unpack(packed, page);
    } catch (IOException | RuntimeException e) {
      throw new DamagedParquetException(
          "page must be whole, got damaged " + name().toLowerCase(Locale.ROOT), e);
    }
    if (got != length) {
      throw new DamagedParquetException(
          "page must have " + length + " bytes by its header, got " + got);
    }
    return page;
  }

  /** How many bytes there were, or more than the page has room for. */
  abstract int unpack(byte[] packed, byte[] page) throws IOException;
}
