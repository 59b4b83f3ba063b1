package dev.coppice.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import com.google.common.primitives.Bytes;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.text.Packing;
import dev.coppice.train.data.text.Unpacked;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenSequence;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Text that is packed, through the preparation of data. */
class PackedTextsTest extends DataTestBase {
  private static final String LINES = "{\"text\": \"eins\"}\n{\"text\": \"zwei ü\"}\n";

  @ParameterizedTest
  @EnumSource(names = {"NONE", "GZIP", "ZSTD", "BZIP2"})
  void theFirstBytesSayHowAFileIsPackedWhateverItsName(Packing packing) throws IOException {
    for (String name : new String[] {"a.txt", "a.txt.gz", "a.txt.zst", "a"}) {
      Files.write(folder.resolve(name), packed(packing, "Grüße"));
      assertThat(text(folder.resolve(name))).isEqualTo("Grüße");
      Files.write(folder.resolve("a.jsonl"), packed(packing, LINES));
      assertThat(text(folder.resolve("a.jsonl"))).isEqualTo("einszwei ü");
      assertThat(Unpacked.packing(folder.resolve(name))).isEqualTo(packing);
      assertThat(Unpacked.start(folder.resolve(name), 2)).isEqualTo(new byte[] {'G', 'r'});
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a.json.gz,GZIP",
    "a.json.zst,ZSTD",
    "a.jsonl.zst,ZSTD",
    "a.NDJSON.Bz2,BZIP2",
    "a.jsonl.gz,GZIP"
  })
  void linesOfJsonArePacked(String name, Packing packing) throws IOException {
    Path one = Files.createDirectory(folder.resolve("texts")).resolve(name);
    Files.write(one, packed(packing, LINES));
    assertThat(text(one)).isEqualTo("einszwei ü");
    assertThat(text(folder.resolve("texts"))).isEqualTo("einszwei ü");
  }

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "ZSTD", "BZIP2"})
  void severalPackedStreamsAreOne(Packing packing) throws IOException {
    Path file = folder.resolve("a.jsonl");
    Files.write(file, Bytes.concat(packed(packing, LINES), packed(packing, LINES)));
    assertThat(text(file)).isEqualTo("einszwei ü".repeat(2));
  }

  @Test
  void skippableFramesOfZstdAreSkipped() throws IOException {
    byte[] skippable = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3};
    Path file = folder.resolve("a.txt.zst");
    byte[] frame = packed(Packing.ZSTD, "text");
    Files.write(file, Bytes.concat(skippable, frame, skippable, frame));
    assertThat(text(file)).isEqualTo("texttext");
  }

  @Test
  void windowsOfZstdMayBeLarge() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String half = "0123456789abcdef".repeat(1 << 16);
    try (ZstdOutputStream zstd = new ZstdOutputStream(out).setLong(28)) {
      zstd.write((half + "!" + half).getBytes(StandardCharsets.UTF_8));
    }
    Path file = Files.write(folder.resolve("a.txt.zst"), out.toByteArray());
    assertThat(text(file)).isEqualTo(half + "!" + half);
  }

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "ZSTD", "BZIP2"})
  void damageIsNamed(Packing packing) throws IOException {
    byte[] whole = packed(packing, LINES.repeat(99));
    Path file = folder.resolve("a.jsonl.x");
    Files.write(file, Arrays.copyOf(whole, whole.length - 5));
    refused(file, "file must be whole " + packing.toString().toLowerCase(Locale.ROOT) + ", got ");
    byte[] bad = whole.clone();
    bad[whole.length / 2] ^= 0x55;
    Files.write(file, bad);
    refused(file, "file must be whole " + packing + ", got ");
    Files.write(file, Bytes.concat(whole, new byte[] {'t', 'r', 'a', 's', 'h', 1, 2, 3, 4, 5, 6}));
    refused(file, "file must be whole " + packing + ", got ");
  }

  @Test
  void otherWaysOfPackingAreNamed() throws IOException {
    Path file = Files.write(folder.resolve("a.txt.xz"), new byte[] {-3, '7', 'z', 'X', 'Z', 0, 0});
    refused(
        file,
        "no data can be read from " + file + ": packed with xz, neither gzip, zstd nor bzip2");
    Files.write(file, new byte[] {4, 0x22, 0x4d, 0x18, 0, 0, 0, 0, 0, 0, 0});
    refused(
        file,
        "no data can be read from " + file + ": packed with lz4, neither gzip, zstd nor bzip2");
  }

  private void refused(Path file, String message) {
    assertThatThrownBy(() -> prepare(Optional.of(cache), Optional.empty(), path(file)))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
        .hasMessageStartingWith(message)
        .hasMessageContaining(file.toString());
    assertThat(run).doesNotExist();
  }

  private String text(Path path) throws IOException {
    try (TrainingData data = prepare(Optional.of(cache), Optional.empty(), path(path));
        TokenSequence tokens = TokenFile.open(data.path())) {
      return new String(bytes(tokens), StandardCharsets.UTF_8);
    }
  }

  private static byte[] packed(Packing packing, String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out =
        switch (packing) {
          case GZIP -> new GZIPOutputStream(bytes);
          case ZSTD -> new ZstdOutputStream(bytes).setChecksum(true);
          case BZIP2 -> new BZip2CompressorOutputStream(bytes);
          default -> bytes;
        }) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }
}
