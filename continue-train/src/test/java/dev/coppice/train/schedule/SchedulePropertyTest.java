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
    Arbitrary<Double> warmups = Arbitraries.doubles().between(0, 0.8);
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
    // the steepest places: a root over a hundredth of the budget, and a climb over next to nothing
    double step = 1e-9;
    double slope = schedule.warmup() > 0 ? step / schedule.warmup() : 0;
    double bound = PEAK * (Math.sqrt(step / 0.002) + Math.min(1, slope) + 10 * step / 0.2);
    double jump = Math.abs(schedule.at(share + step, PEAK) - schedule.at(share, PEAK));
    assertThat(jump).isLessThanOrEqualTo(bound);
  }
}
