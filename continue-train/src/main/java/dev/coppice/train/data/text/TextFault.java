package dev.coppice.train.data.text;

import com.google.common.primitives.Bytes;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why bytes are no text in UTF-8.
 *
 * @param reason with the encoding that they seem to have, and the cure; the same for files alike
 * @param place the byte that is at fault, and its offset; empty where the first bytes say enough
 */
public record TextFault(String reason, String place) {
  private static final Pattern PLACE = Pattern.compile("; (byte 0x\\p{XDigit}{2} at offset \\d+)$");

  /** Byte order marks as Latin-1; the longer before those that they begin with. */
  private static final String[][] MARKS = {
    {"\u00FF\u00FE\0\0", "UTF-32LE"},
    {"\0\0\u00FE\u00FF", "UTF-32BE"},
    {"\u00FF\u00FE", "UTF-16LE"},
    {"\u00FE\u00FF", "UTF-16BE"}
  };

  /** Reason and place in one. */
  public String words() {
    return place.isEmpty() ? reason : reason + "; " + place;
  }

  /** Words without their place. */
  public static String withoutPlace(String words) {
    return PLACE.matcher(words).replaceFirst("");
  }

  /** The place in words behind a comma; nothing where they have none. */
  public static String placeOf(String words) {
    Matcher place = PLACE.matcher(words);
    return place.find() ? ", " + place.group(1) : "";
  }

  /**
   * The first fault of some bytes, if there is one.
   *
   * @param bytes of a file, one after the other
   * @param offset of the first of them in the file
   * @param whole whether the file ends with them; if not, a character may be cut at their end
   */
  public static Optional<TextFault> of(byte[] bytes, long offset, boolean whole) {
    Optional<String> marked = offset == 0 ? marked(bytes) : Optional.empty();
    if (marked.isPresent()) {
      String from = marked.get().substring(0, "UTF-16".length());
      return Optional.of(
          new TextFault(marked.get() + " by its byte order mark" + convert(from), ""));
    }
    int zero = Bytes.indexOf(bytes, (byte) 0);
    if (zero >= 0) {
      return Optional.of(
          Zeros.of(bytes, offset)
              .encoding()
              .map(from -> new TextFault(from + ", as its zeros stand" + convert(from), ""))
              .orElseGet(
                  () ->
                      new TextFault(
                          "binary, as it has bytes of zero", place(bytes, offset, zero))));
    }
    int bad = malformed(bytes, whole);
    return bad < 0
        ? Optional.empty()
        : Optional.of(new TextFault(notUtf8(bytes), place(bytes, offset, bad)));
  }

  private static Optional<String> marked(byte[] bytes) {
    String start = new String(bytes, 0, Math.min(4, bytes.length), StandardCharsets.ISO_8859_1);
    for (String[] mark : MARKS) {
      if (start.startsWith(mark[0])) {
        return Optional.of(mark[1]);
      }
    }
    return Optional.empty();
  }

  private static String convert(String from) {
    return ": convert it to UTF-8 (iconv -f " + from + " -t UTF-8)";
  }

  private static String place(byte[] bytes, long offset, int at) {
    return String.format(Locale.ROOT, "byte 0x%02X at offset %d", bytes[at], offset + at);
  }

  /** Index of the first byte of what is no character, or -1. */
  private static int malformed(byte[] bytes, boolean whole) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    boolean bad =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .decode(in, CharBuffer.allocate(bytes.length), whole)
            .isError();
    return bad ? in.position() : -1;
  }

  private static String notUtf8(byte[] bytes) {
    int controls = 0;
    int letters = 0;
    int high = 0;
    for (byte each : bytes) {
      controls += each >= 0 && each < ' ' && each != '\n' && each != '\r' && each != '\t' ? 1 : 0;
      letters += each < 0 || Character.isLetter(each) ? 1 : 0;
      high += each < 0 ? 1 : 0;
    }
    if (controls * 50L > bytes.length) {
      return "binary";
    }
    String perhaps =
        high * 2L > letters
            ? "another encoding such as Windows-1251, GBK or Shift-JIS"
            : "perhaps Latin-1 or Windows-1252";
    return "not UTF-8, but " + perhaps + ": convert it to UTF-8";
  }

  /**
   * Zeros by their places.
   *
   * @param at zeros at offsets of each rest when divided by four
   * @param bytes of which they are
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Zeros(long[] at, long bytes) {
    private static final int FEWEST = 8;

    static Zeros of(byte[] bytes, long offset) {
      long[] at = new long[4];
      for (int i = 0; i < bytes.length; i++) {
        at[(int) ((offset + i) & 3)] += bytes[i] == 0 ? 1 : 0;
      }
      return new Zeros(at, bytes.length);
    }

    /** The encoding whose zeros stand so, if there is one. */
    Optional<String> encoding() {
      if (isNearlyAll(3) && isNearlyAll(2) && isRare(0)) {
        return Optional.of("UTF-32LE");
      }
      if (isNearlyAll(0) && isNearlyAll(1) && isRare(3)) {
        return Optional.of("UTF-32BE");
      }
      long even = at[0] + at[2];
      long odd = at[1] + at[3];
      if (isOneSided(odd, even)) {
        return Optional.of("UTF-16LE");
      }
      return isOneSided(even, odd) ? Optional.of("UTF-16BE") : Optional.empty();
    }

    private boolean isNearlyAll(int rest) {
      return bytes >= FEWEST && at[rest] * 40 >= bytes * 9;
    }

    private boolean isRare(int rest) {
      return at[rest] * 40 <= bytes;
    }

    /** Many zeros and nearly all on one side, or some and all there. */
    private boolean isOneSided(long many, long few) {
      return bytes >= FEWEST
          && ((many * 4 >= bytes && few * 10 <= many) || (many >= FEWEST && few == 0));
    }
  }
}
