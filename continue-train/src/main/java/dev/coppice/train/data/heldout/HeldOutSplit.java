package dev.coppice.train.data.heldout;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.random.KeyedHash;
import dev.coppice.train.data.text.TextDocument;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Documents for training and documents for evaluation; none is in both.
 *
 * @param train documents to train on, in the order given
 * @param heldOut documents for evaluation, in the given order
 */
public record HeldOutSplit(ImmutableList<TextDocument> train, ImmutableList<TextDocument> heldOut) {

  /**
   * Splits by file. Documents are held out in an order that the seed and their text decide, until
   * they make up the share; at least one is held out, and at least one is left.
   *
   * @param documents at least two, of different text
   * @param share of all bytes to hold out, in (0, 1)
   * @param seed which of the splits
   * @throws CoppiceException when there are fewer than two documents
   */
  public static HeldOutSplit of(List<TextDocument> documents, double share, long seed) {
    checkArgument(share > 0 && share < 1, "held-out share must lie in (0, 1), got %s", share);
    if (documents.size() < 2) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "a held-out split needs at least 2 text files, got " + documents.size());
    }
    Set<TextDocument> chosen = choose(documents, share, seed);
    return new HeldOutSplit(
        documents.stream()
            .filter(d -> !chosen.contains(d))
            .collect(ImmutableList.toImmutableList()),
        documents.stream().filter(chosen::contains).collect(ImmutableList.toImmutableList()));
  }

  private static Set<TextDocument> choose(List<TextDocument> documents, double share, long seed) {
    List<TextDocument> shuffled = new ArrayList<>(documents);
    shuffled.sort(
        Comparator.comparingLong((TextDocument d) -> rank(d, seed))
            .thenComparing(TextDocument::sha256));
    double wanted = share * documents.stream().mapToLong(TextDocument::bytes).sum();
    Set<TextDocument> chosen = new HashSet<>();
    long bytes = 0;
    for (TextDocument document : shuffled.subList(0, shuffled.size() - 1)) {
      if (bytes >= wanted) {
        break;
      }
      chosen.add(document);
      bytes += document.bytes();
    }
    return chosen;
  }

  private static long rank(TextDocument document, long seed) {
    return KeyedHash.of(seed, document.key());
  }
}
