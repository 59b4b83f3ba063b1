package dev.coppice.moe.model;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Numbered pieces of work, each for the first thread that asks. */
final class Pieces {
  private final AtomicInteger next = new AtomicInteger();

  /** Takes one piece and does it; false where none was left. */
  boolean takeOne(int count, IntConsumer work) {
    int piece = next.getAndIncrement();
    if (piece >= count) {
      return false;
    }
    work.accept(piece);
    return true;
  }

  /** Takes pieces until none is left; others may still be at theirs. */
  void takeAll(int count, IntConsumer work) {
    boolean more = true;
    while (more) {
      more = takeOne(count, work);
    }
  }
}
