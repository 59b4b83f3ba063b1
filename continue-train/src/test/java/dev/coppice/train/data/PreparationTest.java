package dev.coppice.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.base.Splitter;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.data.batch.BatchRows;
import dev.coppice.train.data.batch.BatchSource;
import dev.coppice.train.data.batch.TokenWindows;
import dev.coppice.train.data.heldout.HeldOut;
import dev.coppice.train.data.heldout.HeldOutSpec;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TestTokens;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PreparationTest extends DataTestBase {
  @Test
  void aTextIsTokenisedOnceWhateverTheRun() throws IOException {
    Path texts = texts(5);
    String first;
    try (TrainingData data = prepare(Optional.of(cache), Optional.empty(), path(texts))) {
      first = data.fingerprint();
      assertThat(data.path()).startsWith(cache);
      assertThat(data.read().orElseThrow().parts().get(0).documents()).isEqualTo(5);
    }
    assertThat(run).doesNotExist();
    Path entry = entries().get(0).resolve("text.tokens");
    Object written = Files.getAttribute(entry, "unix:ino");
    try (TrainingData data = prepare(Optional.of(cache), Optional.empty(), path(texts))) {
      assertThat(data.fingerprint()).isEqualTo(first);
    }
    assertThat(Files.getAttribute(entry, "unix:ino")).isEqualTo(written);
    Files.writeString(texts.resolve("text-0"), "other");
    prepare(Optional.of(cache), Optional.empty(), path(texts)).close();
    assertThat(entries()).hasSize(2);
  }

  @Test
  void aDamagedEntryIsMadeAgain() throws IOException {
    Path texts = texts(3);
    prepare(Optional.of(cache), Optional.empty(), path(texts)).close();
    Path entry = entries().get(0);
    for (String file : List.of("text.tokens", "text.tokens.json")) {
      byte[] good = Files.readAllBytes(entry.resolve(file));
      byte[] bad = good.clone();
      bad[bad.length / 2] ^= 1;
      Files.write(entry.resolve(file), bad);
      prepare(Optional.of(cache), Optional.empty(), path(texts)).close();
      assertThat(entry.resolve(file)).hasBinaryContent(good);
      Files.delete(entry.resolve(file));
      prepare(Optional.of(cache), Optional.empty(), path(texts)).close();
      assertThat(entry.resolve(file)).hasBinaryContent(good);
    }
    assertThat(entries()).containsExactly(entry);
  }

  @Test
  void twoAtOnceShareOneEntry() throws IOException {
    Path texts = texts(40);
    List<CompletableFuture<String>> both = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Path mine = folder.resolve("run-" + i);
      both.add(
          CompletableFuture.supplyAsync(
              () -> {
                try (TrainingData data =
                    new Preparation(
                            reading(Optional.of(cache)),
                            new ByteTokenizer(),
                            PreparationProgress.NONE)
                        .prepare(List.of(path(texts)), Optional.empty(), mine)) {
                  return data.fingerprint();
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              }));
    }
    assertThat(both.stream().map(CompletableFuture::join).distinct()).hasSize(1);
    assertThat(entries()).hasSize(1);
  }

  @Test
  void aRunFindsItsDataAgainAndNoticesOther() throws IOException {
    Path texts = texts(20);
    DataSpec spec;
    int[] drawn;
    try (TrainingData data = prepare(Optional.empty(), Optional.of(0.2), path(texts))) {
      spec = data.spec(run);
      drawn = data.batches(8, 5, true).batch(3, 4).ids();
    }
    assertThat(spec.parts().get(0).sources().get(0).path()).isEqualTo("data/train.tokens");
    assertThat(Preparation.isAllIn(run)).isTrue();
    Path moved = Files.move(run, folder.resolve("moved"));
    try (TrainingData data = TrainingData.open(spec, moved)) {
      assertThat(data.batches(8, 5, true).batch(3, 4).ids()).isEqualTo(drawn);
      assertThat(data.spec(moved)).isEqualTo(spec);
    }
    Path file = moved.resolve("data/train.tokens");
    byte[] bad = Files.readAllBytes(file);
    bad[100] ^= 1;
    Files.write(file, bad);
    assertThatThrownBy(() -> TrainingData.open(spec, moved))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining("train.tokens")
        .extracting(e -> ((CoppiceException) e).kind())
        .isEqualTo(ErrorKind.INTEGRITY);
  }

  private static String document(TokenSequence tokens, long d) {
    long end = d + 1 == tokens.documentCount() ? tokens.tokenCount() : tokens.documentStart(d + 1);
    byte[] bytes = Arrays.copyOfRange(bytes(tokens), (int) tokens.documentStart(d), (int) end);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Test
  void heldOutDocumentsAreInTheRunAndNotInTraining() throws IOException {
    Path texts = texts(20);
    List<String> written = new ArrayList<>();
    try (Stream<Path> files = Files.list(texts)) {
      for (Path file : files.sorted(Comparator.comparing(Path::toString)).toList()) {
        written.add(Files.readString(file));
      }
    }
    try (TrainingData data = prepare(Optional.of(cache), Optional.of(0.2), path(texts));
        TokenFile heldOut = TokenFile.open(HeldOut.in(run).orElseThrow())) {
      List<String> judged =
          LongStream.range(0, heldOut.documentCount()).mapToObj(d -> document(heldOut, d)).toList();
      List<String> inOrder = written.stream().filter(judged::contains).toList();
      assertThat(judged).isEqualTo(inOrder).hasSizeBetween(4, 5);
      assertThat(heldOut.textBytes()).isEqualTo(heldOut.tokenCount());
      String learned =
          written.stream().filter(d -> !judged.contains(d)).collect(Collectors.joining());
      assertThat(data.tokenCount()).isEqualTo(learned.length());
      // as one window, and as those of a pass, each once
      assertThat(pass(data, learned.length() - 1)).containsExactly(chop(learned));
      assertThat(pass(data, 24))
          .containsExactlyInAnyOrderElementsOf(
              Splitter.fixedLength(24).splitToList(chop(learned)).stream()
                  .filter(window -> window.length() == 24)
                  .toList());
    }
  }

  @Test
  void aLongDocumentIsHeldOutWholeUnderItsKey() throws IOException {
    Path texts = Files.createDirectories(folder.resolve("long"));
    Files.writeString(texts.resolve("a"), "what one reads ".repeat(10_000));
    Files.writeString(texts.resolve("b"), "what another does ".repeat(10_000));
    TokenFile all = reader().open(List.of(texts), folder);
    prepare(Optional.of(cache), Optional.of(0.3), path(texts)).close();
    try (TokenFile heldOut = TokenFile.open(HeldOut.in(run).orElseThrow())) {
      assertThat(heldOut.documentCount()).isOne();
      long which = document(heldOut, 0).startsWith("what one") ? 0 : 1;
      assertThat(document(heldOut, 0)).isEqualTo(document(all, which));
      assertThat(heldOut.documentKey(0)).isEqualTo(all.documentKey(which));
    }
  }

  private Preparation reader() {
    return new Preparation(
        reading(Optional.of(cache)), new ByteTokenizer(), PreparationProgress.NONE);
  }

  private static String chop(String text) {
    return text.substring(0, text.length() - 1);
  }

  /** The inputs of all windows of a pass. */
  private static List<String> pass(TrainingData data, int sequence) throws IOException {
    BatchSource source = data.batches(sequence, 5, true);
    List<String> windows = new ArrayList<>();
    for (int i = 0; i < source.windowsPerPass(); i++) {
      StringBuilder text = new StringBuilder();
      Arrays.stream(source.batch(i, 1).ids()).forEach(text::appendCodePoint);
      windows.add(text.toString());
    }
    return windows;
  }

  @Test
  void weightsMixPartsAndAllPartsAreGoneThrough() throws IOException {
    Path low = Files.writeString(folder.resolve("low"), "a".repeat(41));
    Path high = Files.writeString(folder.resolve("high"), "z".repeat(401));
    try (TrainingData data =
        prepare(
            Optional.of(cache),
            Optional.empty(),
            DataPath.parse(low + "=3"),
            DataPath.parse(high + "=1"))) {
      BatchSource source = data.batches(4, 1, true);
      assertThat(source.windowsPerPass()).isEqualTo(10 + 100);
      int[] ids = source.batch(0, 400).ids();
      assertThat(Arrays.stream(ids).filter(id -> id == 'a').count()).isEqualTo(4 * 300);
      assertThat(source.batch(17, 5).ids()).isEqualTo(Arrays.copyOfRange(ids, 68, 88));
    }
    assertThatThrownBy(
            () ->
                prepare(
                    Optional.of(cache), Optional.empty(), DataPath.parse(low + "=3"), path(high)))
        .hasMessage("weights must be given for all data or none, got 1 for 2 paths");
    assertThatThrownBy(() -> DataPath.parse(low + "=0"))
        .hasMessage("weight must be a positive number, got 0 (" + low + "=0)");
    Files.writeString(folder.resolve("x=3"), "there");
    assertThat(DataPath.parse(folder + "/x=3").weight()).isEmpty();
  }

  @Test
  void eachPartHasAnOrderOfItsOwnAndTheFirstThatOfItAlone() throws IOException {
    Path low = Files.writeString(folder.resolve("low"), letters('!'));
    Path high = Files.writeString(folder.resolve("high"), letters('P'));
    int[] alone;
    try (TrainingData data = prepare(Optional.of(cache), Optional.empty(), path(low))) {
      alone = data.batches(1, 1, true).batch(0, 80).ids();
    }
    try (TrainingData data =
        prepare(
            Optional.of(cache),
            Optional.empty(),
            DataPath.parse(low + "=1"),
            DataPath.parse(high + "=1"))) {
      int[] ids = data.batches(1, 1, true).batch(0, 160).ids();
      int[] first = Arrays.stream(ids).filter(id -> id < 'P').toArray();
      int[] second = Arrays.stream(ids).filter(id -> id >= 'P').map(id -> id - 'P' + '!').toArray();
      assertThat(first).isEqualTo(alone);
      assertThat(second).hasSameSizeAs(first).isNotEqualTo(first);
      assertThat(Arrays.stream(second, 0, 40).distinct()).hasSize(40);
    }
  }

  /** A text of 40 windows of one letter and the letter behind. */
  private static String letters(char first) {
    return IntStream.rangeClosed(0, 40)
        .mapToObj(i -> String.valueOf((char) (first + i)))
        .collect(Collectors.joining());
  }

  @Test
  void documentsDoNotSeeOneAnother() throws IOException {
    List<int[]> documents = List.of(new int[3], new int[0], new int[6], new int[8]);
    TokenFile file = TestTokens.write(folder.resolve("t"), 9, documents);
    TrainingData data = TrainingData.of(file);
    TokenBatch batch = new TokenWindowsInOrder(data).read(4);
    // 0..3 | 4..7 | 8..11 | 12..15 of documents 0..2, 3..8, 9..16
    assertThat(batch.segments()).containsExactly(3, 1, 4, 1, 3, 4);
    assertThat(data.batches(4, 1, false).batch(0, 4).segments()).isEmpty();
    assertThat(data.batches(3, 1, true).batch(0, 1).segments()).isEmpty();
  }

  /** The windows of a pass, in their own order. */
  private record TokenWindowsInOrder(TrainingData data) {
    TokenBatch read(int sequence) throws IOException {
      BatchRows rows = new BatchRows(4, sequence, true);
      TokenWindows windows = new TokenWindows(TokenFile.open(data.path()), sequence);
      for (int row = 0; row < 4; row++) {
        windows.fill(row, row, rows);
      }
      return rows.batch();
    }
  }

  @Test
  void tokensOfOthersAreTakenInPlace() throws IOException {
    Path bin = Files.write(folder.resolve("a.bin"), new byte[] {1, 0, 2, 0, 0, 0, 3, 0, 4, 0});
    DataReading ends =
        new DataReading(
            DataForm.AUTO,
            "text",
            2,
            new DocumentEnd(OptionalInt.empty(), OptionalInt.of(0)),
            Optional.empty());
    Preparation preparation = new Preparation(ends, new ByteTokenizer(), PreparationProgress.NONE);
    try (TrainingData data =
        preparation.prepare(List.of(path(bin)), Optional.of(new HeldOutSpec(0.3, 2)), run)) {
      assertThat(data.path()).isEqualTo(bin);
      DataSpec spec = data.spec(run);
      assertThat(spec.parts().get(0).sources().get(0).scans()).isEqualTo("data/scans");
      try (TrainingData again = TrainingData.open(spec, run)) {
        assertThat(again.fingerprint()).isEqualTo(data.fingerprint());
      }
      assertThat(TokenFile.open(run.resolve("data/held-out.tokens")).documentCount()).isEqualTo(1);
    }
    try (TokenFile all =
        preparation.open(List.of(bin, texts(1)), Files.createDirectory(folder.resolve("s")))) {
      assertThat(all.documentCount()).isEqualTo(3);
      assertThat(bytes(all)).startsWith("document 0".getBytes(StandardCharsets.UTF_8));
      assertThat(bytes(all)).endsWith(1, 2, 0, 3, 4);
    }
  }
}
