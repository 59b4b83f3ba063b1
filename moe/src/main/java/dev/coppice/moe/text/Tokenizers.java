package dev.coppice.moe.text;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the tokenizer that belongs to a checkpoint. */
public final class Tokenizers {
  private static final Logger LOG = LoggerFactory.getLogger(Tokenizers.class);
  private static final String FILE = "tokenizer.json";
  private static final int BYTES = 256;

  /** Files of unsupported tokenizers. */
  private static final List<String> OTHERS =
      List.of(
          "tokenizer.model",
          "vocab.json",
          "merges.txt",
          "tiktoken.model",
          "spiece.model",
          "vocab.txt");

  private Tokenizers() {}

  /**
   * The folder's own {@code tokenizer.json}, whose template says what stands before a text; a
   * {@code tokenizer_config.json} that says otherwise is warned of. Bytes where there is none and
   * the vocabulary is one of bytes.
   *
   * @param folder a checkpoint
   * @param vocabularySize rows of its embedding
   * @throws CoppiceException INPUT_INVALID if the folder has none and needs one
   */
  public static Tokenizer of(Path folder, int vocabularySize) throws IOException {
    Path file = folder.resolve(FILE);
    return Files.isRegularFile(file)
        ? checked(folder, JsonTokenizer.open(file, vocabularySize))
        : bytes(folder, vocabularySize);
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
        ? checked(folder, JsonTokenizer.openForPlainText(file, vocabularySize))
        : bytes(folder, vocabularySize);
  }

  private static Tokenizer checked(Path folder, JsonTokenizer tokenizer) throws IOException {
    TemplateNotes.of(folder, tokenizer).forEach(note -> LOG.warn("{}", note));
    return tokenizer;
  }

  private static Tokenizer bytes(Path folder, int vocabularySize) {
    if (vocabularySize == BYTES) {
      return new ByteTokenizer();
    }
    throw new CoppiceException(ErrorKind.INPUT_INVALID, lack(folder, vocabularySize).orElseThrow());
  }

  /**
   * Why text cannot be read, if it cannot.
   *
   * @param folder a checkpoint
   * @param vocabularySize rows of its embedding
   */
  public static Optional<String> lack(Path folder, int vocabularySize) {
    if (Files.isRegularFile(folder.resolve(FILE)) || vocabularySize == BYTES) {
      return Optional.empty();
    }
    List<String> others =
        OTHERS.stream().filter(name -> Files.isRegularFile(folder.resolve(name))).toList();
    String got =
        others.isEmpty()
            ? "none"
            : String.join(" and ", others)
                + ", which save_pretrained of a fast tokenizer of transformers makes one of,";
    return Optional.of(
        "checkpoint must have a tokenizer.json to read text, got "
            + got
            + " and a vocabulary of "
            + vocabularySize
            + " ("
            + folder
            + ")");
  }
}
