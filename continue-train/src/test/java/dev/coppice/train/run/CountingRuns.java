package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.Environment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Runs of {@link CountingTrainee}, on a machine that tests may change. */
final class CountingRuns {
  static final Environment ENVIRONMENT = new Environment("1", "kernels", "AVX2", "cpu", 1);

  private static final MoeSpec MODEL =
      new MoeSpec(
          "qwen3_moe",
          TinyRuns.VOCABULARY,
          8,
          GroupedAttention.plain(1, 1, 8, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(2, 1, 8)),
          1e-6,
          true,
          64);

  final CountingTrainee.World world = new CountingTrainee.World();
  final AtomicReference<Environment> environment = new AtomicReference<>(ENVIRONMENT);
  final AtomicLong free = new AtomicLong(Long.MAX_VALUE);
  final AtomicLong nanos = new AtomicLong();
  private final Path inputs;

  /** Runs from inputs that {@link #prepare} made. */
  CountingRuns(Path inputs) {
    this.inputs = inputs;
  }

  static void prepare(Path inputs) throws IOException {
    TinyCheckpoints.write(inputs.resolve("tiny"), MODEL, Dtype.F32, 7);
    TinyRuns.corpus(inputs.resolve("train.tokens"), 10, 1).close();
  }

  RunOpener opener() {
    return new RunOpener(
        world.factory(), new Host(environment::get, true, folder -> free.get(), nanos::get));
  }

  /** Batches of 2 sequences of 8 tokens. */
  static TrainSpec spec(SaveSpec save) {
    return TinyRuns.spec().withBatch(new BatchSpec(2, 8, 2)).withSave(save);
  }

  TrainingRun start(TrainSpec spec, long steps, Path out) throws IOException {
    TokenFile data = TokenFile.open(inputs.resolve("train.tokens"));
    return opener()
        .start(new RunRequest(spec, inputs.resolve("tiny"), data, new Budget.Steps(steps), out));
  }

  TrainResult train(TrainSpec spec, long steps, Path out) throws IOException {
    try (TrainingRun run = start(spec, steps, out)) {
      return run.run(ProgressListener.NONE);
    }
  }

  TrainResult resume(Path out) throws IOException {
    try (TrainingRun run = opener().resume(out)) {
      return run.run(ProgressListener.NONE);
    }
  }
}
