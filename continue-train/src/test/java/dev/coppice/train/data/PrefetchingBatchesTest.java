package dev.coppice.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.model.TokenBatch;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PrefetchingBatchesTest {
  /** Window c holds the number c; draws from a failing one on throw. */
  private record Counting(long failing) implements BatchSource {
    @Override
    public long windowsPerPass() {
      return 99;
    }

    @Override
    public TokenBatch batch(long counter, int count) {
      if (counter + count > failing) {
        throw new IllegalStateException("no window " + failing);
      }
      int[] ids = new int[count];
      Arrays.setAll(ids, i -> (int) counter + i);
      return TokenBatch.unlabelled(ids, count);
    }
  }

  @Test
  void batchesAreTheSourcesInAnyOrderOfAsking() {
    BatchSource source = new Counting(1000);
    try (PrefetchingBatches ahead = new PrefetchingBatches(source)) {
      long[][] asked = {{0, 4}, {4, 4}, {8, 4}, {12, 2}, {14, 2}, {3, 5}, {3, 5}, {8, 5}, {0, 1}};
      for (long[] each : asked) {
        assertThat(ahead.batch(each[0], (int) each[1]))
            .isEqualTo(source.batch(each[0], (int) each[1]));
      }
      assertThat(ahead.windowsPerPass()).isEqualTo(99);
    }
  }

  @Test
  void aFailureAheadIsThrownWhenItsBatchIsAskedFor() {
    try (PrefetchingBatches ahead = new PrefetchingBatches(new Counting(8))) {
      ahead.batch(0, 4);
      ahead.batch(4, 4);
      assertThatThrownBy(() -> ahead.batch(8, 4)).hasMessage("no window 8");
    }
  }
}
