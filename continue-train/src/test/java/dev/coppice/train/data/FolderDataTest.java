package dev.coppice.train.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.data.folder.LeftOut;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.DataRules;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.reading.DocumentStart;
import dev.coppice.train.data.text.DataItem;
import dev.coppice.train.data.text.JsonLineTexts;
import dev.coppice.train.data.text.TextSource;
import dev.coppice.train.data.token.PreparationProgress;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which files of a folder are data, and of which form. */
class FolderDataTest extends DataTestBase {
  private static final String LINE = "{\"text\": \"one\"}\n";

  private Path data;

  @BeforeEach
  void makeFolder() throws IOException {
    data = Files.createDirectories(folder.resolve("set"));
  }

  private Path write(String name, String text) throws IOException {
    Path file = data.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private static byte[] tokens(int first) {
    byte[] bytes = new byte[80];
    for (int i = 0; i < bytes.length; i += 2) {
      bytes[i] = (byte) (first + i);
    }
    return bytes;
  }

  private Path bin(String name, int first) throws IOException {
    return Files.write(data.resolve(name), tokens(first));
  }

  private PathRecord read(Path path, DataForm form, DataRules rules) throws IOException {
    DataReading reading =
        new DataReading(
            form,
            "text",
            OptionalInt.empty(),
            DocumentStart.NONE,
            DocumentEnd.NONE,
            Optional.of(cache),
            rules);
    try (TrainingData read =
        new Preparation(reading, new ByteTokenizer(), PreparationProgress.NONE)
            .prepare(List.of(path(path)), Optional.empty(), run)) {
      return read.read().orElseThrow().parts().get(0).paths().get(0);
    }
  }

  private PathRecord read() throws IOException {
    return read(data, DataForm.AUTO, DataRules.TRAINING);
  }

  private static List<String> taken(PathRecord read) {
    return read.files().stream().map(FileRecord::name).toList();
  }

  private static List<String> leftOut(PathRecord read) {
    return read.leftOut().stream().map(LeftOut::name).toList();
  }

  private AbstractThrowableAssert<?, ?> refused() {
    return refused(DataForm.AUTO, DataRules.TRAINING);
  }

  private AbstractThrowableAssert<?, ?> refused(DataForm form, DataRules rules) {
    return assertThatThrownBy(() -> read(data, form, rules))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
        .hasMessageContaining(data.toString());
  }

  @Test
  void jsonWithoutTheTextsThatAreWantedIsNotReadAsText() throws IOException {
    write("a.json", "{\"content\": \"one\"}\n{\"content\": \"two\"}\n");
    write("README.md", "words");
    refused()
        .hasMessageContaining("(set/a.json) holds no list or lines of objects with a string")
        .hasMessageContaining("--text-field");
  }

  @Test
  void programsBesideTokensAreLeftOut() throws IOException {
    bin("fineweb_train.bin", 1);
    write("fineweb.py", "import numpy\n");
    assertThat(leftOut(read())).containsExactly("set/fineweb.py");
  }

  @Test
  void aHeaderIsNotReadAsBareTokens() throws IOException {
    data = Files.write(data.resolve("a.npy"), "\u0093NUMPY......".getBytes(ISO_8859_1));
    refused(DataForm.NANOGPT, DataRules.TRAINING)
        .hasMessageContaining(
            "must hold bare tokens for --data-format nanogpt, got tokens of NumPy");
  }

  @Test
  void anIndexWithoutTokensIsNamed() throws IOException {
    data = write("a.idx", "MMIDIDX");
    assertThatThrownBy(this::read)
        .hasMessageContaining("index of Megatron must have its tokens beside it, got no ");
  }

  @Test
  void linesOfJsonAreNoTextBecauseOfTheirNeighbours() throws IOException {
    write("data/train.jsonl", LINE);
    write("README.md", "---\nlicense: mit\n---\n");
    write("LICENSE", "free");
    write("set.py", "import datasets\n");
    write("dataset_infos.json", "{\"default\": {\"features\": {}}}");
    write(".gitattributes", "*.bin lfs");
    PathRecord read = read();
    assertThat(read.form()).isEqualTo(DataForm.JSONL);
    assertThat(taken(read)).containsExactly("set/data/train.jsonl");
    assertThat(leftOut(read))
        .containsExactlyInAnyOrder(
            "set/README.md",
            "set/LICENSE",
            "set/set.py",
            "set/dataset_infos.json",
            "set/.gitattributes");
    assertThat(read.leftOut())
        .contains(
            new LeftOut("set/README.md", "text beside JSON lines"),
            new LeftOut("set/.gitattributes", "hidden"));
  }

  @Test
  void jsonIsKnownByItsContent() throws IOException {
    write("c4-train.00000-of-01024.json", "{\"url\": \"x\", \"text\": \"two\"}\n" + LINE);
    write("list.json", "[{\"text\": \"three\"}, {\"n\": NaN, \"text\": \"four\"}]");
    write("pretty.json", "[\n  {\n    \"id\": [1],\n    \"text\": \"five\"\n  }\n]\n");
    write("part-00000", "{\"text\": \"six\"}\n");
    PathRecord read = read();
    assertThat(read.form()).isEqualTo(DataForm.JSONL);
    assertThat(taken(read)).hasSize(4);
    Path joined = data.resolve("list.json");
    try (TextSource source =
        new JsonLineTexts(List.of(DataItem.of(joined, Files.size(joined))), "text")) {
      assertThat(source.next()).isPresent();
      assertThat(source.next()).isPresent();
      assertThat(source.next()).isEmpty();
    }
  }

  @Test
  void aListThatIsDamagedIsNamedByItsObject() throws IOException {
    for (String text :
        List.of(
            "[{\"text\": \"a\"}, {\"text\": 7}]",
            "[{\"text\": \"a\"}, {\"text\": \"b\"",
            "[{\"text\": \"a\"}, 7]",
            "[{\"text\": \"a\"}, {}]",
            "[{\"text\": \"a\"}] {}")) {
      write("list.json", text);
      refused().hasMessageEndingWith("list.json, object 2)");
    }
  }

  @Test
  void archivesHoldJsonToo() throws IOException {
    zip(data.resolve("a.zip"), "train.jsonl", LINE, "README.md", "# about", "b.zip", "PK");
    PathRecord read = read(data.resolve("a.zip"), DataForm.AUTO, DataRules.TRAINING);
    assertThat(read.form()).isEqualTo(DataForm.JSONL);
    assertThat(taken(read)).containsExactly("a.zip!/train.jsonl");
    assertThat(leftOut(read)).containsExactlyInAnyOrder("a.zip!/README.md", "a.zip!/b.zip");
    assertThat(read(data, DataForm.AUTO, DataRules.TRAINING).files()).hasSize(1);
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

  @Test
  void packedJsonOfAnyNameIsKnown() throws IOException {
    for (String name : List.of("c4.json.gz", "part.jsonl.gz")) {
      try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(data.resolve(name)))) {
        out.write((LINE + "{\"text\": \"" + name + "\"}").getBytes(StandardCharsets.UTF_8));
      }
    }
    write("README.md", "about");
    assertThat(taken(read())).containsExactly("set/c4.json.gz", "set/part.jsonl.gz");
  }

  @Test
  void otherMixturesAskForTheForm() throws IOException {
    write("a.jsonl", LINE);
    write("notes.txt", "notes");
    refused()
        .hasMessageContaining("--data-format")
        .hasMessageContaining("JSON lines (set/a.jsonl)")
        .hasMessageContaining("text (set/notes.txt)");
    PathRecord lines = read(data, DataForm.JSONL, DataRules.TRAINING);
    assertThat(taken(lines)).containsExactly("set/a.jsonl");
    assertThat(leftOut(lines)).containsExactly("set/notes.txt");
    PathRecord texts = read(data, DataForm.TEXT, DataRules.TRAINING);
    assertThat(taken(texts)).containsExactly("set/a.jsonl", "set/notes.txt");
  }

  @Test
  void aFormThatIsGivenTakesEveryFileThatFits() throws IOException {
    write("a.json", LINE);
    write("b.jsonl", LINE + LINE);
    write("deep/c.ndjson", LINE + LINE + LINE);
    assertThat(taken(read(data, DataForm.JSONL, DataRules.TRAINING)))
        .containsExactly("set/a.json", "set/b.jsonl", "set/deep/c.ndjson");
  }

  @Test
  void filesToJudgeByAreNotTrainedOn() throws IOException {
    for (String held : List.of("val", "valid", "validation", "test", "dev", "eval")) {
      write(held + ".jsonl", "{\"text\": \"" + held + "\"}\n");
      write(held + "/x.jsonl", "{\"text\": \"" + held + held + "\"}\n");
    }
    assertThat(taken(read())).hasSize(12);
    write("train.jsonl", LINE);
    assertThat(taken(read())).containsExactly("set/train.jsonl");
    assertThat(leftOut(read())).hasSize(12);
    assertThat(leftOut(read(data, DataForm.AUTO, new DataRules(true, false, 0))))
        .containsExactly("set/train.jsonl");
  }

  @Test
  void textsArePartedTooButNotPrograms() throws IOException {
    write("wiki.train.tokens", "one");
    write("wiki.valid.tokens", "two");
    write("TinyStoriesV2-GPT4-valid.txt", "three");
    assertThat(taken(read())).containsExactly("set/wiki.train.tokens");
    Path programs = Files.createDirectories(folder.resolve("programs"));
    Files.writeString(programs.resolve("train.py"), "train()");
    Files.writeString(programs.resolve("test_train.py"), "test()");
    Files.writeString(programs.resolve("test.py"), "test(1)");
    assertThat(taken(read(programs, DataForm.AUTO, DataRules.TRAINING))).hasSize(3);
  }

  @Test
  void foldersOfNanogptAreReadAsTokens() throws IOException {
    bin("train.bin", 1);
    bin("val.bin", 2);
    Files.write(data.resolve("meta.pkl"), new byte[] {(byte) 0x80, 4, (byte) 0x95, 0});
    write("prepare.py", "import numpy");
    write("input.txt", "First Citizen:");
    write("readme.md", "# tiny");
    PathRecord read = read();
    assertThat(read.form()).isEqualTo(DataForm.NANOGPT);
    assertThat(taken(read)).containsExactly("set/train.bin");
    assertThat(leftOut(read))
        .containsExactlyInAnyOrder(
            "set/val.bin", "set/meta.pkl", "set/prepare.py", "set/input.txt", "set/readme.md");
    write("other.txt", "other");
    refused().hasMessageContaining("tokens of nanoGPT (2 files such as set/train.bin)");
  }

  @Test
  void shardsOfLlmcAreParted() throws IOException {
    for (String name : List.of("fineweb_train_000001.bin", "fineweb_val_000000.bin")) {
      byte[] header = new byte[1024 + 4];
      System.arraycopy(new byte[] {(byte) 0x88, (byte) 0xD8, 0x34, 0x01}, 0, header, 0, 4);
      header[4] = 1;
      header[8] = 2;
      header[1024] = (byte) name.length();
      Files.write(data.resolve(name), header);
    }
    PathRecord read = read();
    assertThat(read.form()).isEqualTo(DataForm.LLMC);
    assertThat(taken(read)).containsExactly("set/fineweb_train_000001.bin");
  }

  @Test
  void textNamedBinIsNoToken() throws IOException {
    write("a.bin", "The old root drives new wood.");
    assertThatThrownBy(() -> read(data.resolve("a.bin"), DataForm.AUTO, DataRules.TRAINING))
        .hasMessage(
            "no data can be read from "
                + data.resolve("a.bin")
                + ": named .bin, but it holds text and no tokens");
  }

  @Test
  void metadataAloneIsNoData() throws IOException {
    Path infos = write("dataset_infos.json", "{\"default\": {}}");
    assertThatThrownBy(() -> read(infos, DataForm.AUTO, DataRules.TRAINING))
        .hasMessageContaining("no list or lines of objects with a string \"text\"");
    write("package.json", "{\n  \"name\": \"x\"\n}\n");
    write("index.js", "run()");
    assertThat(taken(read())).hasSize(3);
  }
}
