package dev.coppice.moe.train;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.parameter.ParameterPolicy;
import dev.coppice.moe.parameter.Parameters;
import dev.coppice.moe.parameter.WeightTransfer;
import dev.coppice.moe.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoublePredicate;

/**
 * Gradients and AdamW moments of one model.
 *
 * <p>It owns its arrays; the model must outlive it. One thread at a time may use it, and at most
 * one learner a model.
 *
 * <p><b>Source</b>: AdamW as in Loshchilov and Hutter 2019, computed by libtorch's fused kernel.
 * <b>Differs</b> from {@code torch.optim.AdamW} over all parameters in that norms do not decay.
 */
public final class Learner implements AutoCloseable {
  private final LanguageModel model;
  private final NDManager manager;
  private final Optimizer optimizer;
  private final List<GradientShare> shares = new ArrayList<>();
  private boolean recompute;
  private int threads = 1;
  private Optional<WeightAverage> average = Optional.empty();

  private Learner(LanguageModel model, long steps) {
    this.model = model;
    this.manager = model.manager().newSubManager();
    shares.add(GradientShare.whole(manager, model.parameters()));
    this.optimizer = new Optimizer(manager, model.parameters(), shares.get(0).arrays(), steps);
  }

  /** A learner that has not seen anything: moments and gradients are zero. */
  public static Learner fresh(LanguageModel model) {
    return new Learner(model, 0);
  }

  /**
   * The learner whose moments were saved, with zero gradients.
   *
   * @param model has the weights of the same step
   * @param stateFile written by {@link ModelState#saveMoments}
   * @throws CoppiceException if the file does not fit the model
   */
  public static Learner restore(LanguageModel model, Path stateFile) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(stateFile)) {
      Learner learner = new Learner(model, OptimizerState.steps(file));
      try {
        LearnerState.loadMoments(file, learner.optimizer);
        return learner;
      } catch (IOException | RuntimeException e) {
        learner.close();
        throw e;
      }
    }
  }

  /**
   * Forward and backward; adds {@code scale} times the gradient of cross-entropy and weighted
   * auxiliary losses.
   *
   * @param batch tokens and labels
   * @param weights of the auxiliary losses
   * @param scale for accumulation over batches, such as one over their number
   * @return the losses, not scaled
   * @throws IllegalArgumentException if an id, a label or the length does not fit the model
   */
  public LossStats accumulate(TokenBatch batch, LossWeights weights, double scale) {
    return accumulate(ImmutableList.of(batch), weights, scale, Optional.empty());
  }

  /** The same, where a teacher's distribution is learned beside the labels. */
  public LossStats accumulate(
      TokenBatch batch, LossWeights weights, double scale, Distillation distillation) {
    return accumulate(ImmutableList.of(batch), weights, scale, Optional.of(distillation));
  }

  /**
   * The same for a batch in parts, which takes the memory of one: losses and gradient are those of
   * the whole batch but for rounding. Where the load-balancing loss counts, all parts but one go
   * forward twice.
   *
   * @param parts at least one
   * @throws IllegalArgumentException if one does not fit either model, or their vocabularies differ
   */
  public LossStats accumulate(
      ImmutableList<TokenBatch> parts,
      LossWeights weights,
      double scale,
      Optional<Distillation> distillation) {
    checkArgument(!parts.isEmpty(), "batch must have a part, got none");
    parts.forEach(part -> check(part, distillation));
    try {
      return new BatchPass(model, manager, part -> pass(part, distillation), weights, scale)
          .run(parts);
    } catch (RuntimeException e) {
      forget();
      throw e;
    }
  }

  private void check(TokenBatch part, Optional<Distillation> distillation) {
    model.check(part);
    distillation.ifPresent(wanted -> wanted.checkStudent(model));
    distillation.ifPresent(wanted -> wanted.teacher().check(part));
  }

  private Accumulation pass(TokenBatch part, Optional<Distillation> distillation) {
    threads = model.threads(part);
    int members = model.workers().shares(threads, part.batch());
    while (shares.size() < members) {
      shares.add(shares.get(0).beside());
    }
    return new Accumulation(model, shares.subList(0, members), recompute, threads, distillation);
  }

  private void forget() {
    try (NDManager scratch = manager.newSubManager()) {
      shares.forEach(share -> share.reset(model.kernels(), scratch));
    }
  }

  /**
   * Whether {@link #accumulate} keeps only each layer's input and computes the rest anew in its
   * backward pass: less memory, about a third more time, the same bits.
   */
  public void recompute(boolean wanted) {
    recompute = wanted;
  }

  /** The gradient of everything accumulated, in the first share. */
  private GradientShare gradient() {
    try (NDManager scratch = manager.newSubManager()) {
      GradientShare first = shares.get(0);
      first.settle(model.kernels(), scratch);
      for (GradientShare share : shares.subList(1, shares.size())) {
        first.takeOver(share, model.kernels(), scratch);
      }
      return first;
    }
  }

  /**
   * Clips the gradient by its norm over all parameters, takes one AdamW step, and zeroes it. If the
   * norm is not finite, weights and moments stay as they are and the step is not counted.
   *
   * @param settings AdamW's constants
   * @param learningRate of this step; not negative
   */
  public UpdateReport update(AdamWSettings settings, double learningRate) {
    return update(settings, learningRate, norm -> true);
  }

  /**
   * The same, if the caller accepts the gradient; otherwise, as where the norm is not finite, the
   * gradient is dropped, and weights, moments and the step count stay as they are.
   *
   * @param settings AdamW's constants
   * @param learningRate of this step; not negative
   * @param accepts called once with a finite norm before clipping, and never with another
   */
  public UpdateReport update(AdamWSettings settings, double learningRate, DoublePredicate accepts) {
    checkArgument(
        learningRate >= 0 && Double.isFinite(learningRate),
        "learning rate must be finite and not negative, got %s",
        learningRate);
    return model.workers().alone(threads, () -> clipAndStep(settings, learningRate, accepts));
  }

  private UpdateReport clipAndStep(
      AdamWSettings settings, double learningRate, DoublePredicate accepts) {
    GradientShare gradient = gradient();
    try (NDManager scratch = manager.newSubManager()) {
      NDArray clip = model.kernels().clip(scratch, optimizer.normed(), settings.maxGradientNorm());
      float norm = clip.getFloat(0);
      boolean accepted = Float.isFinite(norm) && accepts.test(norm);
      if (accepted) {
        optimizer.step(model.kernels(), clip.get(1), settings, learningRate);
        average.ifPresent(kept -> kept.follow(model.kernels(), scratch));
      }
      gradient.reset(model.kernels(), scratch);
      return new UpdateReport(norm, !accepted);
    }
  }

  /**
   * Trains each part as a policy says, from the next update on; {@link ParameterPolicy#DEFAULT}
   * until then. A part that is no longer frozen continues with the moments that it had, and the
   * step count of the whole.
   *
   * @param policy called once a part, now
   * @throws IllegalArgumentException if a rate is no number of 0 or more, or if all are 0
   */
  public void policy(ParameterPolicy policy) {
    optimizer.policy(policy);
  }

  /**
   * Loss-free balancing: the selection bias of every expert that took more than its layer's mean
   * falls by a step, that of one that took less rises.
   *
   * <p><b>Source</b>: Wang et al. 2024, arXiv 2408.15664, algorithm 1.
   *
   * @param load of all batches of the step
   * @param step such as 0.001; positive
   * @throws IllegalStateException if the model's routers have no selection bias
   * @throws IllegalArgumentException if the load is another model's
   */
  public void balance(ExpertLoad load, double step) {
    checkState(
        model.spec().router().selectionBias(),
        "loss-free balancing must have a selection bias to move, got a %s router without",
        model.spec().family());
    checkArgument(
        step > 0 && Double.isFinite(step), "balancing step must be positive, got %s", step);
    load.checkOf(model.spec());
    int row = 0;
    try (NDManager scratch = manager.newSubManager()) {
      for (int layer = 0; layer < model.spec().layerCount(); layer++) {
        int experts = model.spec().layers().get(layer).experts();
        if (experts > 0) {
          int at = row++ * experts;
          NDArray counts = scratch.create(load.counts().subArray(at, at + experts).toArray());
          int slot = ParameterLayout.index(layer, LayerParameter.SELECTION_BIAS);
          model.kernels().balance(model.parameters().array(slot), counts, step);
        }
      }
    }
  }

  /** Steps taken, skipped ones apart. */
  public long steps() {
    return optimizer.steps();
  }

  /**
   * Keeps an exponential moving average of all weights, which starts as the weights are; each
   * accepted update then moves it by {@code 1 - decay} of the way to the weights. An existing one
   * continues with the new decay.
   *
   * @param decay in [0, 1), such as 0.999; 0 for none
   */
  public void average(double decay) {
    WeightAverage.check(decay);
    if (decay == 0) {
      average.ifPresent(WeightAverage::close);
      average = Optional.empty();
    } else if (average.isPresent()) {
      average.get().decay(decay);
    } else {
      average = Optional.of(new WeightAverage(manager, model, decay));
    }
  }

  /**
   * Goes on from an average that was saved; {@link #average} must have been called.
   *
   * @param file written by {@link ModelState#saveAverage}
   * @throws CoppiceException if the file does not fit the model
   * @throws IllegalStateException if none is kept
   */
  public void restoreAverage(Path file) throws IOException {
    checkState(average.isPresent(), "average of weights must be kept, got none");
    try (SafetensorsFile from = SafetensorsFile.open(file)) {
      WeightTransfer.loadAll(from, average.get().arrays());
    }
  }

  /**
   * Copies weights, moments and average into memory of its own, for another thread to write.
   *
   * @param reuse one of the same model whose memory may be used again; it becomes the result
   * @throws IllegalArgumentException if that is of another model
   */
  public LearnerSnapshot snapshot(Optional<LearnerSnapshot> reuse) {
    return LearnerSnapshot.of(now(), model.kernels(), reuse);
  }

  Optional<Parameters> averaged() {
    return average.map(WeightAverage::arrays);
  }

  /** The files of model and learner as they are now; valid until the next update. */
  public ModelState state() {
    return now();
  }

  private LearnerState now() {
    return new LearnerState(
        model.config(), model.parameters(), firstMoments(), secondMoments(), averaged(), steps());
  }

  /** Owns gradients and moments. */
  NDManager manager() {
    return manager;
  }

  Parameters firstMoments() {
    return optimizer.firstMoments();
  }

  Parameters secondMoments() {
    return optimizer.secondMoments();
  }

  Parameters gradients() {
    return gradient().arrays();
  }

  @Override
  public void close() {
    average.ifPresent(WeightAverage::close);
    optimizer.close();
    shares.forEach(GradientShare::close);
    manager.close();
  }
}
