package dev.coppice.train.data;

import com.google.common.collect.ImmutableList;
import com.google.common.io.CountingInputStream;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Files of JSON objects, one a line, each with a text; plain, or packed as {@link Packing} says.
 *
 * <p>Empty lines and empty texts are passed over. A lone surrogate becomes a question mark.
 */
final class JsonLineTexts implements TextSource {
  /** What an array holds, with room to spare for its UTF-8 forms. */
  private static final int LONGEST_LINE = 1 << 30;

  private final ImmutableList<Path> files;
  private final JsonTextField field;
  private final int longestLine;
  private final long totalBytes;
  private int nextFile;
  private long readBefore;
  private long line;
  private @Nullable CountingInputStream counted;
  private @Nullable LineReader lines;

  /**
   * Texts of some files.
   *
   * @param files in order
   * @param field that has the text
   */
  JsonLineTexts(List<Path> files, String field) throws IOException {
    this(files, field, LONGEST_LINE);
  }

  /** Texts of some files whose lines have at most so many bytes, without what ends them. */
  JsonLineTexts(List<Path> files, String field, int longestLine) throws IOException {
    this.files = ImmutableList.copyOf(files);
    this.field = new JsonTextField(field);
    this.longestLine = longestLine;
    long bytes = 0;
    for (Path file : files) {
      bytes += Files.size(file);
    }
    this.totalBytes = bytes;
  }

  @Override
  public Optional<OpenDocument> next() throws IOException {
    while (true) {
      Optional<byte[]> json = nextLine();
      if (json.isEmpty()) {
        return Optional.empty();
      }
      String text = text(json.get());
      if (!text.isEmpty()) {
        return Optional.of(OpenDocument.unnamed(text));
      }
    }
  }

  private String text(byte[] json) throws IOException {
    try {
      return field.text(json);
    } catch (JsonTextField.BadLineException e) {
      throw bad(String.valueOf(e.getMessage()), e);
    }
  }

  /** The next line that is not blank. */
  private Optional<byte[]> nextLine() throws IOException {
    while (true) {
      if (lines == null && !openNext()) {
        return Optional.empty();
      }
      line++;
      Optional<byte[]> read = readLine();
      if (read.isEmpty()) {
        closeFile();
      } else if (!new String(read.get(), StandardCharsets.ISO_8859_1).isBlank()) {
        return read;
      }
    }
  }

  private Optional<byte[]> readLine() throws IOException {
    try {
      return lines == null ? Optional.empty() : lines.next();
    } catch (LineReader.LongLineException e) {
      throw bad("line must be at most " + longestLine + " bytes, got more", e);
    }
  }

  private boolean openNext() throws IOException {
    if (nextFile == files.size()) {
      return false;
    }
    Path file = files.get(nextFile++);
    line = 0;
    counted = new CountingInputStream(Files.newInputStream(file));
    lines = new LineReader(Unpacked.of(counted, file::toString), longestLine);
    return true;
  }

  private CoppiceException bad(String message, Throwable cause) {
    return new CoppiceException(
        ExitCode.INPUT_INVALID,
        message + " (" + files.get(nextFile - 1) + ", line " + line + ")",
        cause);
  }

  @Override
  public long totalBytes() {
    return totalBytes;
  }

  @Override
  public long readBytes() {
    return readBefore + (counted == null ? 0 : counted.getCount());
  }

  private void closeFile() throws IOException {
    if (counted != null) {
      readBefore += counted.getCount();
      counted.close();
    }
    counted = null;
    lines = null;
  }

  @Override
  public void close() throws IOException {
    closeFile();
  }
}
