package dev.coppice.train.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  /** Values worked out by hand from the formulas, peak 1. */
  private static void check(Schedule schedule, double... sharesAndValues) {
    for (int i = 0; i < sharesAndValues.length; i += 2) {
      assertThat(schedule.at(sharesAndValues[i], 1))
          .as("at %s", sharesAndValues[i])
          .isCloseTo(sharesAndValues[i + 1], within(1e-12));
    }
  }

  @Test
  void constantClimbsAndStays() {
    check(new Schedule.Constant(0.2), 0, 0, 0.1, 0.5, 0.2, 1, 0.6, 1, 1, 1);
    check(new Schedule.Constant(0), 0, 1, 1, 1);
  }

  @Test
  void linearFallsToItsFinalFactor() {
    check(new Schedule.Linear(0.2, 0.1), 0.1, 0.5, 0.2, 1, 0.6, 0.55, 1, 0.1);
    check(new Schedule.Linear(0, 0), 0, 1, 0.25, 0.75, 1, 0);
  }

  @Test
  void cosineFallsToItsFinalFactor() {
    double quarter = 0.1 + 0.9 * (1 + Math.sqrt(0.5)) / 2;
    check(new Schedule.Cosine(0.2, 0.1), 0.1, 0.5, 0.2, 1, 0.4, quarter, 0.6, 0.55, 1, 0.1);
  }

  @Test
  void wsdStaysAndThenFalls() {
    Schedule wsd = new Schedule.Wsd(0.1, 0.4, 0.2);
    check(wsd, 0.05, 0.5, 0.1, 1, 0.59, 1, 0.7, 0.2 + 0.8 * 0.5, 1, 0.2);
    check(new Schedule.Wsd(0.5, 0.5, 0), 0.25, 0.5, 0.625, 0.5, 1, 0);
  }

  @Test
  void scalesWithThePeakAndHoldsOutside() {
    Schedule linear = new Schedule.Linear(0.5, 0.5);
    assertThat(linear.at(0.25, 3e-4)).isEqualTo(1.5e-4);
    assertThat(linear.at(-1, 3e-4)).isZero();
    assertThat(linear.at(2, 3e-4)).isEqualTo(1.5e-4);
  }

  @Test
  void refusesSharesOutOfRange() {
    assertThatThrownBy(() -> new Schedule.Constant(1))
        .hasMessage("warmup must lie in [0, 1), got 1.0");
    assertThatThrownBy(() -> new Schedule.Cosine(0, 1.5))
        .hasMessage("final factor must lie in [0, 1], got 1.5");
    assertThatThrownBy(() -> new Schedule.Wsd(0.3, 0.8, 0))
        .hasMessage("decay must lie in (0, 1 - warmup], got 0.8");
  }

  @Test
  void isReadBackFromJson() throws IOException {
    List<Schedule> schedules =
        List.of(
            new Schedule.Constant(0.1),
            new Schedule.Linear(0.1, 0.2),
            new Schedule.Cosine(0.1, 0.2),
            new Schedule.Wsd(0.1, 0.2, 0.3));
    for (Schedule schedule : schedules) {
      String json = TrainJson.mapper().writerFor(Schedule.class).writeValueAsString(schedule);
      assertThat(TrainJson.mapper().readValue(json, Schedule.class)).isEqualTo(schedule);
    }
  }
}
