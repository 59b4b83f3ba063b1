package dev.coppice.growth;

import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.bytes.CheckpointBytes;
import dev.coppice.growth.bytes.TensorBytes;
import dev.coppice.growth.bytes.TensorSources;
import dev.coppice.growth.moment.MomentPlan;
import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.moment.TrainingState;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.SourceId;
import dev.coppice.moe.checkpoint.Checkpoint;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/**
 * The sources of recipes: a checkpoint's tensors, and beside them the optimizer's where they grow
 * too.
 *
 * <p>It owns the optimizer's file; the checkpoint stays its opener's.
 */
public final class GrowthSource implements Closeable {
  private final Checkpoint checkpoint;
  private final Optional<TrainingState> state;

  private GrowthSource(Checkpoint checkpoint, Optional<TrainingState> state) {
    this.checkpoint = checkpoint;
    this.state = state;
  }

  /** Weights alone. */
  public static GrowthSource weights(Checkpoint checkpoint) {
    return new GrowthSource(checkpoint, Optional.empty());
  }

  /**
   * Weights, and moments where there is a rule for them.
   *
   * @throws dev.coppice.moe.CoppiceException if moments are asked for and there are none, or not
   *     this model's
   */
  public static GrowthSource open(Checkpoint checkpoint, Optional<MomentRule> rule)
      throws IOException {
    return rule.isEmpty()
        ? weights(checkpoint)
        : new GrowthSource(checkpoint, Optional.of(TrainingState.open(checkpoint)));
  }

  /** The weights. */
  Checkpoint checkpoint() {
    return checkpoint;
  }

  /** The optimizer's state, if it grows. */
  Optional<TrainingState> state() {
    return state;
  }

  /** The plan of the moments; empty if they do not grow. */
  Optional<MomentPlan> moments(GrowthPlan plan, Optional<MomentRule> rule) {
    return rule.map(wanted -> MomentPlan.of(plan, wanted, state.orElseThrow().steps()));
  }

  /** The sources of recipes. */
  public TensorSources tensors() {
    ImmutableMap.Builder<SourceId, TensorBytes> byId = ImmutableMap.builder();
    byId.put(SourceId.MODEL, new CheckpointBytes(checkpoint));
    state.ifPresent(moments -> byId.put(SourceId.STATE, moments));
    return new TensorSources(byId.buildOrThrow());
  }

  @Override
  public void close() throws IOException {
    if (state.isPresent()) {
      state.get().close();
    }
  }
}
