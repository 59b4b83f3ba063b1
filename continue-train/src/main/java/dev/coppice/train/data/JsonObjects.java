package dev.coppice.train.data;

import com.fasterxml.jackson.core.JsonParser;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** The texts of one file of JSON objects. */
interface JsonObjects {
  /** First bytes that are looked at. */
  int HEAD = 1 << 16;

  /** Bytes in which a list must have begun. */
  int LOOKED_AT = 1 << 12;

  /** Where the reading is, such as {@code line 7}. */
  String at();

  /** The next text, which may be empty, if there is one. */
  Optional<String> next() throws IOException;

  /**
   * Reads lines, or a list where the first bytes are those of a list of objects.
   *
   * @param in unpacked
   * @param place of it, for messages
   * @param field that has the text
   * @param longestLine bytes that a line may have
   */
  static JsonObjects of(BufferedInputStream in, String place, String field, int longestLine)
      throws IOException {
    in.mark(HEAD);
    byte[] read = new byte[LOOKED_AT];
    // one read only: damage further on belongs to the line where it is
    int count = Math.max(0, in.read(read));
    in.reset();
    byte[] head = FileNature.withoutBom(Arrays.copyOf(read, count));
    String start = new String(head, StandardCharsets.ISO_8859_1).stripLeading();
    boolean list =
        start.startsWith("[")
            && (start.length() == 1 || start.substring(1).strip().startsWith("{"));
    return list
        ? new InList(JsonTextField.list(in), new JsonTextField(field, "object"), place)
        : new InLines(
            new LineReader(in, longestLine), new JsonTextField(field, "line"), place, longestLine);
  }

  private static CoppiceException bad(String message, String place, Throwable cause) {
    return new CoppiceException(ExitCode.INPUT_INVALID, message + " (" + place + ")", cause);
  }

  /** An object a line. */
  final class InLines implements JsonObjects {
    private final LineReader lines;
    private final JsonTextField field;
    private final String place;
    private final int longestLine;
    private long line;

    InLines(LineReader lines, JsonTextField field, String place, int longestLine) {
      this.lines = lines;
      this.field = field;
      this.place = place;
      this.longestLine = longestLine;
    }

    @Override
    public Optional<String> next() throws IOException {
      try {
        for (Optional<byte[]> read = read(); read.isPresent(); read = read()) {
          if (!new String(read.get(), StandardCharsets.ISO_8859_1).isBlank()) {
            return Optional.of(field.text(read.get()));
          }
        }
        return Optional.empty();
      } catch (JsonTextField.BadLineException e) {
        throw bad(String.valueOf(e.getMessage()), place + ", " + at(), e);
      } catch (LineReader.LongLineException e) {
        String rule = "line must be at most " + longestLine + " bytes, got more";
        throw bad(rule, place + ", " + at(), e);
      }
    }

    @Override
    public String at() {
      return "line " + line;
    }

    private Optional<byte[]> read() throws IOException {
      line++;
      return lines.next();
    }
  }

  /** Objects in a list, read one after the other. */
  final class InList implements JsonObjects {
    private final JsonParser parser;
    private final JsonTextField field;
    private final String place;
    private long number;
    private boolean ended;

    InList(JsonParser parser, JsonTextField field, String place) {
      this.parser = parser;
      this.field = field;
      this.place = place;
    }

    @Override
    public String at() {
      return "object " + number;
    }

    @Override
    public Optional<String> next() throws IOException {
      if (ended) {
        return Optional.empty();
      }
      number++;
      try {
        Optional<String> text = field.next(parser);
        ended = text.isEmpty();
        return text;
      } catch (JsonTextField.BadLineException e) {
        throw bad(String.valueOf(e.getMessage()), place + ", " + at(), e);
      }
    }
  }
}
