package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.train.spec.GuardSpec;
import dev.coppice.train.spec.SpikePolicy;
import dev.coppice.train.store.GuardState;
import org.junit.jupiter.api.Test;

class SpikeGuardTest {
  private static final GuardSpec SPEC = new GuardSpec(SpikePolicy.SKIP, 8, 6, 10, 2, 3);

  private static SpikeGuard seen(int steps) {
    SpikeGuard guard = new SpikeGuard(SPEC, GuardState.EMPTY);
    for (int i = 0; i < steps; i++) {
      guard.saw(2 + 0.01 * (i % 2), 1 + 0.1 * (i % 2), false);
    }
    return guard;
  }

  @Test
  void knowsNoSpikesUntilHalfItsWindowIsSeen() {
    assertThat(seen(3).spikes(100, 100)).isFalse();
    assertThat(seen(4).spikes(100, 1)).isTrue();
  }

  @Test
  void seesALeapOfEitherNumberAndNoFall() {
    SpikeGuard guard = seen(8);
    assertThat(guard.spikes(2.01, 1.1)).isFalse();
    assertThat(guard.spikes(2.1, 1.05)).isTrue();
    assertThat(guard.spikes(2.0, 3)).isTrue();
    assertThat(guard.spikes(0, 0)).isFalse();
  }

  @Test
  void numbersThatAreNotFiniteLeaveTheStatisticsAlone() {
    SpikeGuard guard = seen(8);
    GuardState before = guard.state();
    guard.saw(Double.NaN, 1, false);
    guard.saw(2, Double.POSITIVE_INFINITY, false);
    assertThat(guard.state()).isEqualTo(before);
    assertThat(guard.spikes(2.1, 1.05)).isTrue();
  }

  @Test
  void aLossThatHasMovedForGoodStopsBeingASpike() {
    SpikeGuard guard = seen(8);
    int spikes = 0;
    for (int i = 0; i < 8; i++) {
      boolean spike = guard.spikes(4, 1);
      guard.saw(4, 1, spike);
      spikes += spike ? 1 : 0;
    }
    assertThat(spikes).isBetween(1, 7);
    assertThat(guard.spikes(4, 1)).isFalse();
    assertThat(guard.state().spikes()).isEqualTo(spikes);
  }

  @Test
  void goesOnFromItsState() {
    SpikeGuard guard = new SpikeGuard(SPEC, seen(20).state());
    assertThat(guard.state()).isEqualTo(seen(20).state());
    assertThat(guard.state().losses()).hasSize(8);
    assertThat(guard.spikes(2.1, 1.05)).isTrue();
  }
}
