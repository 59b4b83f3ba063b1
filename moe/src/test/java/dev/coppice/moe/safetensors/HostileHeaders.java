package dev.coppice.moe.safetensors;

import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.DUPLICATE_NAME;
import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.FOREIGN_FORMAT;
import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.HEADER_BEYOND_FILE;
import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.HEADER_TOO_LARGE;
import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.MALFORMED_JSON;
import static dev.coppice.moe.safetensors.CheckpointFormatException.Reason.TOO_SHORT;
import static dev.coppice.moe.safetensors.HostileCase.file;
import static dev.coppice.moe.safetensors.HostileCase.prefixed;
import static dev.coppice.moe.safetensors.HostileCase.read;
import static dev.coppice.moe.safetensors.HostileCase.refused;
import static dev.coppice.moe.safetensors.HostileCase.stricter;
import static dev.coppice.moe.safetensors.HostileCase.warned;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The verdict table: every way that we know in which a safetensors header can be odd or wrong.
 *
 * <p>{@link #main} writes the files out, with what the reference is expected to say of each, so
 * that any other reader can be held against the table.
 */
final class HostileHeaders {
  /** A whole tensor, two floats at the start of the data. */
  static final String A = "{'dtype':'F32','shape':[2],'data_offsets':[0,8]}";

  private static final int CAP = 100_000_000;

  private HostileHeaders() {}

  /** All rows. */
  static Stream<HostileCase> all() {
    return Stream.concat(
        Stream.of(lengths(), encodings(), json(), metadata(), names()).flatMap(List::stream),
        HostileTensors.all());
  }

  private static List<HostileCase> lengths() {
    byte[] empty = "{}".getBytes(StandardCharsets.UTF_8);
    return ImmutableList.of(
        refused("an empty file", () -> new byte[0], TOO_SHORT),
        refused("seven bytes", () -> new byte[7], TOO_SHORT),
        refused("a header of no bytes", file("", 0), MALFORMED_JSON),
        refused("a length that is one too large", () -> prefixed(3, empty, 0), HEADER_BEYOND_FILE),
        refused(
            "a length far beyond the file", () -> prefixed(1 << 20, empty, 0), HEADER_BEYOND_FILE),
        refused("a length above the cap", () -> prefixed(CAP + 1L, empty, 0), HEADER_TOO_LARGE),
        refused("a length of 2^63", () -> prefixed(Long.MIN_VALUE, empty, 0), HEADER_TOO_LARGE),
        refused("a length of 2^64-1", () -> prefixed(-1, empty, 0), HEADER_TOO_LARGE),
        refused("a length that is one too small", () -> prefixed(1, empty, 0), MALFORMED_JSON),
        refused("a header above the cap", file(padded(CAP + 1), 0), HEADER_TOO_LARGE),
        read("a header as long as the cap", () -> file(padded(CAP), 0).get()),
        read("the smallest file", file("{}", 0)),
        read("a length that is no multiple of eight", file("{'a':" + A + "} ", 8)),
        refused(
            "a git-LFS pointer",
            text("version https://git-lfs.github.com/spec/v1\noid sha256:0"),
            FOREIGN_FORMAT),
        refused("a web page", text("<!DOCTYPE html><html></html>"), FOREIGN_FORMAT),
        refused("a web page after blanks", text("\r\n  <html lang=en>"), FOREIGN_FORMAT),
        refused("a short web page", text("<html>"), FOREIGN_FORMAT),
        refused("a zip", text("PK\3\4\24\0\0\0\0\0\0\0"), FOREIGN_FORMAT));
  }

  private static byte[] padded(int size) {
    byte[] header = new byte[size];
    Arrays.fill(header, (byte) ' ');
    header[0] = '{';
    header[1] = '}';
    return header;
  }

  private static Supplier<byte[]> text(String content) {
    return () -> content.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static List<HostileCase> encodings() {
    return ImmutableList.of(
        refused("a byte order mark", file("\uFEFF{'a':" + A + "}", 8), MALFORMED_JSON),
        refused("UTF-16", in(StandardCharsets.UTF_16LE), MALFORMED_JSON),
        refused("UTF-16 with a mark", in(StandardCharsets.UTF_16), MALFORMED_JSON),
        refused("UTF-32", in(Charset.forName("UTF-32LE")), MALFORMED_JSON),
        refused("a stray byte in a name", named(0xFF), MALFORMED_JSON),
        refused("an overlong slash in a name", named(0xC0, 0xAF), MALFORMED_JSON),
        refused("an overlong NUL in a name", named(0xC0, 0x80), MALFORMED_JSON),
        refused("a surrogate in UTF-8", named(0xED, 0xA0, 0x80), MALFORMED_JSON),
        refused("a code point beyond Unicode", named(0xF4, 0x90, 0x80, 0x80), MALFORMED_JSON),
        refused("a sequence cut short", named(0xE2, 0x82), MALFORMED_JSON),
        refused("a lone surrogate escaped", file("{'\\ud800':" + A + "}", 8), MALFORMED_JSON),
        refused(
            "surrogates the wrong way round",
            file("{'\\udc00\\ud800':" + A + "}", 8),
            MALFORMED_JSON),
        read("a pair of surrogates escaped", file("{'\\ud83c\\udf33':" + A + "}", 8)),
        read("four bytes of UTF-8", file("{'\uD83C\uDF33':" + A + "}", 8)));
  }

  private static Supplier<byte[]> in(Charset charset) {
    return () -> file(("{'a':" + A + "}").replace('\'', '"').getBytes(charset), 8).get();
  }

  /** A file with one tensor whose name is those bytes. */
  private static Supplier<byte[]> named(int... name) {
    byte[] header =
        ("{'" + "?".repeat(name.length) + "':" + A + "}")
            .replace('\'', '"')
            .getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < name.length; i++) {
      header[2 + i] = (byte) name[i];
    }
    return file(header, 8);
  }

  private static List<HostileCase> json() {
    return ImmutableList.of(
        refused("an array at the top", file("[]", 0), MALFORMED_JSON),
        refused("null at the top", file("null", 0), MALFORMED_JSON),
        refused("text after the object", file("{'a':" + A + "}x", 8), MALFORMED_JSON),
        refused("a second object", file("{'a':" + A + "}{}", 8), MALFORMED_JSON),
        refused("a NUL after the object", file("{'a':" + A + "}\0", 8), MALFORMED_JSON),
        refused("a NUL before the object", file("\0{'a':" + A + "}", 8), MALFORMED_JSON),
        refused("a comment", file("{/*x*/'a':" + A + "}", 8), MALFORMED_JSON),
        refused("a line comment", file("{//x\n'a':" + A + "}", 8), MALFORMED_JSON),
        refused("a trailing comma", file("{'a':" + A + ",}", 8), MALFORMED_JSON),
        refused("a leading comma", file("{,'a':" + A + "}", 8), MALFORMED_JSON),
        refused("an object cut short", file("{'a':" + A, 8), MALFORMED_JSON),
        refused("a name without quotes", file("{a:" + A + "}", 8), MALFORMED_JSON),
        refused(
            "single quotes",
            () -> file("{#a#:{}}".replace('#', '\'').getBytes(StandardCharsets.UTF_8), 0).get(),
            MALFORMED_JSON),
        refused("a control character in a name", file("{'a\n':" + A + "}", 8), MALFORMED_JSON),
        refused("an unknown escape", file("{'\\x61':" + A + "}", 8), MALFORMED_JSON),
        refused(
            "nesting of 200",
            file("{'a':" + "[".repeat(200) + "]".repeat(200) + "}", 0),
            MALFORMED_JSON),
        refused("nesting of 100000", file("{'a':" + "{'b':".repeat(100_000), 0), MALFORMED_JSON),
        warned("blanks before the object", file("  {'a':" + A + "}", 8), "blanks"),
        warned("lines before the object", file("\n\r\t {'a':" + A + "}", 8), "blanks"),
        refused(
            "another blank before the object", file("\u00A0{'a':" + A + "}", 8), MALFORMED_JSON),
        read("blanks after the object", file("{'a':" + A + "} \n", 8)),
        read("blanks inside", file("{ 'a'\n:\t" + A + "\r}", 8)));
  }

  private static List<HostileCase> metadata() {
    return ImmutableList.of(
        read("metadata", file("{'__metadata__':{'format':'pt'}}", 0)),
        read("empty metadata", file("{'__metadata__':{},'a':" + A + "}", 8)),
        read("null metadata", file("{'__metadata__':null,'a':" + A + "}", 8)),
        refused("metadata of numbers", file("{'__metadata__':{'a':1}}", 0), MALFORMED_JSON),
        refused("metadata of nulls", file("{'__metadata__':{'a':null}}", 0), MALFORMED_JSON),
        refused("nested metadata", file("{'__metadata__':{'a':{}}}", 0), MALFORMED_JSON),
        refused("metadata as an array", file("{'__metadata__':[]}", 0), MALFORMED_JSON),
        refused("metadata as text", file("{'__metadata__':'x'}", 0), MALFORMED_JSON),
        refused(
            "a tensor under metadata's name",
            file("{'__metadata__':" + A + "}", 8),
            MALFORMED_JSON),
        refused("metadata twice", file("{'__metadata__':{},'__metadata__':{}}", 0), DUPLICATE_NAME),
        stricter(
            "a key of metadata twice",
            file("{'__metadata__':{'a':'1','a':'2'}}", 0),
            DUPLICATE_NAME),
        refused(
            "a lone surrogate in metadata",
            file("{'__metadata__':{'a':'\\udc00'}}", 0),
            MALFORMED_JSON));
  }

  private static List<HostileCase> names() {
    return Stream.of(
            "",
            "../../etc/passwd",
            "C:\\\\x",
            "a\\u0000b",
            "\\u001b[2J",
            "\\u202e",
            "__metadata",
            "x".repeat(100_000))
        .map(
            name ->
                read(
                    name.length() > 100 ? "a name of 100000" : "the name '" + name + "'",
                    file("{'" + name + "':" + A + "}", 8)))
        .toList();
  }

  /**
   * Writes every row as a file, and {@code verdicts.tsv} with number, expected verdict and name.
   *
   * @param arguments the folder
   */
  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    StringBuilder verdicts = new StringBuilder();
    int number = 0;
    for (HostileCase row : (Iterable<HostileCase>) all()::iterator) {
      String name = String.format(Locale.ROOT, "%03d", number++);
      Files.write(folder.resolve(name + ".safetensors"), row.bytes().get());
      verdicts.append(name).append(row.referenceReads() ? "\tread\t" : "\trefuse\t");
      verdicts.append(row.name().replace('\n', ' ')).append('\n');
    }
    Files.writeString(folder.resolve("verdicts.tsv"), verdicts);
  }
}
