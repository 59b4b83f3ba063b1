package dev.coppice.moe.family;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;

/** Lists the tensors that a shape implies. */
final class ExpectedTensors {
  private final Family family;
  private final MoeSpec spec;
  private final ImmutableMap.Builder<String, ImmutableList<Long>> all = ImmutableMap.builder();

  ExpectedTensors(Family family, MoeSpec spec) {
    this.family = family;
    this.spec = spec;
  }

  ImmutableMap<String, ImmutableList<Long>> all() {
    long hidden = spec.hiddenSize();
    long vocabulary = spec.vocabularySize();
    add(TensorAddress.ofModel(TensorRole.EMBEDDING), vocabulary, hidden);
    for (int layer = 0; layer < spec.layerCount(); layer++) {
      addAttention(layer);
      addFeedForward(layer, spec.layers().get(layer));
    }
    add(TensorAddress.ofModel(TensorRole.FINAL_NORM), hidden);
    if (!spec.tiedHead()) {
      add(TensorAddress.ofModel(TensorRole.HEAD), vocabulary, hidden);
    }
    return all.buildOrThrow();
  }

  private void addAttention(int layer) {
    long hidden = spec.hiddenSize();
    GroupedAttention attention = (GroupedAttention) spec.attention();
    long headDim = attention.headDim();
    long query = attention.heads() * headDim;
    long keyValue = attention.keyValueHeads() * headDim;
    addLayer(TensorRole.INPUT_NORM, layer, hidden);
    addLayer(TensorRole.QUERY, layer, query, hidden);
    addLayer(TensorRole.KEY, layer, keyValue, hidden);
    addLayer(TensorRole.VALUE, layer, keyValue, hidden);
    addLayer(TensorRole.OUTPUT, layer, hidden, query);
    if (attention.headNorm() == HeadNorm.PER_HEAD) {
      addLayer(TensorRole.QUERY_NORM, layer, headDim);
      addLayer(TensorRole.KEY_NORM, layer, headDim);
    }
    addLayer(TensorRole.POST_ATTENTION_NORM, layer, hidden);
  }

  private void addFeedForward(int layer, LayerSpec kind) {
    long hidden = spec.hiddenSize();
    if (kind instanceof LayerSpec.Dense dense) {
      long width = dense.width();
      addLayer(TensorRole.DENSE_GATE, layer, width, hidden);
      addLayer(TensorRole.DENSE_UP, layer, width, hidden);
      addLayer(TensorRole.DENSE_DOWN, layer, hidden, width);
      return;
    }
    LayerSpec.Moe moe = (LayerSpec.Moe) kind;
    long width = moe.expertWidth();
    addLayer(TensorRole.ROUTER, layer, (long) moe.experts(), hidden);
    ImmutableList<Long> inner = ImmutableList.of(width, hidden);
    ImmutableList<Long> outer = ImmutableList.of(hidden, width);
    for (int expert = 0; expert < moe.experts(); expert++) {
      add(TensorAddress.ofExpert(TensorRole.EXPERT_GATE, layer, expert), inner);
      add(TensorAddress.ofExpert(TensorRole.EXPERT_UP, layer, expert), inner);
      add(TensorAddress.ofExpert(TensorRole.EXPERT_DOWN, layer, expert), outer);
    }
  }

  private void addLayer(TensorRole role, int layer, Long... shape) {
    add(TensorAddress.ofLayer(role, layer), shape);
  }

  private void add(TensorAddress address, Long... shape) {
    add(address, ImmutableList.copyOf(shape));
  }

  private void add(TensorAddress address, ImmutableList<Long> shape) {
    all.put(family.name(address), shape);
  }
}
