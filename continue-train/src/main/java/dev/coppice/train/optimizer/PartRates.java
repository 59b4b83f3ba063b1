package dev.coppice.train.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.parameter.ParameterKind;
import java.util.List;

/**
 * Learning rates of parts of the model, as factors of the schedule's; factors of one part multiply.
 *
 * <p>Which layers and experts are new is what the checkpoint's lineage says of its last growth.
 *
 * @param newExperts factor of experts that growth added, and of their rows in routers
 * @param newLayers factor of layers that growth added
 * @param routers factor of routers
 * @param frozen parts that stay as they are, to the bit
 * @param oldFrozen whether all that growth did not add stays as it is
 * @param undecayed parts without weight decay, beside vectors, which never have it
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record PartRates(
    double newExperts,
    double newLayers,
    double routers,
    List<ParameterKind> frozen,
    boolean oldFrozen,
    List<ParameterKind> undecayed) {
  /** All parts alike. */
  public static final PartRates EVEN = new PartRates(1, 1, 1, List.of(), false, List.of());

  /** Checks signs. */
  public PartRates {
    check("new experts", newExperts);
    check("new layers", newLayers);
    check("routers", routers);
    frozen = List.copyOf(frozen);
    undecayed = List.copyOf(undecayed);
  }

  /** Whether some rates depend on what growth added. */
  public boolean needOrigin() {
    return newExperts != 1 || newLayers != 1 || oldFrozen;
  }

  private static void check(String what, double factor) {
    checkArgument(
        factor >= 0 && Double.isFinite(factor),
        "rate factor of %s must be finite and at least 0, got %s",
        what,
        factor);
  }
}
