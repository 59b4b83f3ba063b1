package dev.coppice.moe.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PiecesTest {
  private static final int COUNT = 10_000;

  @Test
  void eachPieceIsDoneOnceWhoeverTakesIt() throws Exception {
    Pieces pieces = new Pieces();
    AtomicIntegerArray done = new AtomicIntegerArray(COUNT);
    ExecutorService threads = Executors.newFixedThreadPool(3);
    List<Future<?>> running = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      running.add(threads.submit(() -> pieces.takeAll(COUNT, done::incrementAndGet)));
    }
    for (Future<?> each : running) {
      each.get();
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    for (int piece = 0; piece < COUNT; piece++) {
      assertThat(done.get(piece)).isEqualTo(1);
    }
  }

  @Test
  void oneAtATimeUntilNoneIsLeft() {
    Pieces pieces = new Pieces();
    List<Integer> taken = new ArrayList<>();
    assertThat(pieces.takeOne(2, taken::add)).isTrue();
    assertThat(pieces.takeOne(2, taken::add)).isTrue();
    assertThat(pieces.takeOne(2, taken::add)).isFalse();
    assertThat(taken).containsExactly(0, 1);
  }
}
