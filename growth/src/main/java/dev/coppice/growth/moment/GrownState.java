package dev.coppice.growth.moment;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Sets;
import dev.coppice.growth.bytes.TensorBytes;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.OptimizerState;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The optimizer's state of a grown checkpoint, held against what should be there but for its
 * numbers: the file itself, its metadata, and the names of its tensors.
 */
public final class GrownState implements Closeable {
  private final Optional<TrainingState> state;
  private final ImmutableList<PlannedTensor> tensors;
  private final ImmutableList<String> deviations;

  private GrownState(
      Optional<TrainingState> state,
      ImmutableList<PlannedTensor> tensors,
      ImmutableList<String> deviations) {
    this.state = state;
    this.tensors = tensors;
    this.deviations = deviations;
  }

  /**
   * Opens what there is.
   *
   * @param folder the grown checkpoint's
   * @param planned what should be there, if anything
   */
  public static GrownState open(Path folder, Optional<MomentPlan> planned) throws IOException {
    boolean there = TrainingState.isIn(folder);
    if (planned.isEmpty() || !there) {
      String rule = planned.isEmpty() ? "must not be there, got one" : "must be there, got none";
      return planned.isPresent() == there
          ? nothing()
          : nothing("file " + OptimizerState.FILE + " " + rule);
    }
    try {
      return of(TrainingState.open(folder), planned.get());
    } catch (CoppiceException e) {
      return nothing(String.valueOf(e.getMessage()));
    }
  }

  private static GrownState nothing(String... deviations) {
    return new GrownState(Optional.empty(), ImmutableList.of(), ImmutableList.copyOf(deviations));
  }

  private static GrownState of(TrainingState state, MomentPlan planned) {
    Set<String> names = state.tensors().keySet();
    Set<String> expected = planned.tensors().keySet();
    Stream<String> missing =
        Sets.difference(expected, names).stream()
            .map(name -> "tensor " + name + " must be there, got none");
    Stream<String> surplus =
        Sets.difference(names, expected).stream()
            .map(name -> "tensor " + name + " must not be there, got one");
    return new GrownState(
        Optional.of(state),
        planned.tensors().values().stream()
            .filter(tensor -> names.contains(tensor.name()))
            .collect(ImmutableList.toImmutableList()),
        Stream.of(metadata(state, planned), missing, surplus)
            .flatMap(sentences -> sentences)
            .collect(ImmutableList.toImmutableList()));
  }

  private static Stream<String> metadata(TrainingState state, MomentPlan planned) {
    ImmutableMap<String, String> found = state.file().metadata();
    return found.equals(planned.metadata())
        ? Stream.empty()
        : Stream.of(
            String.format(
                "file %s must have metadata %s, got %s",
                OptimizerState.FILE, planned.metadata(), found));
  }

  /** The moments that are there and should be, to be compared. */
  public ImmutableList<PlannedTensor> tensors() {
    return tensors;
  }

  /** Where they lie; there only if there are any. */
  public TensorBytes bytes() {
    return state.orElseThrow();
  }

  /** One sentence for each deviation. */
  public ImmutableList<String> deviations() {
    return deviations;
  }

  @Override
  public void close() throws IOException {
    if (state.isPresent()) {
      state.get().close();
    }
  }
}
