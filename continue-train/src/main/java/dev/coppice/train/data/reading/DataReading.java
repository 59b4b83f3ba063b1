package dev.coppice.train.data.reading;

import dev.coppice.train.data.foreign.TokenTable;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How data is read.
 *
 * @param form of it
 * @param textField field of an object of JSON that has the text
 * @param tokenWidth bytes of a token of nanoGPT: 2, 4 or 8; without one, 2 where the vocabulary
 *     allows it
 * @param documentStart what stands before documents of text
 * @param documentEnd what ends documents
 * @param cache folder of the cache; without one, what is made lies with the run
 * @param rules of the files that are read and refused
 */
public record DataReading(
    DataForm form,
    String textField,
    OptionalInt tokenWidth,
    DocumentStart documentStart,
    DocumentEnd documentEnd,
    Optional<Path> cache,
    DataRules rules) {
  /** Checks the width. */
  public DataReading {
    tokenWidth.ifPresent(TokenTable::checkWidth);
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
        width == null ? OptionalInt.empty() : OptionalInt.of(width),
        DocumentStart.of(recorded.documentStart()),
        documentEnd,
        cache,
        DataRules.TRAINING);
  }

  /** Data whose documents begin with nothing of their own. */
  public DataReading(
      DataForm form,
      String textField,
      int tokenWidth,
      DocumentEnd documentEnd,
      Optional<Path> cache) {
    this(
        form,
        textField,
        OptionalInt.of(tokenWidth),
        DocumentStart.NONE,
        documentEnd,
        cache,
        DataRules.TRAINING);
  }

  /** What is found out by itself, without a cache. */
  public static DataReading plain() {
    return new DataReading(
        DataForm.AUTO,
        "text",
        OptionalInt.empty(),
        DocumentStart.NONE,
        DocumentEnd.NONE,
        Optional.empty(),
        DataRules.TRAINING);
  }

  /** The same for evaluation data. */
  public DataReading judging() {
    DataRules judging = new DataRules(true, rules.strict(), rules.vocabulary());
    return new DataReading(form, textField, tokenWidth, documentStart, documentEnd, cache, judging);
  }
}
