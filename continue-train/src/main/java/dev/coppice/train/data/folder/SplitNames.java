package dev.coppice.train.data.folder;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.train.data.reading.DataRules;
import dev.coppice.train.data.text.DataItem;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Separates training files from evaluation files by name.
 *
 * <p>A name has words, parted by whatever is no letter: {@code fineweb_val_000000.bin} has {@code
 * fineweb}, {@code val} and {@code bin}. The innermost folder or file whose name has a word of one
 * of the two kinds, and none of the other, decides.
 */
public final class SplitNames {
  private static final ImmutableSet<String> TRAIN =
      ImmutableSet.of("train", "training", "trainset", "trn");

  private static final ImmutableSet<String> HELD_OUT =
      ImmutableSet.of(
          "val",
          "valid",
          "validation",
          "validate",
          "valset",
          "test",
          "testing",
          "testset",
          "tst",
          "dev",
          "devel",
          "devset",
          "eval",
          "evaluation",
          "evalset",
          "heldout",
          "holdout");

  private SplitNames() {}

  /** The two kinds of files, and those whose names show no use. */
  public enum Use {
    TRAIN,
    HELD_OUT,
    UNKNOWN;

    /** The kind that is read by some rules. */
    public static Use of(DataRules rules) {
      return rules.judging() ? HELD_OUT : TRAIN;
    }

    /** The kind that is left out where this one is wanted. */
    Use other() {
      return switch (this) {
        case TRAIN -> HELD_OUT;
        case HELD_OUT -> TRAIN;
        case UNKNOWN -> UNKNOWN;
      };
    }
  }

  /** Programs, which are called so whatever they are for. */
  private static final Pattern PROGRAM =
      Pattern.compile(
          "(?i).*\\.(py|ipynb|java|kt|scala|c|cc|cpp|h|hpp|cs|js|ts|tsx|jsx|go|rs|rb|php|sh|swift|m"
              + "|lua|pl|r|jl|sql|ya?ml|toml|cfg)");

  /**
   * Files of a folder that are left out because the folder has others for the purpose.
   *
   * @param items below one path
   * @param wanted what the data is for
   * @param byFolder whether files are compared only with those beside them, or with all
   */
  static Set<DataItem> unwanted(List<DataItem> items, Use wanted, boolean byFolder) {
    Set<String> folders = new HashSet<>();
    for (DataItem item : items) {
      mark(item).filter(mark -> mark.use() == wanted).forEach(mark -> folders.add(mark.folder()));
    }
    Set<DataItem> unwanted = new HashSet<>();
    for (DataItem item : items) {
      mark(item)
          .filter(mark -> mark.use() == wanted.other())
          .filter(mark -> byFolder ? folders.contains(mark.folder()) : !folders.isEmpty())
          .forEach(mark -> unwanted.add(item));
    }
    return unwanted;
  }

  /**
   * The name that decides.
   *
   * @param use that it names
   * @param folder that holds what is so named
   */
  private record Mark(Use use, String folder) {}

  /** At most one mark: that of the innermost name that has one. */
  private static Stream<Mark> mark(DataItem item) {
    ImmutableList<String> names = ImmutableList.copyOf(Splitter.on('/').split(item.name()));
    // the first is what the user named
    for (int i = names.size() - 1; i > 0; i--) {
      Use use = PROGRAM.matcher(names.get(i)).matches() ? Use.UNKNOWN : use(names.get(i));
      if (use != Use.UNKNOWN) {
        return Stream.of(new Mark(use, String.join("/", names.subList(0, i))));
      }
    }
    return Stream.empty();
  }

  /** The use that a name stands for. */
  static Use use(String name) {
    String apart = name.replaceAll("([a-z])([A-Z])", "$1 $2").toLowerCase(Locale.ROOT);
    List<String> words = Splitter.onPattern("[^a-z]+").omitEmptyStrings().splitToList(apart);
    String joined = String.join(" ", words);
    boolean train = words.stream().anyMatch(TRAIN::contains);
    boolean held =
        words.stream().anyMatch(HELD_OUT::contains)
            || joined.contains("held out")
            || joined.contains("hold out");
    if (train == held) {
      return Use.UNKNOWN;
    }
    return train ? Use.TRAIN : Use.HELD_OUT;
  }
}
