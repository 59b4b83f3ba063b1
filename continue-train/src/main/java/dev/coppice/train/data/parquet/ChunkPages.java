package dev.coppice.train.data.parquet;

import static dev.coppice.train.data.parquet.DamagedParquetException.required;

import com.google.common.io.ByteStreams;
import com.google.common.io.CountingInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.DictionaryPageHeader;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.Util;
import org.jspecify.annotations.Nullable;

/** The pages of one column of a row group, one at a time; memory holds one and the dictionary. */
final class ChunkPages implements PageReader {
  private static final String HEADER = "page's header";
  private static final int LARGEST_PAGE = 1 << 30;

  private final ColumnMetaData column;
  private final PageCodec codec;
  private final long start;
  private final long length;
  private final CountingInputStream in;
  private Optional<DataPage> first = Optional.empty();
  private long pageStart;

  /**
   * Pages of a column.
   *
   * @param file that holds them; its position is that of the next page
   * @param column of one row group
   * @throws DamagedParquetException if it does not lie in the file
   */
  ChunkPages(FileChannel file, ColumnMetaData column) throws IOException {
    this.column = column;
    this.codec = PageCodec.of(required(column.getCodec(), "codec"));
    long dictionary = column.isSetDictionary_page_offset() ? column.getDictionary_page_offset() : 0;
    this.start =
        dictionary > 0 && dictionary < column.getData_page_offset()
            ? dictionary
            : column.getData_page_offset();
    this.length = column.getTotal_compressed_size();
    if (start < 0 || length < 0 || start > file.size() - length) {
      throw new DamagedParquetException(
          "column must lie in the file, got bytes " + start + " to " + (start + length));
    }
    file.position(start);
    InputStream bounded = ByteStreams.limit(Channels.newInputStream(file), length);
    this.in = new CountingInputStream(new BufferedInputStream(bounded, 1 << 16));
  }

  /** Where in the file the last page begins that was asked for. */
  long pageStart() {
    return start + pageStart;
  }

  @Override
  public long getTotalValueCount() {
    return column.getNum_values();
  }

  @Override
  public @Nullable DictionaryPage readDictionaryPage() {
    PageHeader header = nextHeader();
    if (header.getType() != PageType.DICTIONARY_PAGE) {
      first = Optional.of(dataPage(header));
      return null;
    }
    DictionaryPageHeader said = required(header.getDictionary_page_header(), HEADER);
    byte[] page = codec.unpacked(bytes(header), unpackedSize(header));
    return new DictionaryPage(
        BytesInput.from(page), said.getNum_values(), encoding(said.getEncoding()));
  }

  @Override
  public DataPage readPage() {
    if (first.isPresent()) {
      DataPage page = first.get();
      first = Optional.empty();
      return page;
    }
    PageHeader header = nextHeader();
    while (header.getType() == PageType.INDEX_PAGE) {
      bytes(header);
      header = nextHeader();
    }
    return dataPage(header);
  }

  private DataPage dataPage(PageHeader header) {
    return switch (required(header.getType(), "page's type")) {
      case DATA_PAGE -> plain(header, required(header.getData_page_header(), HEADER));
      case DATA_PAGE_V2 -> second(header, required(header.getData_page_header_v2(), HEADER));
      default -> throw new DamagedParquetException("page must hold data, got " + header.getType());
    };
  }

  private DataPage plain(PageHeader header, DataPageHeader said) {
    byte[] page = codec.unpacked(bytes(header), unpackedSize(header));
    return new DataPageV1(
        BytesInput.from(page),
        said.getNum_values(),
        page.length,
        null,
        encoding(said.getRepetition_level_encoding()),
        encoding(said.getDefinition_level_encoding()),
        encoding(said.getEncoding()));
  }

  /** Levels are never packed, values only if the header says nothing else. */
  private DataPage second(PageHeader header, DataPageHeaderV2 said) {
    byte[] all = bytes(header);
    int repetition = said.getRepetition_levels_byte_length();
    long levels = (long) repetition + said.getDefinition_levels_byte_length();
    if (repetition < 0
        || levels < repetition
        || levels > Math.min(all.length, unpackedSize(header))) {
      throw new DamagedParquetException(
          "page must hold its levels, got " + levels + " bytes of them");
    }
    byte[] values = Arrays.copyOfRange(all, (int) levels, all.length);
    boolean packed = !said.isSetIs_compressed() || said.isIs_compressed();
    int size = unpackedSize(header) - (int) levels;
    byte[] data = packed && size > 0 ? codec.unpacked(values, size) : values;
    return DataPageV2.uncompressed(
        said.getNum_rows(),
        said.getNum_nulls(),
        said.getNum_values(),
        BytesInput.from(all, 0, repetition),
        BytesInput.from(all, repetition, (int) levels - repetition),
        encoding(said.getEncoding()),
        BytesInput.from(data),
        null);
  }

  private PageHeader nextHeader() {
    pageStart = in.getCount();
    if (pageStart >= length) {
      throw new DamagedParquetException(
          "column must have "
              + column.getNum_values()
              + " values by the footer, got fewer in its pages");
    }
    try {
      return Util.readPageHeader(in);
    } catch (IOException e) {
      throw new DamagedParquetException("page must have a header, got a damaged one", e);
    }
  }

  /** The bytes behind a header, as they lie in the file. */
  private byte[] bytes(PageHeader header) {
    int size = header.getCompressed_page_size();
    if (size < 0 || size > length - in.getCount()) {
      throw new DamagedParquetException(
          "page must end in its column, got " + size + " bytes by its header");
    }
    byte[] bytes = new byte[size];
    try {
      ByteStreams.readFully(in, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (header.isSetCrc()) {
      CRC32 crc = new CRC32();
      crc.update(bytes);
      if ((int) crc.getValue() != header.getCrc()) {
        throw new DamagedParquetException("page must have the checksum of its header, got another");
      }
    }
    return bytes;
  }

  private static int unpackedSize(PageHeader header) {
    int size = header.getUncompressed_page_size();
    if (size < 0 || size > LARGEST_PAGE) {
      throw new DamagedParquetException(
          "page must have at most " + LARGEST_PAGE + " bytes unpacked, got " + size);
    }
    return size;
  }

  private static Encoding encoding(org.apache.parquet.format.@Nullable Encoding said) {
    org.apache.parquet.format.Encoding encoding = required(said, "encoding");
    try {
      return Encoding.valueOf(encoding.name());
    } catch (IllegalArgumentException e) {
      throw new DamagedParquetException(
          "values must have a supported encoding, got " + encoding.name(), e);
    }
  }
}
