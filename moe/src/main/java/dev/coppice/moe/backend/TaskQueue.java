package dev.coppice.moe.backend;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Numbered tasks, each for the first free thread. */
public final class TaskQueue {
  private final AtomicInteger next = new AtomicInteger();

  /** Takes one task and does it; false where none was left. */
  public boolean takeOne(int count, IntConsumer work) {
    int task = next.getAndIncrement();
    if (task >= count) {
      return false;
    }
    work.accept(task);
    return true;
  }

  /** Takes tasks until none is left; others may still be at theirs. */
  public void takeAll(int count, IntConsumer work) {
    boolean more = true;
    while (more) {
      more = takeOne(count, work);
    }
  }
}
