package dev.coppice.train.data.token;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Token files made of given documents. */
public final class TestTokens {
  private TestTokens() {}

  /** A file with these documents; each token stands for one byte. */
  public static TokenFile write(Path file, int vocabulary, List<int[]> documents)
      throws IOException {
    try (TokenFileWriter writer = TokenFileWriter.create(file, vocabulary, "test")) {
      for (int d = 0; d < documents.size(); d++) {
        writer.beginDocument("document-" + d, documents.get(d).length);
        for (int token : documents.get(d)) {
          writer.append(token);
        }
      }
      return writer.finish();
    }
  }
}
