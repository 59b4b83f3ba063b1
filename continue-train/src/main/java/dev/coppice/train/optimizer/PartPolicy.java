package dev.coppice.train.optimizer;

import dev.coppice.moe.checkpoint.GrowthOrigin;
import dev.coppice.moe.parameter.ParameterKind;
import dev.coppice.moe.parameter.ParameterPart;
import dev.coppice.moe.parameter.ParameterPolicy;
import java.util.Optional;

/** {@link PartRates} in the learner's form, with the new parts of a lineage. */
public final class PartPolicy implements ParameterPolicy {
  private final PartRates rates;
  private final Optional<GrowthOrigin> origin;

  /**
   * A policy.
   *
   * @param rates of parts
   * @param origin of layers and experts, if the checkpoint was grown
   */
  public PartPolicy(PartRates rates, Optional<GrowthOrigin> origin) {
    this.rates = rates;
    this.origin = origin;
  }

  @Override
  public double rate(ParameterPart part) {
    boolean newLayer = newLayer(part);
    boolean newExpert = newExpert(part);
    if (rates.frozen().contains(part.kind()) || (rates.oldFrozen() && !newLayer && !newExpert)) {
      return 0;
    }
    return (newLayer ? rates.newLayers() : 1)
        * (newExpert ? rates.newExperts() : 1)
        * (isRouter(part.kind()) ? rates.routers() : 1);
  }

  private boolean newLayer(ParameterPart part) {
    return part.layer() != ParameterPart.NONE
        && origin.map(o -> o.newLayer(part.layer())).orElse(false);
  }

  private boolean newExpert(ParameterPart part) {
    return part.expert() != ParameterPart.NONE
        && origin.map(o -> o.newExpert(part.layer(), part.expert())).orElse(false);
  }

  private static boolean isRouter(ParameterKind kind) {
    return kind == ParameterKind.ROUTER || kind == ParameterKind.ROUTER_BIAS;
  }

  @Override
  public boolean decays(ParameterPart part) {
    return part.kind().matrix() && !rates.undecayed().contains(part.kind());
  }
}
