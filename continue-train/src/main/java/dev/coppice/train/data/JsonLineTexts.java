package dev.coppice.train.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import com.google.common.io.CountingInputStream;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Files of JSON objects, one a line, each with a text: {@code .jsonl}, or {@code .jsonl.gz}.
 *
 * <p>Empty lines and empty texts are passed over. A lone surrogate becomes a question mark.
 */
final class JsonLineTexts implements TextSource {
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /** What an array holds, with room to spare for its UTF-8 forms. */
  private static final int LONGEST_LINE = 1 << 30;

  private final ImmutableList<Path> files;
  private final String field;
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
    this.field = field;
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
      byte[] text = text(json.get()).getBytes(StandardCharsets.UTF_8);
      if (text.length > 0) {
        long key = Hashing.sha256().hashBytes(text).asLong();
        String readable = new String(text, StandardCharsets.UTF_8);
        return Optional.of(
            new OpenDocument(Optional.empty(), Long.reverseBytes(key), new StringReader(readable)));
      }
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
    } catch (ZipException | EOFException e) {
      throw bad("file must be whole gzip", e.getMessage(), e);
    } catch (LineReader.LongLineException e) {
      throw bad("line must be at most " + longestLine + " bytes", "more", e);
    }
  }

  private boolean openNext() throws IOException {
    if (nextFile == files.size()) {
      return false;
    }
    Path file = files.get(nextFile++);
    line = 0;
    counted = new CountingInputStream(Files.newInputStream(file));
    try {
      InputStream plain = isGzip(file) ? new GZIPInputStream(counted, 1 << 16) : counted;
      lines = new LineReader(plain, longestLine);
    } catch (ZipException | EOFException e) {
      throw bad("file must be gzip", e.getMessage(), e);
    }
    return true;
  }

  private static boolean isGzip(Path file) {
    return file.toString().toLowerCase(Locale.ROOT).endsWith(".gz");
  }

  private String text(byte[] json) throws IOException {
    try (JsonParser parser = JSON.createParser(new ByteArrayInputStream(json))) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw bad("line must be a JSON object", parser.currentToken(), null);
      }
      Optional<String> text = Optional.empty();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean wanted = parser.currentName().equals(field);
        JsonToken value = parser.nextToken();
        if (wanted && value != JsonToken.VALUE_STRING) {
          throw bad("field \"" + field + "\" must be a string", value, null);
        }
        text = wanted ? Optional.of(parser.getText()) : text;
        parser.skipChildren();
      }
      if (parser.nextToken() != null) {
        throw bad("line must end with its JSON object", parser.currentToken(), null);
      }
      return text.orElseThrow(
          () -> bad("line must have the field \"" + field + "\"", "none", null));
    } catch (JsonProcessingException e) {
      throw bad("line must be a JSON object", e.getOriginalMessage(), e);
    }
  }

  private CoppiceException bad(String rule, @Nullable Object value, @Nullable Throwable cause) {
    return new CoppiceException(
        ExitCode.INPUT_INVALID,
        rule + ", got " + value + " (" + files.get(nextFile - 1) + ", line " + line + ")",
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
