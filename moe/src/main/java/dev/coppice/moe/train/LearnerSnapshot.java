package dev.coppice.moe.train;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDManager;
import dev.coppice.moe.backend.KernelLibrary;
import dev.coppice.moe.parameter.Parameters;
import java.util.Optional;

/**
 * A copy of a model's weights, moments and average, in memory of its own.
 *
 * <p>It needs neither the model nor the learner: another thread may write it while they continue.
 * What it writes equals what they would have written when it was taken, byte for byte. One thread
 * at a time may use it, and none while it is taken anew.
 */
public final class LearnerSnapshot implements AutoCloseable {
  private final NDManager manager;
  private final Parameters weights;
  private final Parameters firstMoments;
  private final Parameters secondMoments;
  private Optional<Parameters> average = Optional.empty();
  private LearnerState state;

  private LearnerSnapshot(LearnerState now, KernelLibrary kernels) {
    this.manager = now.weights().backend().newManager();
    this.weights = now.weights().zerosLike(manager);
    this.firstMoments = now.weights().zerosLike(manager);
    this.secondMoments = now.weights().zerosLike(manager);
    this.state = copy(now, kernels);
  }

  /** A copy of a state, in memory that another one took if there is one. */
  static LearnerSnapshot of(
      LearnerState now, KernelLibrary kernels, Optional<LearnerSnapshot> reuse) {
    if (reuse.isEmpty()) {
      return new LearnerSnapshot(now, kernels);
    }
    LearnerSnapshot snapshot = reuse.get();
    checkArgument(
        snapshot.state.config().equals(now.config()),
        "snapshot must be of the same model to be used again, got one of another configuration");
    snapshot.state = snapshot.copy(now, kernels);
    return snapshot;
  }

  private LearnerState copy(LearnerState now, KernelLibrary kernels) {
    try (NDManager scratch = manager.newSubManager()) {
      weights.copy(kernels, scratch, now.weights());
      firstMoments.copy(kernels, scratch, now.firstMoments());
      secondMoments.copy(kernels, scratch, now.secondMoments());
      if (now.average().isPresent()) {
        Parameters mine = average.orElseGet(() -> weights.zerosLike(manager));
        mine.copy(kernels, scratch, now.average().get());
        average = Optional.of(mine);
      }
    }
    return new LearnerState(
        now.config().deepCopy(),
        weights,
        firstMoments,
        secondMoments,
        now.average().flatMap(kept -> average),
        now.steps());
  }

  /** Steps taken when it was taken, skipped ones apart. */
  public long steps() {
    return state.steps();
  }

  /** Its files. */
  public ModelState state() {
    return state;
  }

  @Override
  public void close() {
    weights.close();
    firstMoments.close();
    secondMoments.close();
    average.ifPresent(Parameters::close);
    manager.close();
  }
}
