package dev.coppice.moe.text;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds the tokenizer that belongs to a checkpoint. */
public final class Tokenizers {
  private static final String FILE = "tokenizer.json";
  private static final int BYTES = 256;

  private Tokenizers() {}

  /**
   * The folder's own {@code tokenizer.json}; bytes where there is none and the vocabulary is one of
   * bytes.
   *
   * @param folder a checkpoint
   * @param vocabularySize rows of its embedding
   * @throws CoppiceException INPUT_INVALID if the folder has none and needs one
   */
  public static Tokenizer of(Path folder, int vocabularySize) throws IOException {
    Path file = folder.resolve(FILE);
    if (Files.isRegularFile(file)) {
      return JsonTokenizer.open(file, vocabularySize);
    }
    return bytes(folder, vocabularySize);
  }

  /**
   * The same, but for special tokens in documents, which are read as the letters they are written
   * with.
   *
   * @param folder a checkpoint
   * @param vocabularySize rows of its embedding
   * @throws CoppiceException INPUT_INVALID if the folder has none and needs one
   */
  public static Tokenizer forPlainText(Path folder, int vocabularySize) throws IOException {
    Path file = folder.resolve(FILE);
    return Files.isRegularFile(file)
        ? JsonTokenizer.openForPlainText(file, vocabularySize)
        : bytes(folder, vocabularySize);
  }

  private static Tokenizer bytes(Path folder, int vocabularySize) {
    if (vocabularySize == BYTES) {
      return new ByteTokenizer();
    }
    throw new CoppiceException(
        ExitCode.INPUT_INVALID,
        "checkpoint must have a tokenizer.json to read text, got none and a vocabulary of "
            + vocabularySize
            + " ("
            + folder
            + ")");
  }
}
