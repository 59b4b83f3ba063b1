package dev.coppice.train.data.token;

import dev.coppice.moe.random.KeyedHash;
import dev.coppice.moe.text.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** Copies documents into a token file. */
public final class DocumentCopy {
  private static final int PIECE = 1 << 16;

  private final Tokenizer tokenizer;
  private final TokenFileWriter writer;
  private long documentsAdded;
  private long tokensAdded;

  private DocumentCopy(Tokenizer tokenizer, TokenFileWriter writer) {
    this.tokenizer = tokenizer;
    this.writer = writer;
  }

  /** Copies. */
  public interface Body {
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
  public static TokenFile write(Path out, int vocabulary, Tokenizer tokenizer, Body body)
      throws IOException {
    try (TokenFileWriter writer = TokenFileWriter.create(out, vocabulary, tokenizer.name())) {
      body.copy(new DocumentCopy(tokenizer, writer));
      return writer.finish();
    }
  }

  /** Adds all documents. */
  public void addAll(TokenSequence from) throws IOException {
    for (long d = 0; d < from.documentCount(); d++) {
      add(from, d);
    }
  }

  /** Adds a document. */
  public void add(TokenSequence from, long document) throws IOException {
    writer.beginDocument(Optional.empty(), 0, from.documentKey(document));
    append(from, from.documentStart(document), from.documentStart(document + 1));
  }

  /** Adds some tokens as a document. */
  public void add(TokenSequence from, long start, long end) throws IOException {
    writer.beginDocument(Optional.empty(), 0, KeyedHash.of(start, end));
    append(from, start, end);
  }

  private void append(TokenSequence from, long start, long end) throws IOException {
    documentsAdded++;
    tokensAdded += end - start;
    for (long at = start; at < end; at += PIECE) {
      int[] ids = new int[(int) Math.min(PIECE, end - at)];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = from.token(at + i);
      }
      writer.append(ids);
      writer.addText(bytes(ids));
    }
  }

  /** Documents so far. */
  public long documents() {
    return documentsAdded;
  }

  /** Tokens so far. */
  public long tokens() {
    return tokensAdded;
  }

  private long bytes(int[] ids) {
    return tokenizer.name().equals("byte")
        ? ids.length
        : tokenizer.decode(ids).getBytes(StandardCharsets.UTF_8).length;
  }
}
