package dev.coppice.train.data.reading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.testing.TinyTokenizers;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.moe.text.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentEndTest {
  private static final int FIRST = TinyTokenizers.ADDED;

  @TempDir private Path folder;

  private DocumentEnd end(String option, String... added) throws IOException {
    TinyTokenizers.sentencePiece(folder, "<s> $", added);
    try (Tokenizer tokenizer = Tokenizers.of(folder, FIRST + added.length)) {
      return DocumentEnd.of(option, folder, tokenizer);
    }
  }

  private void write(String file, String json) throws IOException {
    Files.writeString(folder.resolve(file), json);
  }

  @Test
  void theConfigurationSaysWhichTokenItIs() throws IOException {
    write("config.json", "{\"eos_token_id\": 2}");
    DocumentEnd end = end("auto");
    assertThat(end.text()).hasValue(2);
    assertThat(end.tokens()).hasValue(2);
    assertThat(end.token()).contains(new EndToken(2, "</s>", "config.json"));
    assertThat(end.notes()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"eos_token_id\": null}", "{\"eos_token_id\": []}"})
  void whereOneFileSaysNothingTheNextIsAsked(String config) throws IOException {
    write("config.json", config);
    assertThat(end("auto")).isEqualTo(DocumentEnd.NONE);
    write("tokenizer_config.json", "{\"eos_token\": {\"content\": \"</s>\"}}");
    assertThat(end("auto").token()).contains(new EndToken(2, "</s>", "tokenizer_config.json"));
    write("generation_config.json", "{\"eos_token_id\": [1, 2]}");
    DocumentEnd end = end("auto");
    assertThat(end.token()).contains(new EndToken(1, "<s>", "generation_config.json"));
    assertThat(end.notes())
        .containsExactly(
            "the checkpoint's files name different ends of a text: "
                + "<s> 1 in generation_config.json, </s> 2 in tokenizer_config.json");
  }

  @Test
  void nestedConfigurationsAreReadToo() throws IOException {
    write("config.json", "{\"text_config\": {\"eos_token_id\": 2}}");
    assertThat(end("auto").text()).hasValue(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|eom_id|>", "<|eot|>"})
  void theEndOfATurnGivesWayToTheEndOfAText(String turn) throws IOException {
    write("config.json", "{\"eos_token_id\": " + FIRST + "}");
    DocumentEnd end = end("auto", turn, "<|endoftext|>");
    assertThat(end.token()).contains(new EndToken(FIRST + 1, "<|endoftext|>", "tokenizer.json"));
    assertThat(end.notes())
        .containsExactly(
            turn
                + " "
                + FIRST
                + " (config.json) ends turns: <|endoftext|> "
                + (FIRST + 1)
                + " ends documents instead");
    assertThat(end("auto", turn).token()).contains(new EndToken(2, "</s>", "tokenizer.json"));
  }

  @Test
  void anotherTokenThatTheFilesNameComesBeforeTheTokenizersOwn() throws IOException {
    write("config.json", "{\"eos_token_id\": [" + FIRST + ", 1]}");
    assertThat(end("auto", "<|im_end|>", "<|endoftext|>").token())
        .contains(new EndToken(1, "<s>", "config.json"));
  }

  @Test
  void anOptionNamesATokenByIdOrByText() throws IOException {
    write("config.json", "{\"eos_token_id\": 1}");
    assertThat(end("none")).isEqualTo(DocumentEnd.NONE);
    EndToken endOfText = new EndToken(FIRST, "<|endoftext|>", "--document-end");
    assertThat(end("<|endoftext|>", "<|endoftext|>").token()).contains(endOfText);
    assertThat(end("" + FIRST, "<|endoftext|>").token()).contains(endOfText);
    assertThat(end("<|im_end|>", "<|im_end|>").text()).hasValue(FIRST);
    for (String wrong : new String[] {"<|eot|>", "-1", "" + FIRST, "", "1.5"}) {
      assertThatThrownBy(() -> end(wrong))
          .isInstanceOf(CoppiceException.class)
          .hasMessage(
              "document end must be auto, none, an id in 0..%s or the text of a token of the "
                  + "tokenizer, got %s",
              FIRST - 1, wrong)
          .extracting(e -> ((CoppiceException) e).kind())
          .isEqualTo(ErrorKind.REQUEST_INVALID);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"151645", "-1", "\"</s>\"", "1.5", "[2, 99999999999]"})
  void aValueThatIsNoIdIsNamedWithItsFile(String value) throws IOException {
    write("generation_config.json", "{\"eos_token_id\": " + value + "}");
    assertThatThrownBy(() -> end("auto"))
        .isInstanceOf(CoppiceException.class)
        .hasMessageStartingWith("eos_token_id must be ids in 0.." + (FIRST - 1) + ", got ")
        .hasMessageContaining("generation_config.json; --document-end names another token")
        .extracting(e -> ((CoppiceException) e).kind())
        .isEqualTo(ErrorKind.INPUT_INVALID);
    assertThat(end("2").text()).hasValue(2);
  }

  @Test
  void bytesHaveNoEndUnlessOneIsNamed() throws IOException {
    write("config.json", "{\"eos_token_id\": 0, \"vocab_size\": 256}");
    DocumentEnd end = DocumentEnd.of("auto", folder, new ByteTokenizer());
    assertThat(end.text()).isEmpty();
    assertThat(end.tokens()).hasValue(0);
    assertThat(DocumentEnd.of("0", folder, new ByteTokenizer()).text()).hasValue(0);
  }

  @Test
  void whatIsRecordedGivesTheSameEndAgain() throws IOException {
    write("config.json", "{\"eos_token_id\": 2}");
    TinyTokenizers.sentencePiece(folder, "<s> $");
    try (Tokenizer tokenizer = Tokenizers.of(folder, FIRST)) {
      for (String option : new String[] {"auto", "1", "none"}) {
        DocumentEnd end = DocumentEnd.of(option, folder, tokenizer);
        DocumentEnd again = DocumentEnd.of(end.token(), tokenizer);
        assertThat(again.text()).isEqualTo(end.text());
        assertThat(again.tokens()).isEqualTo(end.tokens());
      }
    }
  }

  @Test
  void whatATemplatePutsBeforeATextStandsBeforeDocuments() throws IOException {
    TinyTokenizers.sentencePiece(folder, "<s> $ </s>");
    try (Tokenizer tokenizer = Tokenizers.of(folder, FIRST)) {
      assertThat(DocumentStart.of("auto", tokenizer).ids().asList()).containsExactly(1);
      assertThat(DocumentStart.of("</s>", tokenizer).ids().asList()).containsExactly(2);
      assertThat(DocumentStart.of("0", tokenizer).ids().asList()).containsExactly(0);
      assertThat(DocumentStart.of("none", tokenizer).ids().isEmpty()).isTrue();
      assertThatThrownBy(() -> DocumentStart.of("<|x|>", tokenizer))
          .hasMessageStartingWith("document start must be auto, none, an id in 0..");
    }
    assertThat(DocumentStart.of("auto", new ByteTokenizer())).isEqualTo(DocumentStart.NONE);
  }
}
