package dev.coppice.moe.checkpoint;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import java.math.BigInteger;
import java.util.function.Predicate;

/**
 * The training cost of a checkpoint in FLOPs, entry by entry.
 *
 * <p><em>Sunk</em> compute was spent before the present budget began; <em>extra</em> compute is
 * what the present budget pays. Growth and the start of a new run make all earlier entries sunk.
 *
 * @param entries oldest first
 */
public record ComputeLedger(ImmutableList<Entry> entries) {

  /**
   * One expense.
   *
   * @param purpose what it was spent on, such as {@code train} or {@code continue-train}
   * @param flops by the 6·N_active convention
   * @param tokens trained tokens
   * @param sunk whether it was spent before the present budget
   * @param uses FLOPs by use, where that is known: {@link #FORWARD}, {@link #BACKWARD} and {@link
   *     #TEACHER} add up to {@code flops}; {@link #EVALUATION} stands apart, as no budget pays it
   */
  public record Entry(
      String purpose,
      BigInteger flops,
      long tokens,
      boolean sunk,
      ImmutableSortedMap<String, BigInteger> uses) {
    /** An expense of which no more is known. */
    public Entry(String purpose, BigInteger flops, long tokens, boolean sunk) {
      this(purpose, flops, tokens, sunk, ImmutableSortedMap.of());
    }

    private Entry sunken() {
      return new Entry(purpose, flops, tokens, true, uses);
    }
  }

  /** The trained model's forward passes. */
  public static final String FORWARD = "forward";

  /** The trained model's backward passes. */
  public static final String BACKWARD = "backward";

  /** Forward passes of a teacher. */
  public static final String TEACHER = "teacher";

  /** Looks at held-out text on the way. */
  public static final String EVALUATION = "evaluation";

  /** A ledger without entries. */
  public static ComputeLedger empty() {
    return new ComputeLedger(ImmutableList.of());
  }

  /** This ledger with one more entry. */
  public ComputeLedger plus(Entry entry) {
    return new ComputeLedger(ImmutableList.<Entry>builder().addAll(entries).add(entry).build());
  }

  /** This ledger with all its entries sunk. */
  public ComputeLedger sunkenAll() {
    return new ComputeLedger(
        entries.stream().map(Entry::sunken).collect(ImmutableList.toImmutableList()));
  }

  /** FLOPs of sunk entries. */
  public BigInteger sunkFlops() {
    return sum(Entry::sunk);
  }

  /** FLOPs of entries that the present budget pays. */
  public BigInteger extraFlops() {
    return sum(entry -> !entry.sunk());
  }

  private BigInteger sum(Predicate<Entry> which) {
    return entries.stream()
        .filter(which)
        .map(Entry::flops)
        .reduce(BigInteger.ZERO, BigInteger::add);
  }
}
