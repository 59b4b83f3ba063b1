package dev.coppice.moe.checkpoint;

import com.google.common.collect.ImmutableList;
import java.math.BigInteger;
import java.util.function.Predicate;

/**
 * What it has cost to make a checkpoint, in training FLOPs, entry by entry.
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
   */
  public record Entry(String purpose, BigInteger flops, long tokens, boolean sunk) {
    private Entry sunken() {
      return new Entry(purpose, flops, tokens, true);
    }
  }

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
