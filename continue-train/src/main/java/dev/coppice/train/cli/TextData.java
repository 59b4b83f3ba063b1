package dev.coppice.train.cli;

import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.text.ByteTokenizer;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.moe.text.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a checkpoint reads text with. */
final class TextData {
  private TextData() {}

  /**
   * Its own {@code tokenizer.json}, else bytes.
   *
   * @param plain whether special tokens that are written in documents are letters like others
   */
  static Tokenizer tokenizer(Path checkpoint, MoeSpec model, boolean plain) throws IOException {
    if (!Files.isRegularFile(checkpoint.resolve("tokenizer.json"))) {
      return new ByteTokenizer();
    }
    return plain
        ? Tokenizers.forPlainText(checkpoint, model.vocabularySize())
        : Tokenizers.of(checkpoint, model.vocabularySize());
  }
}
