package dev.coppice.train.data.encode;

import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.folder.TextFolder;
import dev.coppice.train.data.reading.DocumentStart;
import dev.coppice.train.data.text.FileTexts;
import dev.coppice.train.data.text.TextDocument;
import dev.coppice.train.data.text.TextSource;
import dev.coppice.train.data.token.PreparationProgress;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenFileWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/** Tokenises text once, on all processors, into a file that training reads from. */
public final class CorpusBuilder {
  private CorpusBuilder() {}

  /**
   * Tokenises all readable text under some paths, as {@link TextFolder#find} finds it.
   *
   * @param texts folders, files and archives
   * @param tokenizer what makes the ids
   * @param out the token file to write; must not exist
   * @return the file, open; the caller closes it
   * @throws dev.coppice.moe.CoppiceException when there is no text, or {@code out} exists
   * @throws IOException when reading or writing fails; then {@code out} is not there
   */
  public static TokenFile tokenize(List<Path> texts, Tokenizer tokenizer, Path out)
      throws IOException {
    return tokenizeDocuments(TextFolder.find(texts), tokenizer, out);
  }

  /**
   * Tokenises some documents, in order.
   *
   * @param documents what to read
   * @param tokenizer what makes the ids
   * @param out the token file to write; must not exist
   * @return the file, open; the caller closes it
   * @throws dev.coppice.moe.CoppiceException when {@code out} exists
   * @throws IOException when reading or writing fails; then {@code out} is not there
   */
  public static TokenFile tokenizeDocuments(
      List<TextDocument> documents, Tokenizer tokenizer, Path out) throws IOException {
    Encoding encoding =
        new Encoding(
            tokenizer,
            DocumentStart.NONE,
            OptionalInt.empty(),
            Runtime.getRuntime().availableProcessors(),
            PreparationProgress.NONE);
    try (TextSource source = new FileTexts(documents)) {
      return encoding.write(source, out);
    }
  }

  /**
   * How a text becomes a token file.
   *
   * @param tokenizer what makes the ids
   * @param documentStart ids to put before every document
   * @param documentEnd id to put behind every document, if any
   * @param threads that encode
   * @param progress receives the bytes read
   */
  public record Encoding(
      Tokenizer tokenizer,
      DocumentStart documentStart,
      OptionalInt documentEnd,
      int threads,
      PreparationProgress progress) {

    /** Writes a file; when that fails, it is not there. */
    public TokenFile write(TextSource source, Path out) throws IOException {
      try (TokenFileWriter writer =
              TokenFileWriter.create(out, tokenizer.vocabularySize(), tokenizer.name());
          ParallelEncoder encoder = new ParallelEncoder(this)) {
        encoder.encode(source, writer, progress);
        return writer.finish();
      }
    }
  }
}
