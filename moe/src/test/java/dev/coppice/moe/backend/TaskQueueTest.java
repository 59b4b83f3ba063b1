package dev.coppice.moe.backend;

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
class TaskQueueTest {
  private static final int COUNT = 10_000;

  @Test
  void eachPieceIsDoneOnceWhoeverTakesIt() throws Exception {
    TaskQueue tasks = new TaskQueue();
    AtomicIntegerArray done = new AtomicIntegerArray(COUNT);
    ExecutorService threads = Executors.newFixedThreadPool(3);
    List<Future<?>> running = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      running.add(threads.submit(() -> tasks.takeAll(COUNT, done::incrementAndGet)));
    }
    for (Future<?> each : running) {
      each.get();
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    for (int task = 0; task < COUNT; task++) {
      assertThat(done.get(task)).isEqualTo(1);
    }
  }

  @Test
  void oneAtATimeUntilNoneIsLeft() {
    TaskQueue tasks = new TaskQueue();
    List<Integer> taken = new ArrayList<>();
    assertThat(tasks.takeOne(2, taken::add)).isTrue();
    assertThat(tasks.takeOne(2, taken::add)).isTrue();
    assertThat(tasks.takeOne(2, taken::add)).isFalse();
    assertThat(taken).containsExactly(0, 1);
  }
}
