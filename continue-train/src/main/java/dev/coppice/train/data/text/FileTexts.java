package dev.coppice.train.data.text;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Documents that were found before. */
public final class FileTexts implements TextSource {
  private final ImmutableList<TextDocument> documents;
  private final DocumentReader reader = new DocumentReader();
  private @Nullable InputStream open;
  private int next;
  private long read;

  public FileTexts(List<TextDocument> documents) {
    this.documents = ImmutableList.copyOf(documents);
  }

  @Override
  public Optional<OpenDocument> next() throws IOException {
    closeOne();
    if (next == documents.size()) {
      return Optional.empty();
    }
    TextDocument document = documents.get(next++);
    InputStream text = reader.open(document);
    open = text;
    read += document.bytes();
    return Optional.of(
        new OpenDocument(
            Optional.of(document.name()),
            document.key(),
            new InputStreamReader(TextProbe.withoutBom(text), StandardCharsets.UTF_8)));
  }

  @Override
  public long totalBytes() {
    return documents.stream().mapToLong(TextDocument::bytes).sum();
  }

  @Override
  public long readBytes() {
    return read;
  }

  private void closeOne() throws IOException {
    if (open != null) {
      open.close();
      open = null;
    }
  }

  @Override
  public void close() throws IOException {
    closeOne();
    reader.close();
  }
}
