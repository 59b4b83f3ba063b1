package dev.coppice.moe.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Ints;
import dev.coppice.moe.testing.TinyTokenizers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextStreamTest {
  @TempDir private Path folder;

  private Tokenizer open(String frame) throws Exception {
    TinyTokenizers.sentencePiece(folder, frame, "<|end|>");
    return Tokenizers.of(folder, TinyTokenizers.ADDED + 1);
  }

  private static int[] bytes(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    int[] ids = new int[utf8.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = TinyTokenizers.BYTES + Byte.toUnsignedInt(utf8[i]);
    }
    return ids;
  }

  @Test
  void theBlankBetweenPromptAndTextStays() throws Exception {
    try (Tokenizer tokenizer = open("<s> $")) {
      int[] prompt = tokenizer.encode("the");
      int[] made = {TinyTokenizers.piece("▁cat"), TinyTokenizers.piece("▁the")};
      assertThat(tokenizer.decode(made)).isEqualTo("cat the");
      assertThat(tokenizer.decodeAfter(prompt, made)).isEqualTo(" cat the");
      TextStream stream = new TextStream(tokenizer, prompt);
      assertThat(stream.add(made[0])).isEqualTo(" cat");
      assertThat(stream.add(made[1])).isEqualTo(" the");
      assertThat(stream.end()).isEmpty();
    }
  }

  @Test
  void whereNothingStandsBeforeTheTextBeginsAsDocumentsDo() throws Exception {
    try (Tokenizer tokenizer = open("<s> $")) {
      assertThat(tokenizer.decodeAfter(tokenizer.encode(""), TinyTokenizers.piece("▁cat")))
          .isEqualTo("cat");
    }
  }

  @Test
  void aCharacterThatIsSplitOverTokensComesWhole() throws Exception {
    try (Tokenizer tokenizer = open("$")) {
      TextStream stream = new TextStream(tokenizer, tokenizer.encode("the"));
      StringBuilder text = new StringBuilder();
      for (int id : bytes("é世🌲")) {
        String more = stream.add(id);
        assertThat(more).doesNotContain("\uFFFD");
        text.append(more);
      }
      assertThat(text.append(stream.end())).hasToString("é世🌲");
    }
  }

  @Test
  void aCharacterThatThePromptBeginsIsEnded() throws Exception {
    try (Tokenizer tokenizer = open("$")) {
      int[] all = bytes("世");
      int[] prompt = Ints.concat(tokenizer.encode("the"), new int[] {all[0]});
      assertThat(tokenizer.decodeAfter(prompt, all[1], all[2])).isEqualTo("世");
      assertThat(new ByteTokenizer().decodeAfter(new int[] {'a', 0xc3}, 0xa9)).isEqualTo("é");
    }
  }

  @Test
  void bytesThatStayBrokenAreShownAtTheEnd() throws Exception {
    try (Tokenizer tokenizer = open("$")) {
      TextStream stream = new TextStream(tokenizer, tokenizer.encode("the"));
      assertThat(stream.add(TinyTokenizers.BYTES + 0xe4)).isEmpty();
      assertThat(stream.end()).isEqualTo("\uFFFD");
    }
  }

  @Test
  void whatTemplatesPutBehindATextIsLeftOutOfPrompts() throws Exception {
    try (Tokenizer tokenizer = open("<s> $ </s>")) {
      assertThat(tokenizer.prefix()).containsExactly(1);
      assertThat(tokenizer.encode("the")).containsExactly(1, TinyTokenizers.piece("▁the"));
      assertThat(tokenizer.encode("")).containsExactly(1);
    }
    try (Tokenizer tokenizer = open("$ <|end|>")) {
      assertThat(tokenizer.prefix()).isEmpty();
      assertThat(tokenizer.encode("the")).containsExactly(TinyTokenizers.piece("▁the"));
      assertThat(tokenizer.encode("")).isEmpty();
    }
  }

  @Test
  void tokensAreFoundByTheirText() throws Exception {
    try (Tokenizer tokenizer = open("$")) {
      assertThat(tokenizer.idOf("</s>")).hasValue(2);
      assertThat(tokenizer.idOf("<|end|>")).hasValue(TinyTokenizers.ADDED);
      assertThat(tokenizer.idOf("<|eot|>")).isEmpty();
      assertThat(tokenizer.idOf("")).isEmpty();
      assertThat(tokenizer.tokenText(2)).isEqualTo("</s>");
      assertThat(tokenizer.tokenText(TinyTokenizers.ADDED)).isEqualTo("<|end|>");
    }
  }

  @Test
  void specialTokensInDocumentsAreTextOnRequest() throws Exception {
    TinyTokenizers.sentencePiece(folder, "<s> $", "<|end|>");
    int vocabulary = TinyTokenizers.ADDED + 1;
    try (Tokenizer special = Tokenizers.of(folder, vocabulary);
        Tokenizer text = Tokenizers.forPlainText(folder, vocabulary)) {
      String document = "the</s><|end|>";
      assertThat(special.encodePiece(document)).contains(2, TinyTokenizers.ADDED);
      assertThat(text.encodePiece(document)).doesNotContain(2, TinyTokenizers.ADDED);
      assertThat(text.decode(text.encodePiece(document))).isEqualTo(document);
      assertThat(text.encodePiece("the cat")).isEqualTo(special.encodePiece("the cat"));
      assertThat(text.fingerprint()).isNotEqualTo(special.fingerprint());
      assertThat(text.encode("the")).isEqualTo(special.encode("the"));
      assertThat(text.idOf("<|end|>")).hasValue(TinyTokenizers.ADDED);
      assertThat(text.decode(2, TinyTokenizers.ADDED)).isEmpty();
    }
  }
}
