package dev.coppice.moe.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.testing.TinyTokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tokenizers whose configuration disagrees with their template. */
class TemplateNotesTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "<s> $ </s>, true, true, ''",
    "$, false, false, ''",
    "<s> $, null, 1, ''",
    "<s> $, false, null, add_bos_token: false",
    "$, true, null, add_bos_token: true",
    "<s> $, true, true, add_eos_token: true",
    "<s> $ </s>, true, false, add_eos_token: false",
  })
  void theTemplateHoldsAndADisagreementIsSaid(
      String frame, String bos, String eos, String disagreement) throws IOException {
    TinyTokenizers.sentencePiece(folder, frame);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"add_bos_token\": " + bos + ", \"add_eos_token\": " + eos + "}");
    try (JsonTokenizer tokenizer =
        JsonTokenizer.open(folder.resolve("tokenizer.json"), TinyTokenizers.ADDED)) {
      assertThat(tokenizer.prefix()).hasSize(frame.startsWith("<s>") ? 1 : 0);
      if (disagreement.isEmpty()) {
        assertThat(TemplateNotes.of(folder, tokenizer)).isEmpty();
      } else {
        assertThat(TemplateNotes.of(folder, tokenizer))
            .singleElement()
            .asString()
            .startsWith("tokenizer_config.json has " + disagreement + ", but the template of");
      }
    }
  }

  @Test
  void filesThatSayNothingGiveNoNote() throws IOException {
    TinyTokenizers.sentencePiece(folder, "<s> $");
    try (JsonTokenizer tokenizer =
        JsonTokenizer.open(folder.resolve("tokenizer.json"), TinyTokenizers.ADDED)) {
      assertThat(TemplateNotes.of(folder, tokenizer)).isEmpty();
      for (String text : new String[] {"", "not JSON", "[1]"}) {
        Files.writeString(folder.resolve("tokenizer_config.json"), text);
        assertThat(TemplateNotes.of(folder, tokenizer)).isEmpty();
      }
    }
  }
}
