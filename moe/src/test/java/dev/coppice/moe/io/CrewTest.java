package dev.coppice.moe.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CrewTest {
  @Test
  void carriesOutAllTasks() throws IOException {
    AtomicInteger sum = new AtomicInteger();
    AtomicInteger ticks = new AtomicInteger();
    try (Crew crew = new Crew("test", 3)) {
      for (int i = 1; i <= 100; i++) {
        int addend = i;
        crew.start(() -> sum.addAndGet(addend));
      }
      crew.await(ticks::incrementAndGet);
    }
    assertThat(sum).hasValue(5050);
    assertThat(ticks).hasPositiveValue();
  }

  @Test
  void theFirstFailureStopsAllAndIsTheOneReported() {
    AtomicInteger begun = new AtomicInteger();
    CountDownLatch failed = new CountDownLatch(1);
    try (Crew crew = new Crew("test", 2)) {
      crew.start(
          () -> {
            failed.await();
            while (!crew.stopped()) {
              Thread.onSpinWait();
            }
            throw new IOException("second");
          });
      crew.start(
          () -> {
            failed.countDown();
            throw new IOException("first");
          });
      for (int i = 0; i < 50; i++) {
        crew.start(
            () -> {
              Thread.sleep(20);
              return begun.incrementAndGet();
            });
      }
      assertThatThrownBy(() -> crew.await(() -> {}))
          .isInstanceOf(IOException.class)
          .hasMessage("first");
      assertThat(crew.stopped()).isTrue();
    }
    assertThat(begun).hasValueLessThan(50);
  }

  @Test
  void aTaskGivesItsResultOrTheFirstFailure() throws IOException {
    try (Crew crew = new Crew("test", 1)) {
      assertThat(crew.call(() -> 7).result()).isEqualTo(7);
      Crew.Task<Integer> bad =
          crew.call(
              () -> {
                throw new IllegalStateException("bad");
              });
      Crew.Task<Integer> later = crew.call(() -> 8);
      assertThatThrownBy(bad::result).isInstanceOf(IllegalStateException.class).hasMessage("bad");
      assertThatThrownBy(later::result).isInstanceOf(IllegalStateException.class).hasMessage("bad");
    }
  }
}
