package dev.coppice.moe.family;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.anatomy.Form;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.LatentAttention;
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
    addLayer(TensorRole.INPUT_NORM, layer, hidden);
    if (spec.attention() instanceof GroupedAttention grouped) {
      addGrouped(layer, grouped);
    } else {
      addLatent(layer, (LatentAttention) spec.attention());
    }
    addLayer(TensorRole.POST_ATTENTION_NORM, layer, hidden);
  }

  private void addGrouped(int layer, GroupedAttention attention) {
    long hidden = spec.hiddenSize();
    long query = (long) attention.heads() * attention.headDim();
    long keyValue = (long) attention.keyValueHeads() * attention.headDim();
    addLayer(TensorRole.QUERY, layer, query, hidden);
    addLayer(TensorRole.KEY, layer, keyValue, hidden);
    addLayer(TensorRole.VALUE, layer, keyValue, hidden);
    if (attention.inputBias()) {
      addLayer(TensorRole.QUERY_BIAS, layer, query);
      addLayer(TensorRole.KEY_BIAS, layer, keyValue);
      addLayer(TensorRole.VALUE_BIAS, layer, keyValue);
    }
    addOutput(layer, query, attention.outputBias());
    if (attention.headNorm() != HeadNorm.NONE) {
      addLayer(TensorRole.QUERY_NORM, layer, attention.queryNormWidth());
      addLayer(TensorRole.KEY_NORM, layer, attention.keyNormWidth());
    }
    if (attention.sinks()) {
      addLayer(TensorRole.SINKS, layer, (long) attention.heads());
    }
  }

  private void addLatent(int layer, LatentAttention attention) {
    long hidden = spec.hiddenSize();
    long queryRank = attention.queryRank();
    long keyValueRank = attention.keyValueRank();
    long down = keyValueRank + attention.rotaryDim();
    if (queryRank == 0) {
      addLayer(TensorRole.QUERY, layer, attention.queryRows(), hidden);
    } else {
      addLayer(TensorRole.QUERY_DOWN, layer, queryRank, hidden);
      addLayer(TensorRole.QUERY_NORM, layer, queryRank);
      addLayer(TensorRole.QUERY_UP, layer, attention.queryRows(), queryRank);
    }
    addLayer(TensorRole.KEY_VALUE_DOWN, layer, down, hidden);
    addLayer(TensorRole.KEY_NORM, layer, keyValueRank);
    addLayer(TensorRole.KEY_VALUE_UP, layer, attention.upRows(), keyValueRank);
    if (attention.bias()) {
      if (queryRank > 0) {
        addLayer(TensorRole.QUERY_DOWN_BIAS, layer, queryRank);
      }
      addLayer(TensorRole.KEY_VALUE_DOWN_BIAS, layer, down);
    }
    addOutput(layer, (long) attention.heads() * attention.valueDim(), attention.bias());
  }

  private void addOutput(int layer, long width, boolean bias) {
    addLayer(TensorRole.OUTPUT, layer, (long) spec.hiddenSize(), width);
    if (bias) {
      addLayer(TensorRole.OUTPUT_BIAS, layer, (long) spec.hiddenSize());
    }
  }

  private void addFeedForward(int layer, LayerSpec kind) {
    kind.dense().ifPresent(dense -> addDense(layer, dense));
    kind.mixture().ifPresent(moe -> addMixture(layer, moe));
  }

  private void addDense(int layer, LayerSpec.Dense dense) {
    long hidden = spec.hiddenSize();
    long width = dense.width();
    addLayer(TensorRole.DENSE_GATE, layer, width, hidden);
    addLayer(TensorRole.DENSE_UP, layer, width, hidden);
    addLayer(TensorRole.DENSE_DOWN, layer, hidden, width);
  }

  private void addMixture(int layer, LayerSpec.Moe moe) {
    addRouter(layer, moe);
    if (family.has(TensorRole.EXPERTS_GATE_UP)) {
      addFused(layer, moe);
    } else {
      addExperts(layer, moe);
    }
    addShared(layer, moe);
  }

  private void addRouter(int layer, LayerSpec.Moe moe) {
    long experts = moe.experts();
    addLayer(TensorRole.ROUTER, layer, experts, (long) spec.hiddenSize());
    if (spec.router().bias()) {
      addLayer(TensorRole.ROUTER_BIAS, layer, experts);
    }
    if (spec.router().selectionBias()) {
      addLayer(TensorRole.SELECTION_BIAS, layer, experts);
    }
  }

  private void addExperts(int layer, LayerSpec.Moe moe) {
    long hidden = spec.hiddenSize();
    long width = moe.expertWidth();
    ImmutableList<Long> inner = ImmutableList.of(width, hidden);
    ImmutableList<Long> outer = ImmutableList.of(hidden, width);
    for (int expert = 0; expert < moe.experts(); expert++) {
      add(TensorAddress.ofExpert(TensorRole.EXPERT_GATE, layer, expert), inner);
      add(TensorAddress.ofExpert(TensorRole.EXPERT_UP, layer, expert), inner);
      add(TensorAddress.ofExpert(TensorRole.EXPERT_DOWN, layer, expert), outer);
    }
  }

  private void addFused(int layer, LayerSpec.Moe moe) {
    long hidden = spec.hiddenSize();
    long experts = moe.experts();
    long both = 2L * moe.expertWidth();
    boolean rows = family.form(TensorRole.EXPERTS_GATE_UP) == Form.ROWS_GATE_UP;
    boolean modelFirst = family.form(TensorRole.EXPERTS_DOWN) == Form.MODEL_EXPERT;
    addLayer(
        TensorRole.EXPERTS_GATE_UP, layer, experts, rows ? both : hidden, rows ? hidden : both);
    addLayer(
        TensorRole.EXPERTS_DOWN,
        layer,
        experts,
        modelFirst ? hidden : both / 2,
        modelFirst ? both / 2 : hidden);
    if (spec.gate().bias()) {
      addLayer(TensorRole.EXPERTS_GATE_UP_BIAS, layer, experts, both);
      addLayer(TensorRole.EXPERTS_DOWN_BIAS, layer, experts, hidden);
    }
  }

  private void addShared(int layer, LayerSpec.Moe moe) {
    long hidden = spec.hiddenSize();
    long width = moe.sharedWidth();
    if (width > 0) {
      addLayer(TensorRole.SHARED_GATE, layer, width, hidden);
      addLayer(TensorRole.SHARED_UP, layer, width, hidden);
      addLayer(TensorRole.SHARED_DOWN, layer, hidden, width);
    }
    if (moe.sharedGate()) {
      addLayer(TensorRole.SHARED_SCORE, layer, 1L, hidden);
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
