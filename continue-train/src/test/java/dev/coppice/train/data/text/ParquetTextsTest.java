package dev.coppice.train.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.io.CharStreams;
import com.google.common.io.Resources;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.DataTestBase;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Parquet files that pyarrow wrote; {@code make_parquet.py} lies beside them. */
class ParquetTextsTest extends DataTestBase {
  private static final int ROWS = 40;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "v1-none",
        "v1-snappy",
        "v1-gzip",
        "v1-zstd",
        "v1-lz4",
        "v2-zstd",
        "v2-none",
        "delta",
        "delta-length"
      })
  void rowsAreDocumentsHoweverTheyAreEncodedAndPacked(String name) throws IOException {
    assertThat(texts(golden(name), "text"))
        .isEqualTo(rows(n -> n == 5 ? "" : "row " + n + ": " + "wörd ".repeat(n % 7), ROWS));
  }

  @ParameterizedTest
  @ValueSource(strings = {"large", "category", "binary", "required"})
  void stringsOfEveryKindAreRead(String name) throws IOException {
    assertThat(texts(golden(name), "text")).isEqualTo(rows(n -> "text " + n % 3, ROWS));
  }

  @Test
  void manyPagesAreReadBehindOneAnother() throws IOException {
    assertThat(texts(golden("pages"), "text"))
        .isEqualTo(rows(n -> ("text " + n + " ").repeat(3), 300));
    assertThat(texts(golden("no-rows"), "text")).isEmpty();
    assertThat(texts(golden("no-text"), "body")).hasSize(ROWS);
  }

  @Test
  void aFileAndAFolderOfThemAreData() throws IOException {
    Path parts = Files.createDirectory(folder.resolve("parts"));
    Files.copy(golden("large"), parts.resolve("train-00000-of-00002.parquet"));
    Files.copy(golden("v1-zstd"), parts.resolve("train-00001-of-00002.parquet"));
    try (TrainingData data = prepare(Optional.of(cache), Optional.empty(), path(parts));
        TokenSequence tokens = TokenFile.open(data.path())) {
      assertThat(tokens.documentCount()).isEqualTo(2 * ROWS - 1);
      assertThat(new String(bytes(tokens), StandardCharsets.UTF_8))
          .startsWith("text 0text 1")
          .endsWith("row 39: " + "wörd ".repeat(4));
    }
    Files.copy(golden("large"), folder.resolve("unnamed"));
    try (TrainingData data =
            prepare(Optional.empty(), Optional.empty(), path(folder.resolve("unnamed")));
        TokenSequence tokens = TokenFile.open(data.path())) {
      assertThat(tokens.documentCount()).isEqualTo(ROWS);
    }
  }

  @Test
  void aColumnMustBeThereAndHoldStrings() {
    refused(
        golden("no-text"),
        "text",
        "file must have the column \"text\" (--text-field), got none; its columns are body string,"
            + " n int64 (");
    String columns =
        "; its columns are id int64, text string, when int64 (timestamp), tags a group, meta a"
            + " group (";
    refused(golden("v1-zstd"), "id", "column \"id\" must hold strings, got int64" + columns);
    refused(golden("v1-zstd"), "tags", "column \"tags\" must hold strings, got a group" + columns);
  }

  @Test
  void rowsWithoutATextAreNamed() {
    refused(
        golden("null"),
        "text",
        "column \"text\" must be a string, got null (",
        "row group 2, row 6");
    refused(
        golden("not-utf8"), "text", "column \"text\" must be UTF-8, got other bytes (", "row 1");
  }

  @Test
  void brotliIsRefusedByName() {
    refused(golden("v1-brotli"), "text", "pages must be packed with snappy, ", "got brotli");
  }

  @Test
  void aCutFileIsNamed() throws IOException {
    byte[] whole = Files.readAllBytes(golden("v1-zstd"));
    for (int length : new int[] {0, 3, 4, 11, 12, 100, whole.length - 1}) {
      Path cut = Files.write(folder.resolve("cut.parquet"), Arrays.copyOf(whole, length));
      refused(cut, "text", "file must ", "(" + cut + ")");
    }
  }

  /** A flipped byte ends in a text or in one message, never in another exception. */
  @ParameterizedTest
  @ValueSource(strings = {"v1-snappy", "v1-gzip", "v2-zstd", "v1-lz4", "pages", "delta"})
  void aDamagedFileIsReadOrNamed(String name) throws IOException {
    byte[] whole = Files.readAllBytes(golden(name));
    Path bad = folder.resolve("bad.parquet");
    int refused = 0;
    for (int at = 0; at < whole.length; at += 3) {
      byte[] changed = whole.clone();
      changed[at] ^= (byte) (1 + at % 255);
      Files.write(bad, changed);
      try {
        texts(bad, "text");
      } catch (CoppiceException e) {
        assertThat(e).hasMessageContaining(bad.toString());
        assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID);
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  @Test
  void aChecksumIsHeldAgainstThePage() throws IOException {
    byte[] changed = Files.readAllBytes(golden("required"));
    changed[60] ^= 1;
    Path bad = Files.write(folder.resolve("bad.parquet"), changed);
    refused(bad, "text", "page must have the checksum of its header, got another (", "row group 1");
  }

  private static void refused(Path file, String column, String... parts) {
    assertThatThrownBy(() -> texts(file, column))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
        .hasMessageStartingWith(parts[0])
        .hasMessageContainingAll(parts)
        .hasMessageContaining(file.toString());
  }

  /** All texts; the source passes over the empty ones. */
  private static List<String> texts(Path file, String column) throws IOException {
    List<String> texts = new ArrayList<>();
    try (TextSource source = new ParquetTexts(List.of(file), column)) {
      for (Optional<TextSource.OpenDocument> next = source.next();
          next.isPresent();
          next = source.next()) {
        texts.add(CharStreams.toString(next.get().text()));
      }
      assertThat(source.readBytes()).isEqualTo(source.totalBytes());
    }
    return texts;
  }

  private static List<String> rows(IntFunction<String> text, int count) {
    Stream<String> all = IntStream.range(0, count).mapToObj(text);
    return all.filter(row -> !row.isEmpty()).toList();
  }

  private static Path golden(String name) {
    return Path.of(Resources.getResource(ParquetTextsTest.class, name + ".parquet").getPath());
  }
}
