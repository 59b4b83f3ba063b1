package dev.coppice.train.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.DataReading;
import dev.coppice.train.data.reading.DataRules;
import dev.coppice.train.data.reading.DocumentEnd;
import dev.coppice.train.data.reading.DocumentStart;
import dev.coppice.train.data.text.TextFault;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.eval.ChoiceTask;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Files in other encodings than UTF-8 are refused with encoding, place and cure. */
class EncodingsTest extends DataTestBase {
  private static final Charset UTF_32LE = Charset.forName("UTF-32LE");
  private static final Charset UTF_32BE = Charset.forName("UTF-32BE");
  private static final String BOM = "\uFEFF";
  private static final Map<String, String> FORMS =
      Map.of(
          "a.txt", "Die Bäume grünen.\nZwei Zeilen.\n",
          "a.jsonl", "{\"text\": \"Die Bäume\"}\n{\"text\": \"grünen\"}\n",
          "a.json", "[{\"text\": \"Die Bäume\"},\n {\"text\": \"grünen\"}]\n");

  private void refused(String name, byte[] bytes, DataForm form, String... words)
      throws IOException {
    Path file = Files.write(folder.resolve(name), bytes);
    DataReading reading =
        new DataReading(
            form,
            "text",
            OptionalInt.empty(),
            DocumentStart.NONE,
            DocumentEnd.NONE,
            Optional.of(cache),
            DataRules.TRAINING);
    Preparation preparation =
        new Preparation(reading, new ByteTokenizer(), PreparationProgress.NONE);
    assertThatThrownBy(() -> preparation.prepare(List.of(path(file)), Optional.empty(), run))
        .as(name)
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
        .hasMessageContaining(file.toString())
        .hasMessageContainingAll(words);
    assertThat(run).doesNotExist();
  }

  @Test
  void encodingsOfSeveralBytesAreNamed() throws IOException {
    for (Map.Entry<String, String> form : FORMS.entrySet()) {
      for (Charset encoding : List.of(UTF_16LE, UTF_16BE, UTF_32LE, UTF_32BE)) {
        String name = encoding.name();
        byte[] marked = (BOM + form.getValue()).getBytes(encoding);
        String cure = "convert it to UTF-8 (iconv -f " + name.substring(0, 6);
        refused(form.getKey(), marked, DataForm.AUTO, name + " by its byte order mark: ", cure);
        byte[] bare = form.getValue().getBytes(encoding);
        refused(form.getKey(), bare, DataForm.AUTO, name + ", as its zeros stand: ", cure);
      }
    }
  }

  @Test
  void theFormThatIsAskedForDoesNotHideTheEncoding() throws IOException {
    for (String name : List.of("a.jsonl", "a.json")) {
      byte[] bytes = (BOM + FORMS.get(name)).getBytes(UTF_16LE);
      refused(name, bytes, DataForm.JSONL, "JSON must be UTF-8, got UTF-16LE by its byte order");
    }
  }

  @Test
  void theFirstByteThatIsNotUtf8IsNamedWithItsOffset() throws IOException {
    for (Map.Entry<String, String> form : FORMS.entrySet()) {
      String place = "byte 0xE4 at offset " + form.getValue().indexOf('ä');
      refused(
          form.getKey(),
          form.getValue().getBytes(ISO_8859_1),
          DataForm.AUTO,
          "not UTF-8, but perhaps Latin-1 or Windows-1252: convert it to UTF-8; " + place);
    }
  }

  @Test
  void aByteFarInIsFoundWhateverTheForm() throws IOException {
    String filler = "{\"text\": \"ein Wort öfter, naïf\"},\n";
    int many = 20_000;
    String lines = filler.replace(",\n", "\n").repeat(many);
    byte[] bad = "{\"text\": \"b\u00fcb\"}\n".getBytes(ISO_8859_1);
    refusedBehind("a.jsonl", lines, bad, "", ", line " + (many + 1));
    refusedBehind("a.json", "[" + filler.repeat(many), bad, "]", ", object " + (many + 1));
    refusedBehind("a.txt", lines.replace('{', '('), bad, "", "");
  }

  private void refusedBehind(String name, String good, byte[] bad, String end, String where)
      throws IOException {
    byte[] before = good.getBytes(UTF_8);
    byte[] after = end.getBytes(UTF_8);
    byte[] all = Arrays.copyOf(before, before.length + bad.length + after.length);
    System.arraycopy(bad, 0, all, before.length, bad.length);
    System.arraycopy(after, 0, all, before.length + bad.length, after.length);
    String place = "byte 0xFC at offset " + (before.length + 11);
    refused(name, all, DataForm.AUTO, "convert it to UTF-8", place, where);
  }

  @Test
  void encodingsOfManyHighBytesAreNotCalledLatin() throws IOException {
    byte[] russian = "деревья растут".getBytes(Charset.forName("windows-1251"));
    refused("a.txt", russian, DataForm.AUTO, "another encoding such as Windows-1251, GBK");
    byte[] chinese = "树木生长".getBytes(Charset.forName("GBK"));
    refused("a.txt", chinese, DataForm.AUTO, "another encoding such as Windows-1251, GBK");
  }

  @Test
  void textOfUtf8IsNeverRefused() {
    for (String text : List.of("a", "äöü", "деревья", "树木生长", "🌳🌳", BOM + "a", "a\u0085")) {
      assertThat(TextFault.of(text.getBytes(UTF_8), 0, true)).isEmpty();
    }
    byte[] cut = Arrays.copyOf("🌳".getBytes(UTF_8), 3);
    assertThat(TextFault.of(cut, 0, false)).isEmpty();
    assertThat(TextFault.of(cut, 7, true).orElseThrow().place()).isEqualTo("byte 0xF0 at offset 7");
  }

  @Test
  void filesThatAreLeftOutForOneReasonStandTogether() throws IOException {
    Path set = Files.createDirectories(folder.resolve("set"));
    Files.writeString(set.resolve("good.txt"), "good");
    for (int i = 0; i < 5; i++) {
      byte[] latin = ("x".repeat(i) + "ä is Latin").getBytes(ISO_8859_1);
      Files.write(set.resolve("bad-" + i + ".txt"), latin);
    }
    try (TrainingData read = prepare(Optional.of(cache), Optional.empty(), path(set))) {
      assertThat(DataLines.of(read.read().orElseThrow()).get(0))
          .endsWith(
              "left out: set/bad-0.txt, byte 0xE4 at offset 0, set/bad-1.txt, byte 0xE4 at offset"
                  + " 1, set/bad-2.txt, byte 0xE4 at offset 2 and 2 more (not UTF-8, but perhaps"
                  + " Latin-1 or Windows-1252: convert it to UTF-8)");
    }
  }

  @Test
  void questionsInOtherEncodingsAreRefusedByName() throws IOException {
    String question = "{\"context\": \"ä\", \"choices\": [\"b\", \"c\"], \"answer\": 0}\n";
    Path file = folder.resolve("q.jsonl");
    for (Charset encoding : List.of(UTF_16LE, UTF_16BE, ISO_8859_1)) {
      Files.write(file, question.getBytes(encoding));
      String name = encoding.equals(ISO_8859_1) ? "Latin-1" : encoding.name();
      assertThatThrownBy(() -> ChoiceTask.read(file))
          .hasMessageStartingWith("task must be UTF-8, got ")
          .hasMessageContaining(name)
          .hasMessageContaining(file.toString());
    }
    Files.writeString(file, BOM + question);
    assertThat(ChoiceTask.read(file).questions()).hasSize(1);
  }
}
