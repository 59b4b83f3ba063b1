package dev.coppice.train.data.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.io.Folders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class TokenFilePropertyTest {
  record Corpus(int vocabulary, List<int[]> documents) {
    int[] tokens() {
      return documents.stream().flatMapToInt(Arrays::stream).toArray();
    }
  }

  @Provide
  Arbitrary<Corpus> corpora() {
    return Arbitraries.of(2, 256, 257, 65_536, 65_537, 1 << 30)
        .flatMap(
            vocabulary ->
                Combinators.combine(
                        Arbitraries.integers()
                            .between(0, vocabulary - 1)
                            .array(int[].class)
                            .ofMaxSize(40)
                            .list()
                            .ofMaxSize(12),
                        Arbitraries.integers().between(0, vocabulary - 1))
                    .as(
                        (documents, last) -> {
                          documents.add(new int[] {last});
                          return new Corpus(vocabulary, documents);
                        }));
  }

  @Property(tries = 100)
  void readsBackWhatWasWritten(@ForAll("corpora") Corpus corpus) {
    inFolder(
        folder -> {
          Path file = folder.resolve("a.tokens");
          int[] tokens = corpus.tokens();
          try (TokenFile read = write(file, corpus)) {
            assertThat(read.vocabularySize()).isEqualTo(corpus.vocabulary());
            assertThat(read.tokenCount()).isEqualTo(tokens.length);
            assertThat(read.textBytes()).isEqualTo(tokens.length);
            for (int i = 0; i < tokens.length; i++) {
              assertThat(read.token(i)).isEqualTo(tokens[i]);
            }
            checkDocuments(read, corpus);
          }
        });
  }

  private static void checkDocuments(TokenFile read, Corpus corpus) {
    assertThat(read.documentCount()).isEqualTo(corpus.documents().size());
    long start = 0;
    for (int d = 0; d < corpus.documents().size(); d++) {
      assertThat(read.documentStart(d)).isEqualTo(start);
      for (int i = 0; i < corpus.documents().get(d).length; i++) {
        assertThat(read.documentOf(start + i)).isEqualTo(d);
      }
      start += corpus.documents().get(d).length;
    }
    assertThat(read.documentStart(corpus.documents().size())).isEqualTo(start);
  }

  @Property(tries = 50)
  void noticesAnyFlippedBit(
      @ForAll("corpora") Corpus corpus, @ForAll @IntRange(max = 100_000) int place) {
    inFolder(
        folder -> {
          Path file = folder.resolve("a.tokens");
          write(file, corpus).close();
          byte[] bytes = Files.readAllBytes(file);
          bytes[place % bytes.length] ^= 4;
          Files.write(file, bytes);
          assertThatThrownBy(() -> TokenFile.open(file).verify())
              .isInstanceOf(CoppiceException.class)
              .hasMessageContaining("a.tokens");
        });
  }

  @Property(tries = 30)
  void noticesAMissingTail(
      @ForAll("corpora") Corpus corpus, @ForAll @IntRange(min = 1, max = 60) int cut) {
    inFolder(
        folder -> {
          Path file = folder.resolve("a.tokens");
          write(file, corpus).close();
          byte[] bytes = Files.readAllBytes(file);
          Files.write(file, Arrays.copyOf(bytes, bytes.length - cut));
          assertThatThrownBy(() -> TokenFile.open(file))
              .isInstanceOf(CoppiceException.class)
              .hasMessageContaining("a.tokens");
        });
  }

  @Example
  void leavesNothingWhenItIsNotFinished() {
    inFolder(
        folder -> {
          try (TokenFileWriter writer =
              TokenFileWriter.create(folder.resolve("a.tokens"), 256, "test")) {
            writer.beginDocument("a", 1);
            writer.append(1);
          }
          assertThat(folder).isEmptyDirectory();
        });
  }

  @Example
  void refusesATargetThatExistsAndAnEmptyCorpus() {
    inFolder(
        folder -> {
          Path file = folder.resolve("a.tokens");
          assertThatThrownBy(() -> write(file, new Corpus(256, List.of())))
              .hasMessage("data must hold a token, got none: all its texts are empty");
          Files.writeString(file, "mine");
          assertThatThrownBy(() -> write(file, new Corpus(256, List.of(new int[] {1}))))
              .hasMessage("token file must not exist yet, got " + file);
          assertThat(file).hasContent("mine");
        });
  }

  private static TokenFile write(Path file, Corpus corpus) throws IOException {
    return TestTokens.write(file, corpus.vocabulary(), corpus.documents());
  }

  interface Body {
    void accept(Path folder) throws IOException;
  }

  private static void inFolder(Body body) {
    try {
      Path folder = Files.createTempDirectory("tokens");
      try {
        body.accept(folder);
      } finally {
        Folders.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
