package dev.coppice.train.cli;

import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.moe.text.Tokenizers;
import dev.coppice.train.data.encode.MissingTokenizer;
import dev.coppice.train.data.reading.ReadingRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The tokenizer of a checkpoint's text. */
final class TextData {
  private TextData() {}

  /**
   * How text is read.
   *
   * @param bytes whether a byte is a token, whatever the checkpoint has
   * @param plain whether special tokens that are written in documents are letters like others
   */
  record Kind(boolean bytes, boolean plain) {
    static Kind of(ReadingRecord recorded) {
      return new Kind(recorded.tokenizer().equals("byte"), recorded.specialTokens().equals("text"));
    }
  }

  /**
   * Its own {@code tokenizer.json}; bytes where the vocabulary is one of bytes, or where they are
   * asked for; else one that refuses text.
   */
  static Tokenizer tokenizer(Path checkpoint, MoeSpec model, Kind kind) throws IOException {
    if (kind.bytes()) {
      return new ByteTokenizer();
    }
    Optional<String> lack = Tokenizers.lack(checkpoint, model.vocabularySize());
    if (lack.isPresent()) {
      return new MissingTokenizer(
          model.vocabularySize(), lack.get() + "; --tokenizer bytes reads bytes");
    }
    boolean own = Files.isRegularFile(checkpoint.resolve("tokenizer.json"));
    return kind.plain() && own
        ? Tokenizers.forPlainText(checkpoint, model.vocabularySize())
        : Tokenizers.of(checkpoint, model.vocabularySize());
  }
}
