package dev.coppice.train.data.text;

import com.fasterxml.jackson.core.JsonParser;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
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
    byte[] first = Arrays.copyOf(read, count);
    checkUnicode(first, place);
    byte[] head = TextProbe.withoutBom(first);
    String start = new String(head, StandardCharsets.ISO_8859_1).stripLeading();
    boolean list =
        start.startsWith("[")
            && (start.length() == 1 || start.substring(1).strip().startsWith("{"));
    return list
        ? InList.of(in, new JsonTextField(field, "object"), place)
        : new InLines(
            new LineReader(in, longestLine), new JsonTextField(field, "line"), place, longestLine);
  }

  /** Refuses what is neither UTF-8 nor another encoding of single bytes. */
  private static void checkUnicode(byte[] first, String place) {
    TextFault.of(first, 0, false)
        .filter(fault -> fault.reason().startsWith("UTF-"))
        .ifPresent(
            fault -> {
              throw notUtf8(fault, place);
            });
  }

  private static CoppiceException notUtf8(TextFault fault, String place) {
    return new CoppiceException(
        ErrorKind.INPUT_INVALID, "JSON must be UTF-8, got " + fault.words() + " (" + place + ")");
  }

  private static CoppiceException bad(String message, String place, Throwable cause) {
    return new CoppiceException(ErrorKind.INPUT_INVALID, message + " (" + place + ")", cause);
  }

  /** An object a line. */
  final class InLines implements JsonObjects {
    private final LineReader lines;
    private final JsonTextField field;
    private final String place;
    private final int longestLine;
    private long line;
    private long offset;
    private byte[] last = {};

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
        String where = place + ", " + at();
        throw TextFault.of(last, offset, true)
            .map(fault -> notUtf8(fault, where))
            .orElseGet(() -> bad(String.valueOf(e.getMessage()), where, e));
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
      offset += line == 0 ? 0 : last.length + 1;
      line++;
      Optional<byte[]> next = lines.next();
      last = next.orElse(new byte[0]);
      return next;
    }
  }

  /** Objects in a list, read one after the other. */
  final class InList implements JsonObjects {
    private final JsonParser parser;
    private final LastBytes bytes;
    private final JsonTextField field;
    private final String place;
    private long number;
    private boolean ended;

    private InList(JsonParser parser, LastBytes bytes, JsonTextField field, String place) {
      this.parser = parser;
      this.bytes = bytes;
      this.field = field;
      this.place = place;
    }

    static InList of(InputStream in, JsonTextField field, String place) throws IOException {
      LastBytes bytes = new LastBytes(in);
      return new InList(JsonTextField.list(bytes), bytes, field, place);
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
        String where = place + ", " + at();
        throw bytes
            .fault()
            .map(fault -> notUtf8(fault, where))
            .orElseGet(() -> bad(String.valueOf(e.getMessage()), where, e));
      }
    }
  }
}
