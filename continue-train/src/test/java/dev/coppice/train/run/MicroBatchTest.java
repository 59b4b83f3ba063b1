package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Micro-batches take less memory, and are the same training but for rounding. */
class MicroBatchTest {
  @TempDir Path folder;

  private List<MetricsLine> lines(Path checkpoint, int microBatch) throws IOException {
    TrainSpec spec =
        TinyRuns.spec()
            .withBatch(new BatchSpec(4, 15, microBatch))
            .withLoss(new LossSpec(0.3, 0.01, 0));
    Path out = folder.resolve("run-" + microBatch);
    try (TokenFile data = TinyRuns.corpus(folder.resolve(microBatch + ".tokens"), 2, 1);
        TrainingRun run = TrainingRun.start(spec, checkpoint, data, new Budget.Steps(5), out)) {
      return MetricsLog.read(run.run(ProgressListener.NONE).lossCurve());
    }
  }

  @Test
  void metricsOfEachStepAreThoseOfTheWholeBatch() throws IOException {
    Path checkpoint = TinyRuns.checkpoint(folder);
    List<MetricsLine> whole = lines(checkpoint, 4);
    List<MetricsLine> parted = lines(checkpoint, 1);
    assertThat(whole).hasSize(5);
    for (int i = 0; i < whole.size(); i++) {
      MetricsLine expected = whole.get(i);
      MetricsLine found = parted.get(i);
      assertClose(found.loss(), expected.loss());
      assertClose(found.loadBalance(), expected.loadBalance());
      assertClose(found.z(), expected.z());
      assertClose(found.gradientNorm(), expected.gradientNorm());
      assertThat(found.extraFlops()).isEqualTo(expected.extraFlops());
    }
  }

  private static void assertClose(@Nullable Double found, @Nullable Double expected) {
    assertThat(Objects.requireNonNull(found))
        .isCloseTo(Objects.requireNonNull(expected), within(1e-4));
  }
}
