package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.random.KeyedHash;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import dev.coppice.train.data.token.TestTokens;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.optimizer.OptimizerSpec;
import dev.coppice.train.schedule.Schedule;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A tiny model, a task whose best loss is known, and settings that learn it in seconds. */
final class TinyRuns {
  static final int VOCABULARY = 16;

  /** Entropy of {@link #corpus}: each token has two successors that are as likely. */
  static final double FLOOR = Math.log(2);

  static final MoeSpec MODEL =
      new MoeSpec(
          "qwen3_moe",
          VOCABULARY,
          32,
          GroupedAttention.plain(2, 1, 16, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(4, 2, 32), new LayerSpec.Moe(4, 2, 32)),
          1e-6,
          true,
          64);

  private TinyRuns() {}

  /** A folder with random weights. */
  static Path checkpoint(Path folder) throws IOException {
    Path checkpoint = folder.resolve("tiny");
    TinyCheckpoints.write(checkpoint, MODEL, Dtype.F32, 7);
    return checkpoint;
  }

  /** Documents of 200 tokens in which token t is followed by 5t+1 or 5t+2, mod 16, evenly. */
  static TokenFile corpus(Path file, int documents, long seed) throws IOException {
    List<int[]> made = new ArrayList<>();
    for (int d = 0; d < documents; d++) {
      int[] document = new int[200];
      for (int i = 1; i < document.length; i++) {
        int coin = (int) (KeyedHash.of(seed, d, i) & 1);
        document[i] = (5 * document[i - 1] + 1 + coin) % VOCABULARY;
      }
      made.add(document);
    }
    return TestTokens.write(file, VOCABULARY, made);
  }

  /** Batches of 8 sequences of 16 tokens, a checkpoint every 10 steps. */
  static TrainSpec spec() {
    return TrainSpec.defaults()
        .withSeed(3)
        .withBatch(new BatchSpec(8, 16, 4))
        .withOptimizer(new OptimizerSpec(1e-2, 0.9, 0.95, 1e-8, 0.1, 1, 5))
        .withSchedule(new Schedule.Wsd(0.1, 0.3, 0))
        .withSave(new SaveSpec(10, 2));
  }
}
