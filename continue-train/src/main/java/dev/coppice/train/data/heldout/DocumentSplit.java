package dev.coppice.train.data.heldout;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.VerifyException;
import com.google.common.hash.Hashing;
import com.google.common.primitives.ImmutableLongArray;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.random.KeyedHash;
import dev.coppice.train.data.token.DocumentCopy;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Some tokens without the documents that are held out for evaluation.
 *
 * <p>Documents are held out in an order that the seed and their keys decide, until they make up the
 * share of the tokens; equal documents go together; at least one is held out and one is left.
 * Memory: two numbers for each that is held out. Cost of making it: the keys of all documents,
 * three times.
 */
final class DocumentSplit implements Split {
  private static final int BUCKETS = 1 << 16;

  private final TokenSequence all;
  private final String fingerprint;

  /** Documents that are held out, in order. */
  private final ImmutableLongArray heldOut;

  /** For each of them: where what follows it starts here, and how many tokens are missing then. */
  private final long[] resumes;

  private final long[] missing;

  private DocumentSplit(TokenSequence all, ImmutableLongArray heldOut, String fingerprint) {
    this.all = all;
    this.heldOut = heldOut;
    this.fingerprint = fingerprint;
    this.resumes = new long[heldOut.length()];
    this.missing = new long[heldOut.length()];
    long gone = 0;
    for (int i = 0; i < resumes.length; i++) {
      long start = all.documentStart(heldOut.get(i));
      resumes[i] = start - gone;
      gone += all.documentStart(heldOut.get(i) + 1) - start;
      missing[i] = gone;
    }
  }

  /**
   * Splits tokens.
   *
   * @param all with at least two different documents; closed with the split
   * @param share of all tokens to hold out, in (0, 1)
   * @param seed which of the splits
   * @throws CoppiceException when there are fewer than two different documents
   */
  static DocumentSplit of(TokenSequence all, double share, long seed) {
    checkArgument(share > 0 && share < 1, "held-out share must lie in (0, 1), got %s", share);
    ImmutableLongArray heldOut = new Choice(all, share, seed).documents();
    String made = all.fingerprint() + " without " + share + " by " + seed;
    return new DocumentSplit(
        all, heldOut, Hashing.sha256().hashString(made, StandardCharsets.US_ASCII).toString());
  }

  /** Documents that are held out, in order. */
  ImmutableLongArray heldOut() {
    return heldOut;
  }

  @Override
  public TokenSequence all() {
    return all;
  }

  @Override
  public void copyHeldOut(DocumentCopy to) throws IOException {
    for (long document : heldOut.asList()) {
      to.add(all, document);
    }
  }

  @Override
  public Path path() {
    return all.path();
  }

  @Override
  public long tokenCount() {
    return all.tokenCount() - missing[missing.length - 1];
  }

  @Override
  public long documentCount() {
    return all.documentCount() - heldOut.length();
  }

  @Override
  public long documentStart(long document) {
    int before = heldOutBefore(document);
    return all.documentStart(document + before) - gone(before);
  }

  @Override
  public long documentKey(long document) {
    return all.documentKey(document + heldOutBefore(document));
  }

  /** How many are held out before the document that has a number here; at the end, all. */
  private int heldOutBefore(long document) {
    int low = 0;
    int high = heldOut.length();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (heldOut.get(middle) - middle <= document) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private long gone(int before) {
    return before == 0 ? 0 : missing[before - 1];
  }

  @Override
  public int token(long index) {
    checkArgument(
        index >= 0 && index < tokenCount(),
        "token index must lie in 0..%s, got %s",
        tokenCount() - 1,
        index);
    int found = Arrays.binarySearch(resumes, index + 1);
    // documents that resume at one place are next to each other: step over all of them
    int before = found >= 0 ? found : -found - 1;
    while (before > 0 && resumes[before - 1] > index) {
      before--;
    }
    return all.token(index + gone(before));
  }

  @Override
  public int vocabularySize() {
    return all.vocabularySize();
  }

  @Override
  public String fingerprint() {
    return fingerprint;
  }

  @Override
  public void verify() throws IOException {
    all.verify();
  }

  @Override
  public void close() throws IOException {
    all.close();
  }

  /** Which documents are held out. */
  private static final class Choice {
    private final TokenSequence all;
    private final double share;
    private final long seed;
    private long highest;

    Choice(TokenSequence all, double share, long seed) {
      this.all = all;
      this.share = share;
      this.seed = seed;
    }

    ImmutableLongArray documents() {
      long[] tokensByBucket = new long[BUCKETS];
      for (long d = 0; d < all.documentCount(); d++) {
        long rank = rank(d);
        tokensByBucket[bucket(rank)] += length(d);
        highest = Long.compareUnsigned(rank, highest) > 0 ? rank : highest;
      }
      long wanted = Math.max(1, (long) Math.ceil(share * all.tokenCount()));
      int last = 0;
      long before = 0;
      while (before + tokensByBucket[last] < wanted) {
        before += tokensByBucket[last++];
      }
      return upTo(limit(last, wanted - before));
    }

    /** The rank up to which documents of a bucket make up some tokens. */
    private long limit(int bucket, long wanted) {
      long tokens = 0;
      for (Ranked each : inBucket(bucket)) {
        tokens += each.tokens();
        if (tokens >= wanted) {
          return each.rank();
        }
      }
      throw new VerifyException("bucket must hold the tokens that were counted, got " + tokens);
    }

    private List<Ranked> inBucket(int bucket) {
      List<Ranked> found = new ArrayList<>();
      for (long d = 0; d < all.documentCount(); d++) {
        long rank = rank(d);
        if (bucket(rank) == bucket) {
          found.add(new Ranked(rank, length(d)));
        }
      }
      found.sort((a, b) -> Long.compareUnsigned(a.rank(), b.rank()));
      return found;
    }

    /** Documents up to a rank, but for those of the highest rank, which are left. */
    private ImmutableLongArray upTo(long limit) {
      ImmutableLongArray.Builder chosen = ImmutableLongArray.builder();
      for (long d = 0; d < all.documentCount(); d++) {
        long rank = rank(d);
        if (Long.compareUnsigned(rank, limit) <= 0 && rank != highest) {
          chosen.add(d);
        }
      }
      ImmutableLongArray found = chosen.build();
      if (found.isEmpty()) {
        throw new CoppiceException(
            ErrorKind.INPUT_INVALID,
            "held-out text needs at least 2 different documents in the data, got "
                + all.documentCount()
                + " (a file of text is one document, a line of JSON is one)");
      }
      return found;
    }

    private long rank(long document) {
      return KeyedHash.of(seed, all.documentKey(document));
    }

    private static int bucket(long rank) {
      return (int) (rank >>> 48);
    }

    private long length(long document) {
      return all.documentStart(document + 1) - all.documentStart(document);
    }

    private record Ranked(long rank, long tokens) {}
  }
}
