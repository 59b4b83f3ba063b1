package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.train.AdamWSettings;
import dev.coppice.moe.train.ExpertLoad;
import dev.coppice.moe.train.LossStats;
import dev.coppice.moe.train.LossWeights;
import dev.coppice.moe.train.ModelState;
import dev.coppice.moe.train.UpdateReport;
import dev.coppice.train.eval.EvalReport;
import dev.coppice.train.eval.EvalSpec;
import dev.coppice.train.eval.HeldOutText;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoublePredicate;

/** Makes trainees as another factory does, and keeps the batches that they learn from. */
final class BatchRecorder implements TraineeFactory {
  private final TraineeFactory factory;
  private final List<TokenBatch> batches = new ArrayList<>();

  BatchRecorder(TraineeFactory factory) {
    this.factory = factory;
  }

  /** All batches so far, in order. */
  List<TokenBatch> batches() {
    return batches;
  }

  @Override
  public Trainee make(Checkpoint checkpoint, TrainSpec spec, boolean resumed) throws IOException {
    return new Recorded(factory.make(checkpoint, spec, resumed), batches);
  }

  private record Recorded(Trainee trainee, List<TokenBatch> batches) implements Trainee {
    @Override
    public void threads(int count) {
      trainee.threads(count);
    }

    @Override
    public LossStats accumulate(
        ImmutableList<TokenBatch> parts, LossWeights weights, double teacherWeight) {
      batches.addAll(parts);
      return trainee.accumulate(parts, weights, teacherWeight);
    }

    @Override
    public UpdateReport update(
        AdamWSettings settings, double learningRate, DoublePredicate accepts) {
      return trainee.update(settings, learningRate, accepts);
    }

    @Override
    public void balance(ExpertLoad load, double step) {
      trainee.balance(load, step);
    }

    @Override
    public EvalReport evaluate(HeldOutText heldOut, EvalSpec spec) throws IOException {
      return trainee.evaluate(heldOut, spec);
    }

    @Override
    public ModelState now() {
      return trainee.now();
    }

    @Override
    public ModelState copy() {
      return trainee.copy();
    }

    @Override
    public void close() {
      trainee.close();
    }
  }
}
