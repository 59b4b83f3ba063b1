package dev.coppice.train.data;

import dev.coppice.moe.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;

/** Tokenises text once, into a file that training reads from. */
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
    try (TokenFileWriter writer =
            TokenFileWriter.create(out, tokenizer.vocabularySize(), tokenizer.name());
        DocumentReader reader = new DocumentReader()) {
      for (TextDocument document : documents) {
        writer.beginDocument(document.name(), document.bytes());
        try (InputStream text = reader.open(document)) {
          tokenizer.encode(text, writer::append);
        }
      }
      return writer.finish();
    }
  }
}
