package dev.coppice.train.data.text;

import com.google.common.collect.ImmutableList;
import com.google.common.io.CountingInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Files of JSON objects that have a text each: one a line, or in one list; plain, or packed as
 * {@link Packing} says.
 *
 * <p>Empty lines and empty texts are passed over. A lone surrogate becomes a question mark.
 */
public final class JsonLineTexts implements TextSource {
  /** What an array holds, with room to spare for its UTF-8 forms. */
  private static final int LONGEST_LINE = 1 << 30;

  private final ImmutableList<DataItem> items;
  private final String field;
  private final int longestLine;
  private final DocumentReader reader = new DocumentReader();
  private int next;
  private long readBefore;
  private @Nullable CountingInputStream counted;
  private @Nullable JsonObjects objects;

  /**
   * Texts of some files.
   *
   * @param items in order
   * @param field that has the text
   */
  public JsonLineTexts(List<DataItem> items, String field) {
    this(items, field, LONGEST_LINE);
  }

  /** Texts of some files whose lines have at most so many bytes, without what ends them. */
  public JsonLineTexts(List<DataItem> items, String field, int longestLine) {
    this.items = ImmutableList.copyOf(items);
    this.field = field;
    this.longestLine = longestLine;
  }

  @Override
  public Optional<OpenDocument> next() throws IOException {
    while (objects != null || openNext()) {
      Optional<String> text = objects == null ? Optional.empty() : objects.next();
      if (text.isEmpty()) {
        closeFile();
      } else if (!text.get().isEmpty()) {
        return text.map(OpenDocument::unnamed);
      }
    }
    return Optional.empty();
  }

  private boolean openNext() throws IOException {
    if (next == items.size()) {
      return false;
    }
    DataItem item = items.get(next++);
    counted = new CountingInputStream(reader.stored(item));
    InputStream unpacked = Unpacked.of(counted, item::place);
    BufferedInputStream plain = new BufferedInputStream(unpacked, JsonObjects.HEAD);
    objects = JsonObjects.of(plain, item.place(), field, longestLine);
    return true;
  }

  @Override
  public long totalBytes() {
    return items.stream().mapToLong(DataItem::bytes).sum();
  }

  @Override
  public long readBytes() {
    return readBefore + (counted == null ? 0 : counted.getCount());
  }

  private void closeFile() throws IOException {
    if (counted != null) {
      readBefore += counted.getCount();
      counted.close();
    }
    counted = null;
    objects = null;
  }

  @Override
  public void close() throws IOException {
    closeFile();
    reader.close();
  }
}
