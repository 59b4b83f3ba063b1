package dev.coppice.train.store;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;

/**
 * State of a guard: part of each checkpoint, so that a resumed run decides alike.
 *
 * @param losses of the last steps, oldest first, all finite
 * @param norms of their gradients, all finite
 * @param spikes so far
 * @param rollbacks so far
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record GuardState(List<Double> losses, List<Double> norms, long spikes, int rollbacks) {
  public static final GuardState EMPTY = new GuardState(List.of(), List.of(), 0, 0);

  public GuardState {
    losses = List.copyOf(losses);
    norms = List.copyOf(norms);
  }
}
