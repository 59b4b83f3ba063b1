package dev.coppice.train.data;

import static com.google.common.base.Preconditions.checkArgument;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How data is read.
 *
 * @param form of it
 * @param textField field of a line of JSON that has the text
 * @param tokenWidth bytes of a token of nanoGPT: 2 or 4
 * @param documentStart what stands before documents of text
 * @param documentEnd what ends documents
 * @param cache folder of the cache; without one, what is made lies with the run
 */
public record DataReading(
    DataForm form,
    String textField,
    int tokenWidth,
    DocumentStart documentStart,
    DocumentEnd documentEnd,
    Optional<Path> cache) {
  /** Checks the width. */
  public DataReading {
    checkArgument(
        tokenWidth == 2 || tokenWidth == 4, "token width must be 2 or 4 bytes, got %s", tokenWidth);
  }

  /**
   * The reading that a run recorded.
   *
   * @param recorded of the run
   * @param documentEnd of the run
   * @param cache where tokens are kept now
   */
  public static DataReading of(
      ReadingRecord recorded, DocumentEnd documentEnd, Optional<Path> cache) {
    Integer width = recorded.binWidth();
    return new DataReading(
        recorded.format(),
        recorded.textField(),
        width == null ? 2 : width,
        DocumentStart.of(recorded.documentStart()),
        documentEnd,
        cache);
  }

  /** Data whose documents begin with nothing of their own. */
  DataReading(
      DataForm form,
      String textField,
      int tokenWidth,
      DocumentEnd documentEnd,
      Optional<Path> cache) {
    this(form, textField, tokenWidth, DocumentStart.NONE, documentEnd, cache);
  }

  /** What is found out by itself, without a cache. */
  public static DataReading plain() {
    return new DataReading(DataForm.AUTO, "text", 2, DocumentEnd.NONE, Optional.empty());
  }
}
