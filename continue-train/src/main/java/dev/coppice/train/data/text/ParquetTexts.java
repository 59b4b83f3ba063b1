package dev.coppice.train.data.text;

import com.google.common.collect.ImmutableList;
import dev.coppice.train.data.parquet.ParquetStrings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Parquet files with a column of texts, one a row; empty texts are passed over. */
public final class ParquetTexts implements TextSource {
  private final ImmutableList<Path> files;
  private final String column;
  private final long totalBytes;
  private int nextFile;
  private long readBefore;
  private @Nullable ParquetStrings open;

  /**
   * Texts of some files.
   *
   * @param files in order
   * @param column that has the text
   */
  public ParquetTexts(List<Path> files, String column) throws IOException {
    this.files = ImmutableList.copyOf(files);
    this.column = column;
    long bytes = 0;
    for (Path file : files) {
      bytes += Files.size(file);
    }
    this.totalBytes = bytes;
  }

  @Override
  public Optional<OpenDocument> next() throws IOException {
    while (open != null || nextFile < files.size()) {
      if (open == null) {
        open = ParquetStrings.open(files.get(nextFile++), column);
      }
      Optional<String> text = open.next();
      if (text.isEmpty()) {
        close();
        readBefore += Files.size(files.get(nextFile - 1));
      } else if (!text.get().isEmpty()) {
        return text.map(OpenDocument::unnamed);
      }
    }
    return Optional.empty();
  }

  @Override
  public long totalBytes() {
    return totalBytes;
  }

  @Override
  public long readBytes() {
    return readBefore + (open == null ? 0 : open.position());
  }

  @Override
  public void close() throws IOException {
    if (open != null) {
      open.close();
      open = null;
    }
  }
}
