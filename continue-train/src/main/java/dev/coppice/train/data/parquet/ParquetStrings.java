package dev.coppice.train.data.parquet;

import static dev.coppice.train.data.parquet.DamagedParquetException.required;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.parquet.VersionParser;
import org.apache.parquet.VersionParser.ParsedVersion;
import org.apache.parquet.VersionParser.VersionParseException;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReaderImpl;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.jspecify.annotations.Nullable;

/**
 * The strings of one column of a Parquet file, row by row.
 *
 * <p>The column lies at the top of the schema and holds a string a row, in any encoding; pages are
 * plain or packed with snappy, gzip, zstd or LZ4 (raw). A null is refused. Memory holds a page and
 * a dictionary, whatever the size of row groups. Not thread-safe.
 *
 * <p><b>Source</b>: the Parquet format 2.12; encodings are read by parquet-java, layout and pages
 * here, since its own reader of files needs Hadoop and holds whole row groups.
 */
public final class ParquetStrings implements Closeable {

  private final Path file;
  private final FileChannel channel;
  private final ParquetFooter footer;
  private final TopColumn column;
  private final @Nullable ParsedVersion writer;
  private final Iterator<RowGroup> groups;
  private Optional<ChunkPages> pages = Optional.empty();
  private Optional<ColumnReader> values = Optional.empty();
  private int group;
  private long left;
  private long row;

  private ParquetStrings(Path file, FileChannel channel, String name) throws IOException {
    this.file = file;
    this.channel = channel;
    this.footer = ParquetFooter.read(channel);
    this.column = footer.text(name);
    this.writer = version(footer.meta().getCreated_by());
    this.groups = required(footer.meta().getRow_groups(), "row groups").iterator();
  }

  /**
   * Opens a file.
   *
   * @param file of Parquet
   * @param column its name
   * @throws CoppiceException when the file is damaged, or has no such column of strings
   * @throws IOException when it cannot be read
   */
  public static ParquetStrings open(Path file, String column) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      return new ParquetStrings(file, channel, column);
    } catch (DamagedParquetException e) {
      channel.close();
      throw invalid(e.getMessage() + " (" + file + ")", e);
    } catch (RuntimeException e) {
      channel.close();
      throw invalid("footer must be whole, got a damaged one (" + file + ")", e);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** Rows of the file, by its footer. */
  public long rows() {
    return footer.meta().getNum_rows();
  }

  /** How many bytes of the file lie before the page that is being read. */
  public long position() {
    return pages.map(ChunkPages::pageStart).orElse(0L);
  }

  /**
   * The string of the next row, empty when all are read.
   *
   * @throws CoppiceException when the file is damaged, the string is null or not UTF-8
   * @throws IOException when the file cannot be read
   */
  public Optional<String> next() throws IOException {
    try {
      while (left == 0) {
        if (!groups.hasNext()) {
          return Optional.empty();
        }
        begin(groups.next());
      }
      left--;
      row++;
      return Optional.of(value(values.orElseThrow()));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (DamagedParquetException e) {
      throw damaged(e.getMessage(), e);
    } catch (CoppiceException e) {
      throw e;
    } catch (RuntimeException e) {
      throw damaged("page must hold values of its encoding, got damaged ones", e);
    }
  }

  private void begin(RowGroup rows) throws IOException {
    group++;
    row = 0;
    pages = Optional.empty();
    ColumnMetaData chunk = chunk(rows);
    if (chunk.getNum_values() != rows.getNum_rows()) {
      throw new DamagedParquetException(
          "column must have a value for each of "
              + rows.getNum_rows()
              + " rows, got "
              + chunk.getNum_values());
    }
    left = rows.getNum_rows();
    if (left > 0) {
      ChunkPages opened = new ChunkPages(channel, chunk);
      pages = Optional.of(opened);
      values = Optional.of(new ColumnReaderImpl(column.descriptor(), opened, new None(), writer));
    }
  }

  private ColumnMetaData chunk(RowGroup rows) {
    for (ColumnChunk chunk : required(rows.getColumns(), "columns")) {
      ColumnMetaData said = chunk.getMeta_data();
      if (said != null
          && !chunk.isSetFile_path()
          && List.of(column.name()).equals(said.getPath_in_schema())) {
        return said;
      }
    }
    throw new DamagedParquetException(
        "row group must have the column \"" + column.name() + "\" in this file, got none");
  }

  private String value(ColumnReader reader) {
    if (reader.getCurrentDefinitionLevel() != column.defined()) {
      throw new DamagedParquetException(
          "column \"" + column.name() + "\" must be a string, got null");
    }
    ByteBuffer utf8 = reader.getBinary().toByteBuffer();
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw new DamagedParquetException(
          "column \"" + column.name() + "\" must be UTF-8, got other bytes", e);
    }
    reader.consume();
    return text;
  }

  private CoppiceException damaged(@Nullable String message, Throwable cause) {
    String page = pages.map(p -> ", page at byte " + p.pageStart()).orElse("");
    return invalid(
        message + " (" + file + ", row group " + group + ", row " + row + page + ")", cause);
  }

  private static CoppiceException invalid(String message, Throwable cause) {
    return new CoppiceException(ErrorKind.INPUT_INVALID, message, cause);
  }

  private static @Nullable ParsedVersion version(@Nullable String writer) {
    try {
      return writer == null ? null : VersionParser.parse(writer);
    } catch (VersionParseException e) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** Takes no values: they are asked for. */
  private static final class None extends PrimitiveConverter {}
}
