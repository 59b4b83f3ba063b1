package dev.coppice.train.data;

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
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenFile;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Files that are left out, and what is said of them. */
class UnreadFilesTest extends DataTestBase {
  private static final String TEXT = "Die Bäume grünen öfter, naïve café. ";
  private static final DataRules STRICT = new DataRules(false, true, 0);

  private Path data;

  @BeforeEach
  void makeFolder() throws IOException {
    data = Files.createDirectories(folder.resolve("set"));
    Files.writeString(data.resolve("a.txt"), TEXT);
  }

  private void write(String name, byte... bytes) throws IOException {
    Files.write(data.resolve(name), bytes);
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private TrainingData prepared(DataRules rules, Path... paths) throws IOException {
    DataReading reading =
        new DataReading(
            DataForm.AUTO,
            "text",
            OptionalInt.empty(),
            DocumentStart.NONE,
            DocumentEnd.NONE,
            Optional.of(cache),
            rules);
    return new Preparation(reading, new ByteTokenizer(), PreparationProgress.NONE)
        .prepare(List.of(paths).stream().map(DataTestBase::path).toList(), Optional.empty(), run);
  }

  private PartRecord read(Path... paths) throws IOException {
    try (TrainingData read = prepared(DataRules.TRAINING, paths)) {
      return read.read().orElseThrow().parts().get(0);
    }
  }

  private Map<String, String> leftOut() throws IOException {
    Map<String, String> reasons = new TreeMap<>();
    read(data).paths().get(0).leftOut().forEach(out -> reasons.put(out.name(), out.reason()));
    return reasons;
  }

  private void assertLeftOut(String name, String reason) throws IOException {
    assertThat(leftOut().get("set/" + name)).as(name).contains(reason);
    Path file = data.resolve(name);
    assertThatThrownBy(() -> read(file))
        .as(name)
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
        .hasMessageContaining(reason)
        .hasMessageContaining(file.toString());
  }

  @Test
  void otherEncodingsAreNamed() throws IOException {
    write("utf16.txt", TEXT.getBytes(StandardCharsets.UTF_16));
    write("utf16le.txt", TEXT.getBytes(StandardCharsets.UTF_16LE));
    write("latin.txt", latin(TEXT));
    write("windows.txt", TEXT.getBytes(Charset.forName("windows-1252")));
    write("late.txt", latin("a".repeat(300_000) + TEXT));
    assertLeftOut("utf16.txt", "UTF-16");
    assertLeftOut("utf16le.txt", "UTF-16");
    assertLeftOut("latin.txt", "Latin-1");
    assertLeftOut("windows.txt", "Windows-1252");
    assertLeftOut("late.txt", "convert it to UTF-8");
  }

  @Test
  void otherFormsAreNamed() throws IOException {
    write("empty.txt");
    write("zero.txt", latin("A\0B"));
    write("a.pdf", latin("%PDF-1.7 \u00e2\u00e3"));
    write("a.docx", latin("PK\3\4..."));
    write("a.arrow", latin("ARROW1\0\0"));
    write("a.pkl", latin("\u0080\4\u0095..."));
    write("a.npz", latin("PK\3\4..."));
    byte[] tar = new byte[512];
    System.arraycopy(latin("ustar"), 0, tar, 257, 5);
    write("a.tar", tar);
    assertLeftOut("empty.txt", "empty");
    assertLeftOut("zero.txt", "zero");
    assertLeftOut("a.pdf", "PDF is not read: write its text to a .txt file");
    assertLeftOut("a.docx", "a Word document is not read");
    assertLeftOut("a.arrow", "Arrow is not read: write it as JSON lines or Parquet");
    assertLeftOut("a.pkl", "a pickle of Python is not read");
    assertLeftOut("a.npz", "an .npz of NumPy is not read");
    assertLeftOut("a.tar", "a tar archive is not read: unpack it first");
  }

  @Test
  void aByteOrderMarkIsNoText() throws IOException {
    Path file = data.resolve("bom.txt");
    Files.writeString(file, "\ufeff" + "marked");
    try (TrainingData read = prepared(DataRules.TRAINING, file);
        TokenFile tokens = TokenFile.open(read.path())) {
      assertThat(new String(bytes(tokens), StandardCharsets.UTF_8)).isEqualTo("marked");
      assertThat(tokens.textBytes()).isEqualTo(6);
    }
    Files.writeString(data.resolve("same.txt"), "marked");
    assertThat(leftOut()).containsValue("the same, byte for byte, as set/bom.txt");
  }

  @Test
  void equalFilesAreTakenOnceWhateverTheirForm() throws IOException {
    Path text = data.resolve("a.txt");
    Path lines = Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"one\"}\n");
    Path tokens = Files.write(folder.resolve("a.bin"), new byte[] {1, 0, 2, 0});
    for (Path path : List.of(text, lines, tokens)) {
      PartRecord once = read(path);
      PartRecord twice = read(path, path);
      assertThat(twice.tokens()).isEqualTo(once.tokens());
      assertThat(twice.paths().get(1).leftOut())
          .containsExactly(
              new LeftOut(
                  path.getFileName().toString(),
                  "the same, byte for byte, as " + path.getFileName()));
    }
  }

  @Test
  void linksAreFollowedAndLoopsRefused() throws IOException {
    Path other = Files.createDirectories(folder.resolve("other"));
    Files.writeString(other.resolve("b.txt"), "linked");
    Files.createSymbolicLink(data.resolve("deep"), other);
    Files.createSymbolicLink(data.resolve("lost"), folder.resolve("nothing"));
    PathRecord read = read(data).paths().get(0);
    assertThat(read.files().stream().map(FileRecord::name))
        .containsExactly("set/a.txt", "set/deep/b.txt");
    assertThat(read.leftOut()).containsExactly(new LeftOut("set/lost", "a link to nothing"));
    Path loop = Files.createSymbolicLink(other.resolve("up"), data);
    assertThatThrownBy(() -> read(data))
        .isInstanceOf(CoppiceException.class)
        .hasMessageStartingWith("folder must not hold a link to itself or to a folder above, got ")
        .hasMessageContaining(loop.getFileName().toString());
  }

  @Test
  void strictDataIsReadWholeOrNotAtAll() throws IOException {
    write(".hidden", latin("x"));
    prepared(STRICT, data).close();
    write("latin.txt", latin(TEXT));
    assertThatThrownBy(() -> prepared(STRICT, data))
        .isInstanceOf(CoppiceException.class)
        .hasMessageStartingWith(
            "with --strict-data nothing must be left out, got set/latin.txt, byte ");
    assertThat(run).doesNotExist();
  }

  @Test
  void whatIsLeftOutIsAbridgedByReason() throws IOException {
    for (int i = 0; i < 20; i++) {
      write("empty-" + (char) ('a' + i));
    }
    write("latin.txt", latin(TEXT));
    try (TrainingData read = prepared(DataRules.TRAINING, data)) {
      DataRecord record = read.read().orElseThrow();
      assertThat(record.parts().get(0).paths().get(0).leftOut()).hasSize(21);
      assertThat(DataLines.of(record.used(8, Optional.of(80L))))
          .containsExactly(
              "data: "
                  + data
                  + " (text): 1 file, 1 document, 41 tokens, 5 whole windows, 2.00 passes;"
                  + " no token ends documents; left out: set/empty-a, set/empty-b, set/empty-c"
                  + " and 17 more (empty); set/latin.txt, byte 0xE4 at offset 5 (not UTF-8, but perhaps Latin-1 or"
                  + " Windows-1252: convert it to UTF-8)");
    }
  }

  @Test
  void aMixtureHasALineAPart() throws IOException {
    Path other = Files.writeString(folder.resolve("b.txt"), "b".repeat(33));
    DataReading reading = reading(Optional.of(cache));
    try (TrainingData read =
        new Preparation(reading, new ByteTokenizer(), PreparationProgress.NONE)
            .prepare(
                List.of(DataPath.parse(data + "=3"), DataPath.parse(other + "=1")),
                Optional.empty(),
                run)) {
      DataRecord record = read.read().orElseThrow().used(8, Optional.of(320L));
      assertThat(record.parts().get(0).passes()).isEqualTo(240 / 8 / 5.0);
      assertThat(record.parts().get(1).passes()).isEqualTo(80 / 8 / 4.0);
      assertThat(DataLines.of(record).get(1))
          .startsWith(
              "data 2 of 2, share 25.0 %: " + other + " (text): 1 file, 1 document, 33 tokens");
    }
  }
}
