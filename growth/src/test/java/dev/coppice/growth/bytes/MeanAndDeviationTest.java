package dev.coppice.growth.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.coppice.moe.number.FloatFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MeanAndDeviationTest {
  @Test
  void agreesWithTwoPassesInEveryFormat() {
    Random random = new Random(1);
    for (FloatFormat format : FloatFormat.values()) {
      int n = 10_001;
      ByteBuffer bytes = ByteBuffer.allocate(n * format.bytes()).order(ByteOrder.LITTLE_ENDIAN);
      double mean = 0;
      for (int i = 0; i < n; i++) {
        format.put(bytes, i, (float) (5 + 0.02 * random.nextGaussian()));
        mean += format.get(bytes, i) / (double) n;
      }
      double squares = 0;
      double norm = 0;
      for (int i = 0; i < n; i++) {
        squares += Math.pow(format.get(bytes, i) - mean, 2);
        norm += Math.pow(format.get(bytes, i), 2);
      }
      MeanAndDeviation moments = new MeanAndDeviation();
      moments.add(format, bytes);
      assertThat(moments.count()).isEqualTo(n);
      assertThat(moments.std()).isCloseTo(Math.sqrt(squares / (n - 1)), within(1e-9));
      assertThat(moments.rootMeanSquare()).isCloseTo(Math.sqrt(norm / n), within(1e-9));
    }
  }

  @Test
  void nothingAndOneHaveNoDeviation() {
    MeanAndDeviation moments = new MeanAndDeviation();
    assertThat(moments.std()).isZero();
    assertThat(moments.rootMeanSquare()).isZero();
    ByteBuffer one = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, 3);
    moments.add(FloatFormat.F32, one);
    assertThat(moments.std()).isZero();
    assertThat(moments.rootMeanSquare()).isEqualTo(3);
  }
}
