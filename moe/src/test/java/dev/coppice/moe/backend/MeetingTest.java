package dev.coppice.moe.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MeetingTest {
  private static final int MEMBERS = 3;

  private final ExecutorService threads = Executors.newFixedThreadPool(MEMBERS);
  private final Meeting meeting = new Meeting(MEMBERS, new Patience());

  @AfterEach
  void endThreads() throws InterruptedException {
    threads.shutdownNow();
    assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  private int waits() {
    meeting.await();
    return 0;
  }

  private List<Future<Integer>> start(List<Callable<Integer>> tasks) {
    List<Future<Integer>> running = new ArrayList<>();
    tasks.forEach(task -> running.add(threads.submit(meeting.task(task))));
    return running;
  }

  @Test
  void nobodyGoesOnBeforeAllHaveCome() throws Exception {
    AtomicInteger came = new AtomicInteger();
    Callable<Integer> task =
        () -> {
          int seen = 0;
          for (int round = 1; round <= 1000; round++) {
            came.incrementAndGet();
            meeting.await();
            seen = came.get();
            assertThat(seen).isEqualTo(MEMBERS * round);
            meeting.await();
          }
          return seen;
        };
    for (Future<Integer> each : start(List.of(task, task, task))) {
      assertThat(each.get()).isEqualTo(MEMBERS * 1000);
    }
  }

  @Test
  void oneFaultEndsTheWaitingOfAll() {
    IllegalStateException fault = new IllegalStateException("fault");
    Callable<Integer> fails =
        () -> {
          throw fault;
        };
    for (Future<Integer> each : start(List.of(this::waits, fails, this::waits))) {
      assertThatThrownBy(each::get).isInstanceOf(ExecutionException.class).hasCause(fault);
    }
  }

  @Test
  void whoComesAfterAFaultDoesNotWait() {
    assertThatThrownBy(
            meeting.task(
                    () -> {
                      throw new OutOfMemoryError("fault");
                    })
                ::call)
        .isInstanceOf(OutOfMemoryError.class);
    assertThatThrownBy(meeting::await).isInstanceOf(OutOfMemoryError.class).hasMessage("fault");
  }

  @Test
  void whoWaitsDoesWhatIsLeftMeanwhile() throws Exception {
    CountDownLatch done = new CountDownLatch(3);
    Callable<Integer> waits =
        () -> {
          meeting.await(
              () -> {
                done.countDown();
                return done.getCount() > 0;
              });
          return 0;
        };
    Callable<Integer> comesLast =
        () -> {
          done.await();
          meeting.await();
          return 0;
        };
    for (Future<Integer> each : start(List.of(waits, waits, comesLast))) {
      assertThat(each.get()).isZero();
    }
  }

  @Test
  void faultOfWhatIsDoneMeanwhileEndsTheWaitingOfAll() {
    IllegalStateException fault = new IllegalStateException("fault");
    Callable<Integer> fails =
        () -> {
          meeting.await(
              () -> {
                throw fault;
              });
          return 0;
        };
    for (Future<Integer> each : start(List.of(fails, this::waits))) {
      assertThatThrownBy(each::get).isInstanceOf(ExecutionException.class).hasCause(fault);
    }
  }
}
