package dev.coppice.moe.safetensors;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.safetensors.HeaderParser.Header;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * Reads headers of the form that writers give them, straight from their bytes.
 *
 * <p>That form is ASCII without escapes; numbers of at most 18 digits; tensors with type, shape and
 * offsets, each once, and sizes that agree; metadata that is an object of text; no name twice.
 * Blanks may stand between tokens, but not first. On anything else it stops without a fault: {@link
 * HeaderParser}, which reads everything, then begins anew and has the word.
 */
final class CanonicalHeader {
  /** Any number of so many digits fits a long. */
  private static final int MAX_DIGITS = 18;

  private final byte[] bytes;
  private final int end;
  private int at;
  private long[] numbers = new long[8];

  /** Thrown to give up; carries nothing. */
  private static final class Unusual extends Exception {
    private static final long serialVersionUID = 1;

    Unusual() {
      super("header is not of the usual form", null, false, false);
    }
  }

  private CanonicalHeader(ByteBuffer utf8) {
    this.bytes = utf8.array();
    this.at = utf8.arrayOffset() + utf8.position();
    this.end = at + utf8.remaining();
  }

  /**
   * Reads a header; empty if it is not of the usual form, whether good or bad.
   *
   * @param utf8 its bytes, in a buffer over an array, whose position stays
   */
  static Optional<Header> read(ByteBuffer utf8) {
    try {
      return Optional.of(new CanonicalHeader(utf8).header());
    } catch (Unusual e) {
      return Optional.empty();
    }
  }

  private Header header() throws Unusual {
    ImmutableMap.Builder<String, TensorInfo> tensors = ImmutableMap.builder();
    Optional<ImmutableMap<String, String>> metadata = Optional.empty();
    int count = 0;
    if (at == end || bytes[at] != '{') {
      throw new Unusual();
    }
    at++;
    if (!passes('}')) {
      do {
        String name = text();
        require(':');
        if (name.equals(HeaderParser.METADATA)) {
          requireThat(metadata.isEmpty());
          metadata = Optional.of(metadata());
        } else {
          tensors.put(name, tensor(name));
          count++;
        }
      } while (goesOn('}'));
    }
    requireThat(next() < 0);
    ImmutableMap<String, TensorInfo> all = tensors.buildKeepingLast();
    requireThat(all.size() == count);
    return new Header(all, metadata.orElse(ImmutableMap.of()), ImmutableList.of());
  }

  private ImmutableMap<String, String> metadata() throws Unusual {
    ImmutableMap.Builder<String, String> pairs = ImmutableMap.builder();
    int count = 0;
    require('{');
    if (!passes('}')) {
      do {
        String key = text();
        require(':');
        pairs.put(key, text());
        count++;
      } while (goesOn('}'));
    }
    ImmutableMap<String, String> all = pairs.buildKeepingLast();
    requireThat(all.size() == count);
    return all;
  }

  private TensorInfo tensor(String name) throws Unusual {
    Optional<Dtype> dtype = Optional.empty();
    Optional<ImmutableList<Long>> shape = Optional.empty();
    boolean hasOffsets = false;
    long begin = 0;
    long stop = 0;
    require('{');
    do {
      require('"');
      int from = at;
      int to = endOfText();
      require(':');
      if (is("dtype", from, to)) {
        requireThat(dtype.isEmpty());
        dtype = Dtype.named(text());
        requireThat(dtype.isPresent());
      } else if (is("shape", from, to)) {
        requireThat(shape.isEmpty());
        shape = Optional.of(shape(numbers()));
      } else if (is("data_offsets", from, to)) {
        requireThat(!hasOffsets && numbers() == 2);
        hasOffsets = true;
        begin = numbers[0];
        stop = numbers[1];
      } else {
        throw new Unusual();
      }
    } while (goesOn('}'));
    requireThat(dtype.isPresent() && shape.isPresent() && hasOffsets && begin <= stop);
    TensorInfo info = new TensorInfo(name, dtype.get(), shape.get(), begin, stop);
    requireThat(info.neededBytes().orElse(-1) == info.byteSize());
    return info;
  }

  private ImmutableList<Long> shape(int rank) {
    if (rank == 1) {
      return ImmutableList.of(numbers[0]);
    }
    if (rank == 2) {
      return ImmutableList.of(numbers[0], numbers[1]);
    }
    return Arrays.stream(numbers, 0, rank).boxed().collect(ImmutableList.toImmutableList());
  }

  /** Reads an array into {@link #numbers}; returns how many there are. */
  private int numbers() throws Unusual {
    require('[');
    int count = 0;
    if (passes(']')) {
      return count;
    }
    do {
      if (count == numbers.length) {
        numbers = Arrays.copyOf(numbers, 2 * count);
      }
      numbers[count++] = number();
    } while (goesOn(']'));
    return count;
  }

  private long number() throws Unusual {
    int digit = next();
    int from = at;
    long number = 0;
    while (digit >= '0' && digit <= '9') {
      number = 10 * number + (digit - '0');
      requireThat(++at - from <= MAX_DIGITS);
      digit = at < end ? bytes[at] : -1;
    }
    requireThat(at > from && (at == from + 1 || bytes[from] != '0'));
    return number;
  }

  private String text() throws Unusual {
    require('"');
    int from = at;
    return new String(bytes, from, endOfText() - from, StandardCharsets.ISO_8859_1);
  }

  /** Passes the text that begins here and its quotation mark; returns where the mark stood. */
  private int endOfText() throws Unusual {
    while (at < end) {
      byte b = bytes[at++];
      if (b == '"') {
        return at - 1;
      }
      // control characters, and the negative bytes of what is not ASCII
      if (b < ' ' || b == '\\') {
        break;
      }
    }
    throw new Unusual();
  }

  private boolean is(String field, int from, int to) {
    if (to - from != field.length()) {
      return false;
    }
    for (int i = 0; i < field.length(); i++) {
      if (bytes[from + i] != field.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Passes a comma, and returns whether it stood there rather than the closing bracket. */
  private boolean goesOn(char closing) throws Unusual {
    if (passes(',')) {
      return true;
    }
    require(closing);
    return false;
  }

  private boolean passes(char wanted) {
    boolean found = next() == wanted;
    if (found) {
      at++;
    }
    return found;
  }

  private void require(char wanted) throws Unusual {
    requireThat(passes(wanted));
  }

  private static void requireThat(boolean usual) throws Unusual {
    if (!usual) {
      throw new Unusual();
    }
  }

  /** The next byte that is no blank, which is not passed; negative at the end. */
  private int next() {
    while (at < end) {
      byte b = bytes[at];
      if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
        // bytes beyond ASCII must not look like the end
        return b & 0xFF;
      }
      at++;
    }
    return -1;
  }
}
