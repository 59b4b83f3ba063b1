package dev.coppice.train.data.parquet;

import static dev.coppice.train.data.parquet.DamagedParquetException.required;

import com.google.common.collect.ImmutableList;
import com.google.common.io.ByteStreams;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Util;

/**
 * Content of a Parquet file's footer: {@code PAR1}, row groups, the footer in Thrift's compact
 * form, its length (4 bytes, little-endian), {@code PAR1}.
 *
 * @param meta schema and row groups
 * @param columns at the top of the schema, in order
 */
record ParquetFooter(FileMetaData meta, ImmutableList<TopColumn> columns) {
  private static final String MAGIC = "PAR1";
  private static final String ENCRYPTED = "PARE";
  private static final int FRAME = 8;
  private static final int MOST_NAMED = 20;

  /**
   * Reads the footer of a file.
   *
   * @throws DamagedParquetException if there is none, or it is damaged
   */
  static ParquetFooter read(FileChannel file) throws IOException {
    long size = file.size();
    if (size < MAGIC.length() + FRAME) {
      throw new DamagedParquetException("file must be Parquet, got " + size + " bytes");
    }
    ByteBuffer end = at(file, size - FRAME).flip().order(ByteOrder.LITTLE_ENDIAN);
    String magic =
        StandardCharsets.ISO_8859_1
            .decode(end.slice(FRAME - MAGIC.length(), MAGIC.length()))
            .toString();
    if (magic.equals(ENCRYPTED)) {
      throw new DamagedParquetException("file must not be encrypted, got an encrypted footer");
    }
    long length = Integer.toUnsignedLong(end.getInt(0));
    if (!magic.equals(MAGIC) || length > size - FRAME - MAGIC.length()) {
      throw new DamagedParquetException(
          "file must end with the footer of Parquet, got none (is it cut off?) at byte "
              + (size - FRAME));
    }
    return parsed(file, size - FRAME - length, length);
  }

  private static ParquetFooter parsed(FileChannel file, long from, long length) throws IOException {
    file.position(from);
    InputStream in =
        new BufferedInputStream(ByteStreams.limit(Channels.newInputStream(file), length));
    try {
      FileMetaData meta = Util.readFileMetaData(in);
      return new ParquetFooter(meta, topColumns(required(meta.getSchema(), "schema")));
    } catch (IOException | RuntimeException e) {
      throw new DamagedParquetException(
          "footer must be whole, got a damaged one at byte " + from, e);
    }
  }

  private static ByteBuffer at(FileChannel file, long from) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(FRAME);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, from + bytes.position()) < 0) {
        throw new DamagedParquetException(
            "file must not change while it is read, got a shorter one");
      }
    }
    return bytes;
  }

  /** The root comes first, then the tree in the order of a walk that goes down first. */
  private static ImmutableList<TopColumn> topColumns(List<SchemaElement> schema) {
    ImmutableList.Builder<TopColumn> columns = ImmutableList.builder();
    for (int at = 1; at < schema.size(); at = behind(schema, at)) {
      columns.add(new TopColumn(schema.get(at)));
    }
    return columns.build();
  }

  private static int behind(List<SchemaElement> schema, int at) {
    int open = 1;
    int next = at;
    for (; open > 0; next++) {
      open += schema.get(next).getNum_children() - 1;
    }
    return next;
  }

  /**
   * The column of a name.
   *
   * @throws DamagedParquetException if there is none, or it holds no text
   */
  TopColumn text(String name) {
    for (TopColumn column : columns) {
      if (column.name().equals(name)) {
        if (!column.isText()) {
          throw new DamagedParquetException(
              "column \"" + name + "\" must hold strings, got " + column.kind() + "; " + listed());
        }
        return column;
      }
    }
    throw new DamagedParquetException(
        "file must have the column \"" + name + "\" (--text-field), got none; " + listed());
  }

  private String listed() {
    List<String> names =
        columns.stream()
            .limit(MOST_NAMED)
            .map(column -> column.name() + " " + column.kind())
            .toList();
    String rest =
        columns.size() > MOST_NAMED ? " and " + (columns.size() - MOST_NAMED) + " more" : "";
    return "its columns are " + String.join(", ", names) + rest;
  }
}
