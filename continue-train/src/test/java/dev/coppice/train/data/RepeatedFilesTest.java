package dev.coppice.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.data.folder.DataFinder;
import dev.coppice.train.data.folder.SplitNames;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.token.PreparationProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Remarks on parts: files of more than one, weights without effect, tables read as text. */
class RepeatedFilesTest extends DataTestBase {
  private List<List<PathRecord>> read(String... data) throws IOException {
    List<DataPath> paths = Stream.of(data).map(DataPath::parse).toList();
    try (TrainingData read =
        new Preparation(reading(Optional.of(cache)), new ByteTokenizer(), PreparationProgress.NONE)
            .prepare(paths, Optional.empty(), run)) {
      return read.read().orElseThrow().parts().stream().map(PartRecord::paths).toList();
    }
  }

  private Path text(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  @Test
  void overlappingPartsOfAMixtureAreRemarked() throws IOException {
    Path one = text("set/sub/one.txt", "first text");
    text("set/sub/two.txt", "second text");
    text("set/three.txt", "third text");
    Path set = folder.resolve("set");
    assertThat(RepeatedFiles.inMixture(read(set + "=1", set.resolve("sub") + "=2", one + "=1")))
        .containsExactly(
            "sub/one.txt of data 2 is also set/sub/one.txt of data 1, byte for byte: training draws"
                + " it for both (files more: 1)",
            one
                + " of data 3 is also set/sub/one.txt of data 1, byte for byte: training draws it"
                + " for both");
  }

  @Test
  void aFileThatIsGivenTwiceIsRemarkedWhateverItsNameAndForm() throws IOException {
    String[] texts = {"a text", "{\"text\": \"a\"}\n"};
    for (int i = 0; i < texts.length; i++) {
      String ending = i == 0 ? ".txt" : ".jsonl";
      Path one = text("one" + ending, texts[i]);
      Path other = text("other" + ending, texts[i]);
      assertThat(RepeatedFiles.inMixture(read(one + "=1", other + "=2")))
          .containsExactly(
              other
                  + " of data 2 is also "
                  + one
                  + " of data 1, byte for byte: training draws it for both");
      assertThat(RepeatedFiles.inMixture(read(one + "=1", one + "=2"))).hasSize(1);
    }
    Path tokens = Files.write(folder.resolve("a.bin"), new byte[] {1, 0, 2, 0});
    assertThat(RepeatedFiles.inMixture(read(tokens + "=1", tokens + "=2"))).hasSize(1);
  }

  @Test
  void theWeightOfAnOnlyPartIsRemarkedAndChangesNothing() throws IOException {
    Path one = text("one.txt", "a text");
    DataPath weighted = DataPath.parse(one + "=3");
    DataPath plain = DataPath.parse(one.toString());
    assertThat(Preparation.weightNotes(List.of(weighted)))
        .containsExactly("the weight of " + one + " changes nothing, as it is the only part");
    assertThat(Preparation.weightNotes(List.of(plain))).isEmpty();
    assertThat(Preparation.weightNotes(List.of(weighted, DataPath.parse(one + "=1")))).isEmpty();
    try (TrainingData with = prepare(Optional.of(cache), Optional.empty(), weighted);
        TrainingData without = prepare(Optional.of(cache), Optional.empty(), plain)) {
      assertThat(with.batches(2, 2, true).batch(0, 2).ids())
          .isEqualTo(without.batches(2, 2, true).batch(0, 2).ids());
    }
  }

  @Test
  void otherTextsAreNotRemarked() throws IOException {
    Path one = text("one.txt", "a text");
    Path other = text("other.txt", "another text");
    assertThat(RepeatedFiles.inMixture(read(one + "=1", other + "=2"))).isEmpty();
    assertThat(RepeatedFiles.inHeldOut(read(one.toString()), read(other.toString()))).isEmpty();
  }

  @Test
  void judgingByWhatIsTrainedOnIsRemarked() throws IOException {
    Path one = text("set/one.txt", "a text");
    text("set/two.txt", "another text");
    assertThat(RepeatedFiles.inHeldOut(read(folder.resolve("set").toString()), read("" + one)))
        .containsExactly(
            one
                + " of held-out data is also set/one.txt of data to train on, byte for byte: its"
                + " held-out loss is of text that was trained on");
  }

  private List<String> warnings(Path path) throws IOException {
    return DataFinder.find(path, new DataFinder.Wanted(DataForm.AUTO, "text", SplitNames.Use.TRAIN))
        .warnings();
  }

  @Test
  void aTableThatIsReadAsTextIsRemarked() throws IOException {
    Path table = text("set/a.csv", "id,text\n1,word\n");
    assertThat(warnings(table))
        .containsExactly(
            table
                + " is read as text: its header line, separators and quotes are text as well (a"
                + " column alone is read from JSON lines or Parquet)");
    text("set/b.TSV", "id\ttext\n1\tword\n");
    text("set/c.txt", "plain");
    assertThat(warnings(folder.resolve("set")))
        .singleElement()
        .asString()
        .startsWith(table + " (such files more: 1) is read as text: its header line");
    assertThat(warnings(folder.resolve("set/c.txt"))).isEmpty();
  }
}
