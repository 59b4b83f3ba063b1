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

  /** Its own {@code tokenizer.json}, else bytes. */
  static Tokenizer tokenizer(Path checkpoint, MoeSpec model) throws IOException {
    return Files.isRegularFile(checkpoint.resolve("tokenizer.json"))
        ? Tokenizers.of(checkpoint, model.vocabularySize())
        : new ByteTokenizer();
  }
}
