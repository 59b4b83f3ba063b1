package dev.coppice.train.data.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.TrainJson;
import dev.coppice.train.data.encode.CorpusBuilder;
import dev.coppice.train.data.text.TextDocument;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenFileInfo;
import dev.coppice.train.data.token.TokenFileWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextFolderTest {
  @TempDir Path folder;
  private Path texts;

  @BeforeEach
  void makeTexts() throws IOException {
    texts = Files.createDirectories(folder.resolve("texts"));
    Files.createDirectories(texts.resolve("deep/er"));
    Files.createDirectories(texts.resolve(".git"));
    Files.writeString(texts.resolve("b.txt"), "beta");
    Files.writeString(texts.resolve("deep/er/a.txt"), "älpha 漢字 🙂");
    Files.writeString(texts.resolve(".git/config"), "hidden");
    Files.writeString(texts.resolve("empty.txt"), "");
    Files.write(texts.resolve("binary.bin"), new byte[] {1, 2, (byte) 0xFF, 3});
    Files.write(texts.resolve("nul.bin"), new byte[] {65, 0, 65});
    Files.write(texts.resolve("cut.txt"), new byte[] {65, (byte) 0xC3});
  }

  private static void zip(Path file, String... namesAndTexts) throws IOException {
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
      for (int i = 0; i < namesAndTexts.length; i += 2) {
        out.putNextEntry(new ZipEntry(namesAndTexts[i]));
        out.write(namesAndTexts[i + 1].getBytes(StandardCharsets.UTF_8));
        out.closeEntry();
      }
    }
  }

  private List<String> names(Path... paths) throws IOException {
    return TextFolder.find(List.of(paths)).stream().map(TextDocument::name).toList();
  }

  @Test
  void findsTextAndPassesOverTheRest() throws IOException {
    assertThat(names(texts)).containsExactly("texts/b.txt", "texts/deep/er/a.txt");
  }

  @Test
  void readsArchivesAsFoldersWhereverTheyAre() throws IOException {
    zip(texts.resolve("lib-sources.jar"), "z/Z.java", "class Z {}", "a/A.java", "class A {}");
    assertThat(names(texts))
        .containsExactly(
            "texts/b.txt",
            "texts/deep/er/a.txt",
            "texts/lib-sources.jar!/a/A.java",
            "texts/lib-sources.jar!/z/Z.java");
    assertThat(names(texts.resolve("lib-sources.jar")))
        .containsExactly("lib-sources.jar!/a/A.java", "lib-sources.jar!/z/Z.java");
  }

  @Test
  void takesTheSameTextOnce() throws IOException {
    zip(texts.resolve("lib.zip"), "LICENSE", "beta", "other", "gamma");
    assertThat(names(texts))
        .containsExactly("texts/b.txt", "texts/deep/er/a.txt", "texts/lib.zip!/other");
  }

  @Test
  void takesASingleFile() throws IOException {
    assertThat(names(texts.resolve("b.txt"))).containsExactly("b.txt");
  }

  @Test
  void readsTextLongerThanItsBuffers() throws IOException {
    String text = "é漢🙂x".repeat(50_000);
    Files.writeString(texts.resolve("long.txt"), text);
    TextDocument found = TextFolder.find(List.of(texts.resolve("long.txt"))).get(0);
    assertThat(found.bytes()).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
  }

  @Test
  void refusesPathsWithoutText() {
    Path binary = texts.resolve("binary.bin");
    assertThatThrownBy(() -> names(binary, texts.resolve("empty.txt")))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
        .hasMessage("no readable text under " + binary + ", " + texts.resolve("empty.txt"));
  }

  @Test
  void refusesAPathThatIsNotThere() {
    Path nothing = texts.resolve("nothing");
    assertThatThrownBy(() -> names(nothing)).hasMessage("data path must exist, got " + nothing);
  }

  @Test
  void refusesADamagedArchive() throws IOException {
    Path jar = texts.resolve("broken.jar");
    Files.writeString(jar, "not a zip");
    assertThatThrownBy(() -> names(texts))
        .isInstanceOf(CoppiceException.class)
        .hasMessageStartingWith("archive must be a readable zip, got ")
        .hasMessageContaining(jar.toString());
  }

  @Test
  void tokenisesEachDocumentByItsBytes() throws IOException {
    zip(texts.resolve("lib.zip"), "one", "1", "two", "22");
    Path out = folder.resolve("made/corpus.tokens");
    try (TokenFile corpus = CorpusBuilder.tokenize(List.of(texts), new ByteTokenizer(), out)) {
      byte[] expected = "betaälpha 漢字 🙂122".getBytes(StandardCharsets.UTF_8);
      assertThat(corpus.tokenCount()).isEqualTo(expected.length);
      for (int i = 0; i < expected.length; i++) {
        assertThat(corpus.token(i)).isEqualTo(Byte.toUnsignedInt(expected[i]));
      }
      assertThat(
              TrainJson.read(TokenFileWriter.beside(out, ".json"), TokenFileInfo.class).documents())
          .containsExactly(
              "texts/b.txt", "texts/deep/er/a.txt", "texts/lib.zip!/one", "texts/lib.zip!/two");
      assertThat(corpus.vocabularySize()).isEqualTo(256);
      corpus.verify();
    }
    assertThat(out.getParent()).isDirectoryNotContaining("glob:**.tmp");
  }

  @Test
  void makesTheSameBytesTwice() throws IOException {
    Path one = folder.resolve("one.tokens");
    Path two = folder.resolve("two.tokens");
    CorpusBuilder.tokenize(List.of(texts), new ByteTokenizer(), one).close();
    CorpusBuilder.tokenize(List.of(texts), new ByteTokenizer(), two).close();
    assertThat(one).hasSameBinaryContentAs(two);
    assertThat(folder.resolve("one.tokens.json"))
        .hasSameBinaryContentAs(folder.resolve("two.tokens.json"));
  }
}
