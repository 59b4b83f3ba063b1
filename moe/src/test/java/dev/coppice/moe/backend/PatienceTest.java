package dev.coppice.moe.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Threads that wait do not keep a core that others want. */
class PatienceTest {
  private final Patience patience = new Patience();

  @Test
  void eachWaitEndsInSleep() {
    long start = System.nanoTime();
    Patience.Wait wait = patience.begin();
    while (wait.stayAwake()) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(20));
    }
  }

  @Test
  void afterACoreWasTakenWaitsAreShortUntilTheMachineIsTriedAgain() {
    patience.taken(TimeUnit.MILLISECONDS.toNanos(3));
    assertThat(patience.loaded()).isTrue();
    int waits = 0;
    while (patience.loaded()) {
      Patience.Wait wait = patience.begin();
      while (wait.stayAwake()) {
        assertThat(waits).isLessThan(1000);
      }
      waits++;
    }
    assertThat(waits).isGreaterThanOrEqualTo(64);
  }

  @Test
  void anOfferThatNobodyTookIsNoLoad() {
    patience.taken(TimeUnit.MICROSECONDS.toNanos(5));
    assertThat(patience.loaded()).isFalse();
  }
}
