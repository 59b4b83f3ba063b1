package dev.coppice.train.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.coppice.train.distill.TeacherSpec.Fall;
import org.junit.jupiter.api.Test;

class TeacherSpecTest {
  private static TeacherSpec falling(Fall fall) {
    return new TeacherSpec("teacher", 1, 2, fall, 0.5, 0);
  }

  @Test
  void fallsFromItsWeightToZeroAtItsShare() {
    for (Fall fall : Fall.values()) {
      TeacherSpec spec = falling(fall);
      assertThat(spec.at(0)).isEqualTo(2);
      assertThat(spec.at(0.499999)).isGreaterThan(0);
      assertThat(spec.at(0.5)).isZero();
      assertThat(spec.at(1)).isZero();
    }
  }

  @Test
  void fallsAsItsKindSays() {
    assertThat(falling(Fall.CONSTANT).at(0.4)).isEqualTo(2);
    assertThat(falling(Fall.LINEAR).at(0.4)).isCloseTo(0.4, within(1e-12));
    assertThat(falling(Fall.COSINE).at(0.25)).isCloseTo(1, within(1e-12));
    assertThat(falling(Fall.COSINE).at(0.4)).isLessThan(falling(Fall.LINEAR).at(0.4));
  }

  @Test
  void refusesWhatIsNoTeacher() {
    assertThatThrownBy(() -> new TeacherSpec("t", 0, 1, Fall.LINEAR, 0.5, 0))
        .hasMessage("teacher temperature must be positive, got 0.0");
    assertThatThrownBy(() -> new TeacherSpec("t", 1, 0, Fall.LINEAR, 0.5, 0))
        .hasMessage("teacher weight must be positive, got 0.0");
    assertThatThrownBy(() -> new TeacherSpec("t", 1, 1, Fall.LINEAR, 1.5, 0))
        .hasMessage("teacher's share must lie in (0, 1], got 1.5");
  }
}
