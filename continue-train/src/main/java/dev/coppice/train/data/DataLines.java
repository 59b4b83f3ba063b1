package dev.coppice.train.data;

import dev.coppice.train.data.folder.LeftOut;
import dev.coppice.train.data.folder.LeftOuts;
import dev.coppice.train.data.reading.EndToken;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The lines about data before its use: a line a part. */
public final class DataLines {
  private static final int PATHS = 4;

  private DataLines() {}

  /**
   * A line a part: paths and forms, files, documents, tokens, windows, passes, the token that ends
   * documents, and what was left out.
   *
   * @param data that was read
   */
  public static List<String> of(DataRecord data) {
    double weights = data.parts().stream().mapToDouble(PartRecord::weight).sum();
    List<String> lines = new ArrayList<>();
    for (PartRecord part : data.parts()) {
      String title =
          data.parts().size() == 1
              ? "data: "
              : String.format(
                  Locale.ROOT,
                  "data %d of %d, share %.1f %%: ",
                  lines.size() + 1,
                  data.parts().size(),
                  100 * part.weight() / weights);
      lines.add(title + counts(part) + end(data) + leftOut(part));
    }
    return lines;
  }

  /** The lines of the parts of which files were left out. */
  public static List<String> ofIncomplete(DataRecord data) {
    List<String> lines = of(data);
    return IntStream.range(0, lines.size())
        .filter(part -> !leftOut(data.parts().get(part)).isEmpty())
        .mapToObj(lines::get)
        .toList();
  }

  private static String counts(PartRecord part) {
    int files = part.paths().stream().mapToInt(path -> path.files().size()).sum();
    StringBuilder text = new StringBuilder(paths(part));
    text.append(String.format(Locale.ROOT, ": %s", number(files, "file")))
        .append(String.format(Locale.ROOT, ", %s", number(part.documents(), "document")))
        .append(String.format(Locale.ROOT, ", %s", number(part.tokens(), "token")));
    Optional.ofNullable(part.windows())
        .ifPresent(windows -> text.append(", ").append(number(windows, "whole window")));
    Optional.ofNullable(part.passes())
        .ifPresent(passes -> text.append(String.format(Locale.ROOT, ", %.3g passes", passes)));
    return text.toString();
  }

  private static String number(long count, String noun) {
    return String.format(Locale.ROOT, "%,d %s%s", count, noun, count == 1 ? "" : "s");
  }

  private static String paths(PartRecord part) {
    String named =
        part.paths().stream()
            .limit(PATHS)
            .map(path -> path.given() + " (" + path.form().words() + ")")
            .collect(Collectors.joining(", "));
    int more = part.paths().size() - PATHS;
    return more > 0 ? named + " and " + more + " more paths" : named;
  }

  private static String end(DataRecord data) {
    EndToken end = data.end();
    if (end == null) {
      return "; no token ends documents";
    }
    String text = end.text() == null || end.text().isEmpty() ? "" : "`" + end.text() + "` ";
    return "; documents end with " + text + end.id() + ", from " + end.origin();
  }

  /** Files of a path that are left out, if any. */
  static Optional<String> leftOut(String title, PathRecord path) {
    return path.leftOut().isEmpty()
        ? Optional.empty()
        : Optional.of(
            title + " " + path.given() + ": left out: " + LeftOuts.abridged(path.leftOut()));
  }

  private static String leftOut(PartRecord part) {
    List<LeftOut> all = part.paths().stream().flatMap(path -> path.leftOut().stream()).toList();
    return all.isEmpty() ? "" : "; left out: " + LeftOuts.abridged(all);
  }
}
