package dev.coppice.train.data.folder;

import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.text.DataItem;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Tables in text, which are read as they stand: no form of data takes a column out of them. */
final class TableText {
  private static final Pattern NAMED = Pattern.compile("(?i).*\\.(csv|tsv)(\\.(gz|zst|bz2))?");

  private TableText() {}

  /**
   * A note on the tables among files, if there are any.
   *
   * @param taken files that are read
   */
  static Optional<String> note(List<DataWalk.Sighted> taken) {
    List<DataItem> tables =
        taken.stream()
            .filter(file -> file.nature().form().equals(Optional.of(DataForm.TEXT)))
            .map(DataWalk.Sighted::item)
            .filter(item -> NAMED.matcher(item.fileName()).matches())
            .toList();
    if (tables.isEmpty()) {
      return Optional.empty();
    }
    String more =
        tables.size() == 1
            ? ""
            : String.format(Locale.ROOT, " (such files more: %,d)", tables.size() - 1);
    return Optional.of(
        tables.get(0).place()
            + more
            + " is read as text: its header line, separators and quotes are text as well (a column"
            + " alone is read from JSON lines or Parquet)");
  }
}
