package dev.coppice.train.data.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.testing.BytePairTraining;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.moe.text.JsonTokenizer;
import dev.coppice.moe.text.TextPieces;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.DataTestBase;
import dev.coppice.train.data.Preparation;
import dev.coppice.train.data.folder.TextFolder;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.reading.DocumentStart;
import dev.coppice.train.data.text.FileTexts;
import dev.coppice.train.data.text.TextSource;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tokenising on threads, through the preparation of data. */
class ParallelEncoderTest extends DataTestBase {
  @Test
  void moreThanIsInFlightIsWrittenInOrder() throws IOException {
    Path texts = Files.createDirectories(folder.resolve("long"));
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 3; i++) {
      StringBuilder text = new StringBuilder();
      for (int line = 0; line < 60_000; line++) {
        text.append(i).append(" has a line ").append(line).append('\n');
      }
      Files.writeString(texts.resolve("text-" + i), text);
      all.append(text);
    }
    CorpusBuilder.Encoding encoding =
        new CorpusBuilder.Encoding(
            new ByteTokenizer(),
            DocumentStart.NONE,
            OptionalInt.empty(),
            2,
            PreparationProgress.NONE);
    try (TextSource source = new FileTexts(TextFolder.find(List.of(texts)));
        TokenFile made = encoding.write(source, folder.resolve("long.tokens"))) {
      assertThat(made.documentCount()).isEqualTo(3);
      assertThat(made.tokenCount()).isEqualTo(all.length());
      StringBuilder read = new StringBuilder();
      LongStream.range(0, made.tokenCount()).mapToInt(made::token).forEach(read::appendCodePoint);
      assertThat(read.compareTo(all)).isZero();
    }
  }

  /** Has no memory for one piece. */
  private record HungryTokenizer(Tokenizer inner) implements Tokenizer {
    @Override
    public String name() {
      return inner.name();
    }

    @Override
    public int vocabularySize() {
      return inner.vocabularySize();
    }

    @Override
    public TextPieces.Cuts cuts() {
      return inner.cuts();
    }

    @Override
    public int[] encodePiece(String piece) {
      if (piece.contains("document 3 ")) {
        throw new OutOfMemoryError("Java heap space");
      }
      return inner.encodePiece(piece);
    }

    @Override
    public int[] encode(String prompt) {
      return inner.encode(prompt);
    }

    @Override
    public String decode(int... ids) {
      return inner.decode(ids);
    }
  }

  @Test
  void wantOfMemoryInAThreadIsThrownAsItIsAndLeavesNothing() throws IOException {
    Preparation preparation =
        new Preparation(
            reading(Optional.of(cache)),
            new HungryTokenizer(new ByteTokenizer()),
            PreparationProgress.NONE);
    Path texts = texts(8);
    assertThatThrownBy(() -> preparation.prepare(List.of(path(texts)), Optional.empty(), run))
        .isInstanceOf(OutOfMemoryError.class)
        .hasMessage("Java heap space");
    assertThat(entries()).isEmpty();
    assertThat(folder).isDirectoryNotContaining("glob:**run*");
  }

  @Test
  void threadsMakeTheTokensOfOneAndEndEachDocument() throws IOException {
    Path json = folder.resolve("tokenizer.json");
    StringBuilder text = new StringBuilder();
    try (Stream<Path> files = Files.walk(Path.of("src/main/java/dev/coppice/train"))) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        text.append(Files.readString(file));
      }
    }
    int ids = BytePairTraining.write(json, text.toString(), 500, BytePairTraining.Style.GPT2);
    Path whole = Files.writeString(folder.resolve("whole.txt"), text);
    int end = ids - 1;
    try (Tokenizer tokenizer = JsonTokenizer.open(json, ids)) {
      DataReading ended =
          new DataReading(
              DataForm.AUTO,
              "text",
              2,
              new DocumentEnd(OptionalInt.of(end), OptionalInt.empty()),
              Optional.of(cache));
      try (TokenFile made =
          new Preparation(ended, tokenizer, PreparationProgress.NONE)
              .open(List.of(whole, texts(2)), folder)) {
        assertThat(made.documentCount()).isEqualTo(3);
        int[] first = IntStream.range(0, (int) made.documentStart(1)).map(made::token).toArray();
        assertThat(Arrays.copyOf(first, first.length - 1)).isEqualTo(tokenizer.encode("" + text));
        for (int d = 1; d <= 3; d++) {
          assertThat(made.token(made.documentStart(d) - 1)).isEqualTo(end);
        }
        assertThat(made.textBytes())
            .isEqualTo(text.toString().getBytes(StandardCharsets.UTF_8).length + 2 * 70);
      }
    }
  }
}
