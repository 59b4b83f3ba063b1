package dev.coppice.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenSequence;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of llm.c, nanoGPT and Megatron, written here byte by byte as their own writers do. */
class ForeignTokensTest {
  @TempDir private Path folder;

  /** Little-endian bytes. */
  private static final class Bytes {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Bytes number(int width, long value) {
      for (int i = 0; i < width; i++) {
        bytes.write((int) (value >> (8 * i)));
      }
      return this;
    }

    Bytes numbers(int width, long... values) {
      for (long value : values) {
        number(width, value);
      }
      return this;
    }

    Bytes text(String ascii) throws IOException {
      new DataOutputStream(bytes).writeBytes(ascii);
      return this;
    }

    Path write(Path file) throws IOException {
      return Files.write(file, bytes.toByteArray());
    }
  }

  private static Bytes llmc(long magic, long version, long count, long... tokens) {
    Bytes bytes = new Bytes().numbers(4, magic, version, count);
    bytes.numbers(4, new long[253]);
    return bytes.numbers(2, tokens);
  }

  private static Bytes index(int code, long[] lengths, long[] places, long[] documents)
      throws IOException {
    return new Bytes()
        .text("MMIDIDX")
        .numbers(1, 0, 0)
        .number(8, 1)
        .number(1, code)
        .numbers(8, lengths.length, documents.length)
        .numbers(4, lengths)
        .numbers(8, places)
        .numbers(8, documents);
  }

  private TokenSequence open(Path file, DataForm form, int width, Integer end) throws IOException {
    Integer tokenWidth = form == DataForm.NANOGPT ? Integer.valueOf(width) : null;
    String scans = folder.resolve("scans").toString();
    return new SourceSpec(form, file.toString(), "", 0, tokenWidth, end, scans)
        .unverified(PreparationProgress.NONE);
  }

  private static void assertHolds(TokenSequence tokens, int... expected) {
    assertThat(tokens.tokenCount()).isEqualTo(expected.length);
    assertThat(IntStream.range(0, expected.length).map(tokens::token).toArray())
        .isEqualTo(expected);
    assertThat(tokens.vocabularySize()).isEqualTo(Arrays.stream(expected).max().orElseThrow() + 1);
  }

  private static long[] starts(TokenSequence tokens) {
    return LongStream.rangeClosed(0, tokens.documentCount()).map(tokens::documentStart).toArray();
  }

  @Test
  void readsLlmc() throws IOException {
    Path file = llmc(20240520, 1, 6, 7, 50256, 3, 65535, 50256, 9).write(folder.resolve("a.bin"));
    try (TokenSequence tokens = open(file, DataForm.LLMC, 2, 50256)) {
      assertHolds(tokens, 7, 50256, 3, 65535, 50256, 9);
      assertThat(starts(tokens)).containsExactly(0, 2, 5, 6);
      assertThat(tokens.documentOf(4)).isEqualTo(1);
      tokens.verify();
    }
    try (TokenSequence tokens = open(file, DataForm.LLMC, 2, null)) {
      assertThat(starts(tokens)).containsExactly(0, 6);
    }
  }

  @Test
  void readsLlmcForLlama3() throws IOException {
    Bytes bytes = new Bytes().numbers(4, 20240801, 7, 2).numbers(4, new long[253]);
    Path file = bytes.numbers(4, 128_000, 5).write(folder.resolve("a.bin"));
    try (TokenSequence tokens = open(file, DataForm.LLMC, 2, null)) {
      assertHolds(tokens, 128_000, 5);
    }
  }

  @Test
  void refusesHostileLlmc() throws IOException {
    Path file = folder.resolve("a.bin");
    refused(llmc(20240521, 1, 1, 7).write(file), DataForm.LLMC, "must begin with 20240520");
    refused(llmc(20240520, 2, 1, 7).write(file), DataForm.LLMC, "must have version 1, got 2");
    refused(
        llmc(20240520, 1, 3, 7, 8).write(file),
        DataForm.LLMC,
        "of 3 tokens must have 1030 bytes, got 1028");
    refused(llmc(20240520, 1, 0).write(file), DataForm.LLMC, "must have a token, got none");
    refused(llmc(20240520, 1, -1, 7).write(file), DataForm.LLMC, "of 4294967295 tokens must have");
    refused(new Bytes().number(4, 20240520).write(file), DataForm.LLMC, "1024 bytes, got 4");
  }

  private void refused(Path file, DataForm form, String rule) {
    assertThatThrownBy(() -> open(file, form, 2, null))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining(rule)
        .hasMessageContaining(folder.toString())
        .extracting(e -> ((CoppiceException) e).kind())
        .isEqualTo(ErrorKind.INPUT_INVALID);
  }

  @Test
  void readsNanogptOfBothWidths() throws IOException {
    Path narrow = new Bytes().numbers(2, 1, 40_000, 2).write(folder.resolve("narrow.bin"));
    Path wide = new Bytes().numbers(4, 1, 100_000, 2, 2, 2).write(folder.resolve("wide.bin"));
    try (TokenSequence two = open(narrow, DataForm.NANOGPT, 2, null);
        TokenSequence four = open(wide, DataForm.NANOGPT, 4, 2)) {
      assertHolds(two, 1, 40_000, 2);
      assertHolds(four, 1, 100_000, 2, 2, 2);
      assertThat(starts(four)).containsExactly(0, 3, 4, 5);
    }
    refused(new Bytes().numbers(1, 1, 2, 3).write(narrow), DataForm.NANOGPT, "multiple of 2");
    refused(Files.write(wide, new byte[0]), DataForm.NANOGPT, "must have a token, got none");
    Path negative = new Bytes().numbers(4, 1, -2).write(folder.resolve("negative.bin"));
    assertThatThrownBy(() -> open(negative, DataForm.NANOGPT, 4, null))
        .hasMessage("token must lie in 0..2147483646, got 4294967294 (" + negative + ", token 1)");
  }

  /** Four sequences, one of them empty, in three documents, one of them empty. */
  @Test
  void readsMegatronOfEveryWidth() throws IOException {
    int[] codes = {1, 2, 3, 4, 5, 8};
    int[] widths = {1, 1, 2, 4, 8, 2};
    for (int i = 0; i < codes.length; i++) {
      int width = widths[i];
      Path bin = folder.resolve("of-" + codes[i] + ".bin");
      new Bytes().numbers(width, 5, 6, 7, 100, 9, 1).write(bin);
      index(
              codes[i],
              new long[] {2, 0, 2, 2},
              new long[] {0, 2L * width, 2L * width, 4L * width},
              new long[] {0, 3, 3, 4})
          .write(folder.resolve("of-" + codes[i] + ".idx"));
      try (TokenSequence tokens = open(bin, DataForm.MEGATRON, 2, null)) {
        assertHolds(tokens, 5, 6, 7, 100, 9, 1);
        assertThat(starts(tokens)).containsExactly(0, 4, 4, 6);
        assertThat(tokens.documentOf(3)).isEqualTo(0);
        assertThat(tokens.documentOf(4)).isEqualTo(2);
        tokens.verify();
      }
    }
  }

  @Test
  void refusesHostileMegatron() throws IOException {
    Path bin = new Bytes().numbers(2, 5, 6, 7).write(folder.resolve("m.bin"));
    Path idx = folder.resolve("m.idx");
    long[] lengths = {2, 1};
    long[] places = {0, 4};
    long[] documents = {0, 1, 2};
    index(8, lengths, places, documents).write(idx);
    byte[] good = Files.readAllBytes(idx);
    for (int cut : new int[] {1, 8, 40, good.length - 3, good.length}) {
      Files.write(idx, Arrays.copyOf(good, good.length - cut));
      refused(bin, DataForm.MEGATRON, "index must ");
    }
    byte[] other = good.clone();
    other[3] = 'X';
    Files.write(idx, other);
    refused(bin, DataForm.MEGATRON, "must begin with MMIDIDX");
    other = good.clone();
    other[9] = 2;
    Files.write(idx, other);
    refused(bin, DataForm.MEGATRON, "must have version 1, got 2");
    index(7, lengths, places, documents).write(idx);
    refused(bin, DataForm.MEGATRON, "must have integer tokens (code 1 to 5 or 8), got code 7");
    index(8, lengths, new long[] {2, 0}, documents).write(idx);
    refused(bin, DataForm.MEGATRON, "must have sequence 0 at byte 0, behind the one before, got 2");
    index(8, new long[] {4, -1}, new long[] {0, 8}, documents).write(idx);
    refused(bin, DataForm.MEGATRON, "must have lengths of 0 or more, got -1 of sequence 1");
    index(8, new long[] {2, 2}, places, documents).write(idx);
    refused(bin, DataForm.MEGATRON, "must have sequences of 6 bytes, got 8");
    index(8, lengths, places, new long[] {0, 2, 1, 2}).write(idx);
    refused(bin, DataForm.MEGATRON, "must have documents in order, got sequence 1");
    index(8, lengths, places, new long[] {1, 2}).write(idx);
    refused(bin, DataForm.MEGATRON, "must begin its documents with sequence 0, got 1");
    index(8, lengths, places, new long[] {0, 1}).write(idx);
    refused(bin, DataForm.MEGATRON, "must end its documents with 2, got 1");
    byte[] huge = good.clone();
    huge[25] = 0x7f;
    Files.write(idx, huge);
    refused(bin, DataForm.MEGATRON, "sequences, got");
  }

  @Test
  void aScanIsKeptAndMadeAgainWhenItIsDamaged() throws IOException {
    Path file = llmc(20240520, 1, 4, 1, 0, 2, 3).write(folder.resolve("a.bin"));
    open(file, DataForm.LLMC, 2, 0).close();
    List<Path> kept = files(folder.resolve("scans"));
    assertThat(kept).hasSize(2);
    for (Path each : kept) {
      Files.write(each, new byte[] {1, 2, 3});
      try (TokenSequence tokens = open(file, DataForm.LLMC, 2, 0)) {
        assertThat(starts(tokens)).containsExactly(0, 2, 4);
      }
    }
    assertThat(files(folder.resolve("scans"))).isEqualTo(kept);
  }

  @Test
  void aFileThatChangesIsNoticed() throws IOException {
    Path file = new Bytes().numbers(2, 1, 2, 3, 4).write(folder.resolve("a.bin"));
    try (TokenSequence tokens = open(file, DataForm.NANOGPT, 2, null)) {
      new Bytes().numbers(2, 1, 2, 9, 4).write(file);
      assertThatThrownBy(tokens::verify)
          .isInstanceOf(CoppiceException.class)
          .hasMessageContaining("token file must have SHA-256 " + tokens.fingerprint());
      assertThatThrownBy(() -> tokens.token(2))
          .hasMessageContaining("token must lie in 0..4 as when it was checked, got 9");
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
