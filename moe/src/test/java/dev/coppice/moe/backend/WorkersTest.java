package dev.coppice.moe.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WorkersTest {
  @Test
  void noMoreThreadsRunThanTheLargestTeamHas() {
    Set<String> seen = new HashSet<>();
    try (Workers workers = Backend.forThisMachine().newWorkers()) {
      for (int members : new int[] {2, 2, 2, 3, 2, 3}) {
        seen.addAll(team(workers, members));
      }
    }
    assertThat(seen).hasSize(3);
  }

  private static List<String> team(Workers workers, int members) {
    Meeting meeting = workers.meeting(members);
    List<Callable<String>> tasks =
        IntStream.range(0, members).mapToObj(member -> named(meeting)).toList();
    return workers.run(members, tasks);
  }

  private static Callable<String> named(Meeting meeting) {
    return meeting.task(
        () -> {
          meeting.await();
          return Thread.currentThread().getName();
        });
  }
}
