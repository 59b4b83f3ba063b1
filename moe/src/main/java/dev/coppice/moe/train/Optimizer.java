package dev.coppice.moe.train;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import com.google.common.collect.Multimaps;
import dev.coppice.moe.backend.KernelLibrary;
import dev.coppice.moe.backend.KernelLibrary.AdamWLists;
import dev.coppice.moe.backend.KernelLibrary.Trainable;
import dev.coppice.moe.backend.TensorList;
import dev.coppice.moe.parameter.ParameterPolicy;
import dev.coppice.moe.parameter.Parameters;
import dev.coppice.moe.parameter.TrainedRun;
import java.util.Collection;
import java.util.Collections;

/** AdamW's moments, and the lists of arrays that its fused calls update. */
final class Optimizer implements AutoCloseable {
  private final Parameters weights;
  private final Parameters gradients;
  private final Parameters firstMoments;
  private final Parameters secondMoments;
  private final NDArray count;
  private Lists lists;
  private long steps;

  /** How a group of runs is trained. */
  private record Training(double rate, boolean decays) {}

  /** Arrays that are trained alike. */
  private record Group(Training training, AdamWLists arrays) implements AutoCloseable {
    @Override
    public void close() {
      arrays.trainable().parameters().close();
      arrays.trainable().gradients().close();
      arrays.firstMoments().close();
      arrays.secondMoments().close();
      arrays.steps().close();
    }
  }

  /** All groups, and the gradients whose norm counts. */
  private record Lists(ImmutableList<Group> groups, TensorList normed) implements AutoCloseable {
    @Override
    public void close() {
      groups.forEach(Group::close);
      normed.close();
    }
  }

  /**
   * Moments of zero, trained by {@link ParameterPolicy#DEFAULT}.
   *
   * @param manager owns the moments
   * @param weights what is updated
   * @param gradients read and overwritten by an update
   * @param steps taken so far
   */
  Optimizer(NDManager manager, Parameters weights, Parameters gradients, long steps) {
    this.weights = weights;
    this.gradients = gradients;
    this.firstMoments = weights.zerosLike(manager);
    this.secondMoments = weights.zerosLike(manager);
    this.steps = steps;
    this.count = manager.create(0f);
    this.lists = lists(TrainedRun.of(weights.layout(), ParameterPolicy.DEFAULT));
  }

  Parameters firstMoments() {
    return firstMoments;
  }

  Parameters secondMoments() {
    return secondMoments;
  }

  long steps() {
    return steps;
  }

  /** Trains by another policy from the next step on. */
  void policy(ParameterPolicy policy) {
    ImmutableList<TrainedRun> runs = TrainedRun.of(weights.layout(), policy);
    checkArgument(
        runs.stream().anyMatch(run -> !run.frozen()), "policy must leave something to train");
    Lists made = lists(runs);
    lists.close();
    lists = made;
  }

  private Lists lists(ImmutableList<TrainedRun> runs) {
    ImmutableListMultimap<Training, TrainedRun> byTraining =
        Multimaps.index(runs, run -> new Training(run.rate(), run.decays()));
    ImmutableList<Group> groups =
        byTraining.asMap().entrySet().stream()
            .filter(entry -> entry.getKey().rate() > 0)
            .map(entry -> group(entry.getKey(), entry.getValue()))
            .collect(ImmutableList.toImmutableList());
    return new Lists(groups, gradients.rows(TrainedRun.moving(runs)));
  }

  private Group group(Training training, Collection<TrainedRun> group) {
    ImmutableList<TrainedRun> runs = ImmutableList.copyOf(group);
    AdamWLists arrays =
        new AdamWLists(
            new Trainable(weights.rows(runs), gradients.rows(runs)),
            firstMoments.rows(runs),
            secondMoments.rows(runs),
            TensorList.of(Collections.nCopies(runs.size(), count)));
    return new Group(training, arrays);
  }

  /** The gradients that are not frozen, each once. */
  TensorList normed() {
    return lists.normed();
  }

  /**
   * Takes one step.
   *
   * @param divisor of the gradients, float32 scalar
   */
  void step(KernelLibrary kernels, NDArray divisor, AdamWSettings settings, double learningRate) {
    steps++;
    weights.backend().upload(count, 0, 1, memory -> memory.putFloat((float) steps));
    for (Group group : lists.groups()) {
      kernels.adamW(
          group.arrays(),
          divisor,
          learningRate * group.training().rate(),
          settings.beta1(),
          settings.beta2(),
          group.training().decays() ? settings.weightDecay() : 0,
          settings.epsilon());
    }
  }

  @Override
  public void close() {
    lists.close();
    count.close();
    firstMoments.close();
    secondMoments.close();
  }
}
