package dev.coppice.moe.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way in which a header can be wrong, and the odd ones that are right. */
class HostileHeaderTest {
  private static final String GOOD = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

  @TempDir Path folder;

  static Stream<Arguments> refused() {
    return Stream.of(
        bad("an array at the top", "[]", 0, Reason.MALFORMED_JSON),
        bad("text after the object", "{\"a\":" + GOOD + "}x", 8, Reason.MALFORMED_JSON),
        bad("a NUL after the object", "{\"a\":" + GOOD + "}\0", 8, Reason.MALFORMED_JSON),
        bad("a comment", "{/*x*/\"a\":" + GOOD + "}", 8, Reason.MALFORMED_JSON),
        bad("a trailing comma", "{\"a\":" + GOOD + ",}", 8, Reason.MALFORMED_JSON),
        bad("a byte order mark", "\uFEFF{\"a\":" + GOOD + "}", 8, Reason.MALFORMED_JSON),
        bad("nothing", "", 0, Reason.MALFORMED_JSON),
        bad("an object cut short", "{\"a\":" + GOOD, 8, Reason.MALFORMED_JSON),
        bad("a name twice", "{\"a\":" + GOOD + ",\"a\":" + GOOD + "}", 8, Reason.DUPLICATE_NAME),
        bad(
            "a name twice, once escaped",
            "{\"a\":" + GOOD + ",\"\\u0061\":" + GOOD + "}",
            8,
            Reason.DUPLICATE_NAME),
        bad("a field twice", entry("F32\",\"dtype\":\"F32", "2", "0,8"), 8, Reason.DUPLICATE_NAME),
        bad("metadata of numbers", "{\"__metadata__\":{\"a\":1}}", 0, Reason.MALFORMED_JSON),
        bad("nested metadata", "{\"__metadata__\":{\"a\":{}}}", 0, Reason.MALFORMED_JSON),
        bad(
            "metadata twice",
            "{\"__metadata__\":{},\"__metadata__\":{}}",
            0,
            Reason.DUPLICATE_NAME),
        bad("a tensor as an array", "{\"a\":[\"F32\",[2],[0,8]]}", 8, Reason.MALFORMED_JSON),
        bad("no dtype", "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, Reason.MALFORMED_JSON),
        bad(
            "no shape",
            "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}",
            8,
            Reason.MALFORMED_JSON),
        bad("no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, Reason.MALFORMED_JSON),
        bad("an unknown dtype", entry("F128", "2", "0,32"), 32, Reason.UNKNOWN_DTYPE),
        bad("a dtype in lower case", entry("f32", "2", "0,8"), 8, Reason.UNKNOWN_DTYPE),
        bad("a float extent", entry("F32", "2.0", "0,8"), 8, Reason.MALFORMED_JSON),
        bad("a text extent", entry("F32", "\"2\"", "0,8"), 8, Reason.MALFORMED_JSON),
        bad("a null extent", entry("F32", "null", "0,8"), 8, Reason.MALFORMED_JSON),
        bad("a negative extent", entry("F32", "-2", "0,8"), 8, Reason.MALFORMED_JSON),
        bad("a leading zero", entry("F32", "02", "0,8"), 8, Reason.MALFORMED_JSON),
        bad(
            "an extent of 2^63",
            entry("F32", "0,9223372036854775808", "0,0"),
            0,
            Reason.MALFORMED_JSON),
        bad(
            "a product beyond 2^63",
            entry("F32", "4611686018427387904,4", "0,0"),
            0,
            Reason.SIZE_MISMATCH),
        bad("a shape too small", entry("F32", "1", "0,8"), 8, Reason.SIZE_MISMATCH),
        bad("half a byte", entry("F4", "1", "0,1"), 1, Reason.SIZE_MISMATCH),
        bad("one offset", entry("F32", "2", "0"), 8, Reason.SIZE_MISMATCH),
        bad("three offsets", entry("F32", "2", "0,8,8"), 8, Reason.SIZE_MISMATCH),
        bad("offsets the wrong way round", entry("F32", "2", "8,0"), 8, Reason.SIZE_MISMATCH),
        bad("a gap at the start", entry("F32", "2", "8,16"), 16, Reason.BAD_TILING),
        bad("a byte too many", entry("F32", "2", "0,8"), 9, Reason.BAD_TILING),
        bad("a byte too few", entry("F32", "2", "0,8"), 7, Reason.TRUNCATED),
        bad(
            "two tensors in one place",
            "{\"a\":" + GOOD + ",\"b\":" + GOOD + "}",
            8,
            Reason.BAD_TILING),
        bad(
            "a hole between two",
            "{\"a\":" + GOOD + ",\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[9,10]}}",
            10,
            Reason.BAD_TILING),
        bad("a lone surrogate", "{\"\\ud800\":" + GOOD + "}", 8, Reason.MALFORMED_JSON),
        bad(
            "deep nesting",
            "{\"a\":" + "[".repeat(200) + "]".repeat(200) + "}",
            0,
            Reason.MALFORMED_JSON));
  }

  static Stream<Arguments> accepted() {
    return Stream.of(
        good("an empty object", "{}", 0),
        good("blanks before and after", "  {\"a\":" + GOOD + "}   ", 8),
        good("null metadata", "{\"__metadata__\":null,\"a\":" + GOOD + "}", 8),
        good("a scalar", entry("F32", "", "0,4"), 4),
        good("no elements", entry("F32", "0,5", "0,0"), 0),
        good("two 4-bit elements", entry("F4", "2", "0,1"), 1),
        good("a name like a path", "{\"../../x\":" + GOOD + "}", 8),
        good("an empty name", "{\"\":" + GOOD + "}", 8),
        good("an unknown field", "{\"a\":{\"x\":{\"y\":[1]}," + GOOD.substring(1) + "}", 8));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void isRefusedWithItsReason(String name, String header, int dataSize, Reason reason)
      throws IOException {
    Path file = write(header.getBytes(StandardCharsets.UTF_8), dataSize);
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOfSatisfying(
            CheckpointFormatException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageStartingWith(file + ": ");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("accepted")
  void isAccepted(String name, String header, int dataSize) throws IOException {
    try (SafetensorsFile file =
        SafetensorsFile.open(write(header.getBytes(StandardCharsets.UTF_8), dataSize))) {
      assertThat(file.dataOffset()).isEqualTo(8 + header.length());
    }
  }

  @Test
  void overlongAndBrokenUtf8AreRefused() throws IOException {
    byte[] header = ("{\"??\":" + GOOD + "}").getBytes(StandardCharsets.UTF_8);
    header[2] = (byte) 0xC0;
    header[3] = (byte) 0xAF;
    assertReason(write(header, 8), Reason.MALFORMED_JSON);
  }

  @Test
  void aHeaderLengthBeyondTheFileIsNamed() throws IOException {
    Path file = folder.resolve("long.safetensors");
    Files.write(file, prefix(1_000_000).put("{}".getBytes(StandardCharsets.UTF_8)).array());
    assertReason(file, Reason.HEADER_BEYOND_FILE);
    Files.write(file, prefix(-1).array());
    assertReason(file, Reason.HEADER_TOO_LARGE);
    Files.write(file, prefix(100_000_001).array());
    assertReason(file, Reason.HEADER_TOO_LARGE);
  }

  @Test
  void otherFilesUnderTheNameAreCalledWhatTheyAre() throws IOException {
    assertForeign("version https://git-lfs.github.com/spec/v1\noid sha256:0", "git-LFS pointer");
    assertForeign("<!DOCTYPE html><html></html>", "web page");
    assertForeign("PK\3\4\24\0\0\0\0\0\0\0", "zip");
    assertForeign("<html>", "web page");
  }

  @Test
  void aMissingOrTinyFileIsNamed() throws IOException {
    assertReason(folder.resolve("none.safetensors"), Reason.MISSING_FILE);
    assertReason(Files.write(folder.resolve("tiny"), new byte[7]), Reason.TOO_SHORT);
    assertReason(Files.write(folder.resolve("empty"), new byte[0]), Reason.TOO_SHORT);
  }

  private void assertForeign(String content, String what) throws IOException {
    Path file = folder.resolve("foreign.safetensors");
    Files.write(file, content.getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> SafetensorsFile.open(file)).hasMessageContaining(what);
    assertReason(file, Reason.FOREIGN_FORMAT);
  }

  private static void assertReason(Path file, Reason reason) {
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOfSatisfying(
            CheckpointFormatException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private Path write(byte[] header, int dataSize) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataSize);
    bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header);
    return Files.write(folder.resolve("case.safetensors"), bytes.array());
  }

  private static ByteBuffer prefix(long length) {
    return ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
  }

  private static String entry(String dtype, String shape, String offsets) {
    return "{\"a\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%s]}}"
        .formatted(dtype, shape, offsets);
  }

  private static Arguments bad(String name, String header, int dataSize, Reason reason) {
    return Arguments.of(name, header, dataSize, reason);
  }

  private static Arguments good(String name, String header, int dataSize) {
    return Arguments.of(name, header, dataSize);
  }
}
