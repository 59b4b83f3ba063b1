package dev.coppice.train.data.folder;

import com.google.common.collect.ImmutableListMultimap;
import com.google.common.collect.Multimaps;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Text about files that are left out. */
public final class LeftOuts {
  private static final int NAMES = 3;

  private LeftOuts() {}

  /**
   * Files by reason: a few names of each, and how many more there are.
   *
   * @param leftOut at least one
   */
  public static String abridged(Collection<LeftOut> leftOut) {
    ImmutableListMultimap<String, LeftOut> byReason = Multimaps.index(leftOut, LeftOut::kind);
    return byReason.asMap().entrySet().stream()
        .map(LeftOuts::oneReason)
        .collect(Collectors.joining("; "));
  }

  private static String oneReason(Map.Entry<String, Collection<LeftOut>> entry) {
    List<String> names = entry.getValue().stream().map(LeftOut::words).limit(NAMES).toList();
    int more = entry.getValue().size() - names.size();
    return String.join(", ", names)
        + (more == 0 ? "" : " and " + more + " more")
        + " ("
        + entry.getKey()
        + ")";
  }
}
