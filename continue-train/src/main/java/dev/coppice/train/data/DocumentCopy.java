package dev.coppice.train.data;

import dev.coppice.moe.text.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** Copies documents into a token file. */
final class DocumentCopy {
  private static final int PIECE = 1 << 16;

  private final Tokenizer tokenizer;
  private final TokenFileWriter writer;

  private DocumentCopy(Tokenizer tokenizer, TokenFileWriter writer) {
    this.tokenizer = tokenizer;
    this.writer = writer;
  }

  /** Copies. */
  interface Body {
    /** Copies some documents. */
    void copy(DocumentCopy to) throws IOException;
  }

  /**
   * Writes a file. The bytes of text are counted by decoding the tokens.
   *
   * @param out must not exist
   * @param vocabulary every token is below
   * @param tokenizer of the tokens
   * @param body what is copied
   * @return open; the caller closes it
   */
  static TokenFile write(Path out, int vocabulary, Tokenizer tokenizer, Body body)
      throws IOException {
    try (TokenFileWriter writer = TokenFileWriter.create(out, vocabulary, tokenizer.name())) {
      body.copy(new DocumentCopy(tokenizer, writer));
      return writer.finish();
    }
  }

  /** Adds a document. */
  void add(TokenSequence from, long document) throws IOException {
    writer.beginDocument(Optional.empty(), 0, from.documentKey(document));
    long end = from.documentStart(document + 1);
    for (long at = from.documentStart(document); at < end; at += PIECE) {
      int[] ids = new int[(int) Math.min(PIECE, end - at)];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = from.token(at + i);
      }
      writer.append(ids);
      writer.addText(bytes(ids));
    }
  }

  private long bytes(int[] ids) {
    return tokenizer.name().equals("byte")
        ? ids.length
        : tokenizer.decode(ids).getBytes(StandardCharsets.UTF_8).length;
  }
}
