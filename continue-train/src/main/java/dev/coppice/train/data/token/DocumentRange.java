package dev.coppice.train.data.token;

import static com.google.common.base.Preconditions.checkArgument;

import java.io.IOException;
import java.nio.file.Path;

/** Consecutive documents of some tokens, of which at least one token. */
public final class DocumentRange implements TokenSequence {
  private final TokenSequence all;
  private final long first;
  private final long documents;
  private final long start;

  /**
   * A range.
   *
   * @param all documents; closed with the range
   * @param first document of it
   * @param documents number of them
   */
  public DocumentRange(TokenSequence all, long first, long documents) {
    checkArgument(
        first >= 0 && documents > 0 && first + documents <= all.documentCount(),
        "documents must lie in 0..%s, got %s from %s on",
        all.documentCount(),
        documents,
        first);
    this.all = all;
    this.first = first;
    this.documents = documents;
    this.start = all.documentStart(first);
  }

  @Override
  public Path path() {
    return all.path();
  }

  @Override
  public long tokenCount() {
    return documentStart(documents);
  }

  @Override
  public long documentCount() {
    return documents;
  }

  @Override
  public long documentStart(long document) {
    return all.documentStart(first + document) - start;
  }

  @Override
  public int token(long index) {
    return all.token(start + index);
  }

  @Override
  public int vocabularySize() {
    return all.vocabularySize();
  }

  @Override
  public String fingerprint() {
    return all.fingerprint() + ", documents from " + first + " on";
  }

  @Override
  public long documentKey(long document) {
    return all.documentKey(first + document);
  }

  @Override
  public void verify() throws IOException {
    all.verify();
  }

  @Override
  public void close() throws IOException {
    all.close();
  }
}
