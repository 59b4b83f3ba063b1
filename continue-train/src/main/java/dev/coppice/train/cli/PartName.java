package dev.coppice.train.cli;

import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.parameter.ParameterKind;

/** Names of a model's parts on the command line. */
enum PartName {
  EMBEDDING(ParameterKind.EMBEDDING),
  HEAD(ParameterKind.HEAD),
  NORM(ParameterKind.NORM),
  ATTENTION(ParameterKind.ATTENTION, ParameterKind.BIAS, ParameterKind.SINK),
  ROUTER(ParameterKind.ROUTER, ParameterKind.ROUTER_BIAS),
  EXPERT(ParameterKind.EXPERT, ParameterKind.EXPERT_BIAS),
  SHARED_EXPERT(ParameterKind.SHARED_EXPERT),
  DENSE(ParameterKind.DENSE),
  /** All that the last growth did not add. */
  OLD;

  private final ImmutableSet<ParameterKind> kinds;

  PartName(ParameterKind... kinds) {
    this.kinds = ImmutableSet.copyOf(kinds);
  }

  ImmutableSet<ParameterKind> kinds() {
    return kinds;
  }
}
