package dev.coppice.train.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;

class SchedulePropertyTest {
  private static final double PEAK = 3e-4;

  @Provide
  Arbitrary<Schedule> schedules() {
    Arbitrary<Double> warmups =
        Arbitraries.oneOf(
            Arbitraries.just(0.0), Arbitraries.doubles().between(0.001, 0.8).ofScale(4));
    Arbitrary<Double> factors = Arbitraries.doubles().between(0, 1);
    Arbitrary<Double> decays = Arbitraries.doubles().between(0.01, 1);
    return Arbitraries.oneOf(
        warmups.map(Schedule.Constant::new),
        Combinators.combine(warmups, factors).as(Schedule.Linear::new),
        Combinators.combine(warmups, factors).as(Schedule.Cosine::new),
        Combinators.combine(warmups, decays, factors)
            .as((w, d, f) -> new Schedule.Wsd(w, d * (1 - w), f)));
  }

  @Property
  void staysBetweenZeroAndThePeak(
      @ForAll("schedules") Schedule schedule, @ForAll @DoubleRange(min = -1, max = 2) double at) {
    assertThat(schedule.at(at, PEAK)).isBetween(0.0, PEAK);
  }

  @Property
  void reachesThePeakWhereTheClimbEnds(@ForAll("schedules") Schedule schedule) {
    assertThat(schedule.at(schedule.warmup(), PEAK)).isCloseTo(PEAK, within(1e-12));
  }

  @Property
  void neverRisesAfterTheClimb(
      @ForAll("schedules") Schedule schedule,
      @ForAll @DoubleRange(max = 1) double one,
      @ForAll @DoubleRange(max = 1) double other) {
    double early = Math.max(schedule.warmup(), Math.min(one, other));
    double late = Math.max(schedule.warmup(), Math.max(one, other));
    assertThat(schedule.at(late, PEAK)).isLessThanOrEqualTo(schedule.at(early, PEAK) + 1e-15);
  }

  @Property
  void hasNoJump(
      @ForAll("schedules") Schedule schedule, @ForAll @DoubleRange(max = 1) double share) {
    checkNoJump(schedule, share);
    checkNoJump(schedule, schedule.warmup());
    if (schedule instanceof Schedule.Wsd wsd) {
      checkNoJump(schedule, 1 - wsd.decay());
    }
  }

  private static void checkNoJump(Schedule schedule, double share) {
    double before = Math.max(0, share - 1e-12);
    // the steepest place is a root over a five-hundredth of the budget
    double bound = PEAK * (Math.sqrt(2e-12 / 0.002) + 2e-12 / 0.001);
    double jump = Math.abs(schedule.at(share + 1e-12, PEAK) - schedule.at(before, PEAK));
    assertThat(jump).isLessThanOrEqualTo(bound);
  }
}
