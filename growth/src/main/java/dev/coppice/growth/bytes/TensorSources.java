package dev.coppice.growth.bytes;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.plan.SourceId;
import dev.coppice.growth.plan.SourceTensor;
import dev.coppice.moe.checkpoint.StoredTensor;

/**
 * The sources that recipes read, each under its own id: one name may be that of a tensor in each of
 * them.
 *
 * @param byId tensors of each source
 */
public record TensorSources(ImmutableMap<SourceId, TensorBytes> byId) {
  /** The model alone. */
  static TensorSources model(TensorBytes model) {
    return new TensorSources(ImmutableMap.of(SourceId.MODEL, model));
  }

  /**
   * The tensors of one source.
   *
   * @throws IllegalArgumentException if there is no such source
   */
  TensorBytes of(SourceId id) {
    TensorBytes bytes = byId.get(id);
    checkArgument(bytes != null, "source must be one of %s, got %s", byId.keySet(), id);
    return bytes;
  }

  /**
   * Where a tensor lies.
   *
   * @throws IllegalArgumentException if there is none
   */
  public StoredTensor tensor(SourceTensor wanted) {
    return of(wanted.source()).tensor(wanted.name());
  }
}
