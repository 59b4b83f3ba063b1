package dev.coppice.bench.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import java.math.BigInteger;
import org.junit.jupiter.api.Test;

final class VerdictTest {

  @Test
  void saysWhatIntervalsAllowAndNoMore() {
    String verdict =
        Verdict.of(
            BigInteger.valueOf(2_500_000_000_000L),
            ImmutableList.of(
                new Difference("grown", "scratch", -0.25, -0.3, -0.2),
                new Difference("grown", "kept", 0.01, -0.01, 0.03)));

    assertThat(verdict)
        .isEqualTo(
            "With 2.50T FLOPs more for each, the grown model beats scratch by 0.2500"
                + " [-0.3000 to -0.2000], and is not distinguishable from kept [-0.0100 to +0.0300]"
                + " (held-out loss, nats a byte, 95 % intervals).");
  }

  @Test
  void aDefeatIsCalledOne() {
    assertThat(
            Verdict.of(
                BigInteger.TEN,
                ImmutableList.of(new Difference("grown", "kept", 0.02, 0.01, 0.03))))
        .contains("the grown model loses to kept by 0.0200 [+0.0100 to +0.0300]");
  }

  @Test
  void anIntervalThatTouchesZeroDecidesNothing() {
    assertThat(new Difference("a", "b", -0.1, -0.2, 0).finding())
        .isEqualTo(Difference.Finding.UNDECIDED);
  }
}
