package dev.coppice.train.cli;

import dev.coppice.train.data.DataRecord;
import dev.coppice.train.data.DataSpec;
import dev.coppice.train.data.heldout.HeldOutSpec;
import dev.coppice.train.data.heldout.HoldOut;
import dev.coppice.train.data.reading.DataForm;
import dev.coppice.train.data.reading.EndToken;
import dev.coppice.train.data.reading.ReadingRecord;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/** Whether the options of reading that a resume was given are those of its run. */
final class SameReading {
  private static final String NONE = "none";
  private static final String BYTES = "bytes";

  private static final String AUTO = "auto";

  private final Predicate<String> given;
  private final DataRecord read;

  /**
   * A comparison.
   *
   * @param given whether an option of that name was given
   * @param read what the run recorded
   */
  SameReading(Predicate<String> given, DataRecord read) {
    this.given = given;
    this.read = read;
  }

  /**
   * Options of reading, as they are read.
   *
   * @param form of {@code --data-format}
   * @param textField of {@code --text-field}
   * @param binWidth of {@code --bin-width}
   * @param specialTokens of {@code --special-tokens}
   * @param tokenizer of {@code --tokenizer}
   */
  record Asked(
      DataForm form,
      String textField,
      Optional<Integer> binWidth,
      String specialTokens,
      String tokenizer) {}

  /**
   * Compares with what the run recorded.
   *
   * @throws dev.coppice.moe.CoppiceException naming the first option that differs, with both values
   */
  void check(Asked asked) {
    ReadingRecord then = read.reading();
    boolean found = asked.form() == formOf(read);
    compare("--data-format", name(then.format()), found ? name(then.format()) : name(asked.form()));
    compare("--text-field", then.textField(), asked.textField());
    compare(
        "--bin-width",
        Optional.ofNullable(then.binWidth()).map(String::valueOf).orElse(AUTO),
        asked.binWidth().map(String::valueOf).orElse(AUTO));
    compare("--special-tokens", then.specialTokens(), asked.specialTokens());
    if (!asked.tokenizer().equals(AUTO)) {
      boolean bytes = then.tokenizer().equals("byte");
      compare("--tokenizer", bytes ? BYTES : then.tokenizer(), asked.tokenizer());
    }
  }

  /** The form of all files, if they have one: to name what {@code auto} found changes nothing. */
  private static DataForm formOf(DataRecord read) {
    List<DataForm> forms =
        read.parts().stream()
            .flatMap(part -> part.paths().stream())
            .map(path -> path.form())
            .distinct()
            .toList();
    return forms.size() == 1 && read.reading().format() == DataForm.AUTO
        ? forms.get(0)
        : read.reading().format();
  }

  private static String name(DataForm form) {
    return form.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Compares the tokens that stand before documents.
   *
   * @param now ids
   */
  void checkStart(List<Integer> now) {
    compare("--document-start", ids(read.reading().documentStart()), ids(now));
  }

  private static String ids(List<Integer> ids) {
    return ids.isEmpty() ? NONE : String.join(", ", ids.stream().map(String::valueOf).toList());
  }

  /**
   * Compares the tokens that end documents.
   *
   * @param now if one does
   */
  void checkEnd(Optional<EndToken> now) {
    compare("--document-end", id(Optional.ofNullable(read.end())), id(now));
  }

  private static String id(Optional<EndToken> token) {
    return token.map(end -> String.valueOf(end.id())).orElse(NONE);
  }

  /**
   * Compares the share that is held out.
   *
   * @param asked which was given, if it was
   */
  static void checkHeldOut(HoldOut asked, DataSpec run) {
    Optional<HeldOutSpec> recorded =
        run.parts().stream()
            .map(part -> Optional.ofNullable(part.split()))
            .findFirst()
            .flatMap(first -> first);
    String then = recorded.map(each -> String.valueOf(each.share())).orElse(NONE);
    asked
        .share()
        .map(split -> String.valueOf(split.share()))
        .filter(now -> !now.equals(then))
        .ifPresent(
            now -> {
              throw SameOptions.differs("--held-out", then, now);
            });
  }

  private void compare(String option, String then, String now) {
    if (given.test(option) && !then.equals(now)) {
      throw SameOptions.differs(option, then, now);
    }
  }
}
