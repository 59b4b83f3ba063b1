package dev.coppice.train.run;

import dev.coppice.train.spec.GuardSpec;
import dev.coppice.train.store.GuardState;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Tells spikes from the last steps' losses and gradient norms.
 *
 * <p>Spikes enter the statistics too: where the loss has moved for good, the window follows it.
 */
final class SpikeGuard {
  private final GuardSpec spec;
  private final Deque<Double> losses;
  private final Deque<Double> norms;
  private final int rollbacks;
  private long spikes;

  SpikeGuard(GuardSpec spec, GuardState state) {
    this.spec = spec;
    this.losses = new ArrayDeque<>(state.losses());
    this.norms = new ArrayDeque<>(state.norms());
    this.spikes = state.spikes();
    this.rollbacks = state.rollbacks();
  }

  /** Whether a step with a loss and a norm, both finite, is a spike. */
  boolean spikes(double loss, double norm) {
    return leaps(losses, loss) || leaps(norms, norm);
  }

  private boolean leaps(Deque<Double> seen, double value) {
    if (2 * seen.size() < spec.window()) {
      return false;
    }
    double mean = seen.stream().mapToDouble(Double::doubleValue).sum() / seen.size();
    double squares = seen.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum();
    double deviation = Math.sqrt(squares / (seen.size() - 1));
    return value - mean > spec.threshold() * deviation;
  }

  /** Counts a step; numbers that are not finite leave the statistics alone. */
  void saw(double loss, double norm, boolean spike) {
    if (Double.isFinite(loss) && Double.isFinite(norm)) {
      push(losses, loss);
      push(norms, norm);
    }
    if (spike) {
      spikes++;
    }
  }

  private void push(Deque<Double> seen, double value) {
    seen.addLast(value);
    if (seen.size() > spec.window()) {
      seen.removeFirst();
    }
  }

  /** The state of the guard. */
  GuardState state() {
    return new GuardState(List.copyOf(losses), List.copyOf(norms), spikes, rollbacks);
  }
}
