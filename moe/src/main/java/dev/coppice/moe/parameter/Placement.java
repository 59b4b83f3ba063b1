package dev.coppice.moe.parameter;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.parameter.ParameterLayout.Piece;
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LatentAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;

/** Finds the parameter, and the place in it, of each tensor that a checkpoint has. */
final class Placement {
  private final Family family;
  private final MoeSpec spec;

  Placement(Family family, MoeSpec spec) {
    this.family = family;
    this.spec = spec;
  }

  /**
   * Where a tensor lies.
   *
   * @param address where it stands in the model
   * @param shape its extents in the file
   */
  Piece piece(TensorAddress address, ImmutableList<Long> shape) {
    TensorRole role = address.role();
    return switch (role) {
      case EMBEDDING -> ofModel(role, ParameterLayout.EMBEDDING, shape);
      case FINAL_NORM -> ofModel(role, ParameterLayout.FINAL_NORM, shape);
      case HEAD -> ofModel(role, ParameterLayout.HEAD, shape);
      default -> {
        int slot = ParameterLayout.index(address.layer().orElse(0), slot(role));
        long size = shape.stream().reduce(1L, Math::multiplyExact);
        yield new Piece(role, slot, offset(address, size), shape, order(address));
      }
    };
  }

  private static Piece ofModel(TensorRole role, int slot, ImmutableList<Long> shape) {
    return new Piece(role, slot, 0, shape, ExpertOrder.SAME);
  }

  private ExpertOrder order(TensorAddress address) {
    return spec.layers()
        .get(address.layer().orElse(0))
        .mixture()
        .map(moe -> order(address.role(), moe))
        .orElse(ExpertOrder.SAME);
  }

  private ExpertOrder order(TensorRole role, LayerSpec.Moe moe) {
    long both = 2L * moe.expertWidth();
    return switch (role) {
      case EXPERTS_GATE_UP -> ExpertOrder.of(family.form(role), both, spec.hiddenSize());
      case EXPERTS_DOWN -> ExpertOrder.of(family.form(role), spec.hiddenSize(), moe.expertWidth());
      case EXPERTS_GATE_UP_BIAS -> ExpertOrder.ofBias(family.form(role), both);
      default -> ExpertOrder.SAME;
    };
  }

  private static LayerParameter slot(TensorRole role) {
    return switch (role) {
      case INPUT_NORM -> LayerParameter.INPUT_NORM;
      case QUERY, KEY, VALUE, QUERY_UP -> LayerParameter.QUERY_KEY_VALUE;
      case QUERY_NORM -> LayerParameter.QUERY_NORM;
      case KEY_NORM -> LayerParameter.KEY_NORM;
      case OUTPUT -> LayerParameter.OUTPUT;
      case QUERY_BIAS, KEY_BIAS, VALUE_BIAS, QUERY_DOWN_BIAS, KEY_VALUE_DOWN_BIAS ->
          LayerParameter.INPUT_BIAS;
      case OUTPUT_BIAS -> LayerParameter.OUTPUT_BIAS;
      case SINKS -> LayerParameter.SINKS;
      case QUERY_DOWN, KEY_VALUE_DOWN -> LayerParameter.DOWN_PROJECTIONS;
      case KEY_VALUE_UP -> LayerParameter.KEY_VALUE_UP;
      case POST_ATTENTION_NORM -> LayerParameter.POST_ATTENTION_NORM;
      default -> feedForwardSlot(role);
    };
  }

  private static LayerParameter feedForwardSlot(TensorRole role) {
    return switch (role) {
      case ROUTER -> LayerParameter.ROUTER;
      case ROUTER_BIAS -> LayerParameter.ROUTER_BIAS;
      case SELECTION_BIAS -> LayerParameter.SELECTION_BIAS;
      case EXPERT_GATE, EXPERT_UP, DENSE_GATE, DENSE_UP, EXPERTS_GATE_UP -> LayerParameter.GATE_UP;
      case EXPERT_DOWN, DENSE_DOWN, EXPERTS_DOWN -> LayerParameter.DOWN;
      case EXPERTS_GATE_UP_BIAS -> LayerParameter.GATE_UP_BIAS;
      case EXPERTS_DOWN_BIAS -> LayerParameter.DOWN_BIAS;
      case SHARED_GATE, SHARED_UP -> LayerParameter.SHARED_GATE_UP;
      case SHARED_DOWN -> LayerParameter.SHARED_DOWN;
      case SHARED_SCORE -> LayerParameter.SHARED_SCORE;
      default -> throw new IllegalArgumentException("role must be a layer's, got " + role);
    };
  }

  /** First element in the parameter, for a tensor of so many. */
  private long offset(TensorAddress address, long size) {
    int expert = address.expert().orElse(0);
    return switch (address.role()) {
      case KEY -> queryRows() * spec.hiddenSize();
      case VALUE -> queryRows() * spec.hiddenSize() + size;
      case KEY_BIAS -> queryRows();
      case VALUE_BIAS -> queryRows() + size;
      case KEY_VALUE_DOWN -> queryRank() * spec.hiddenSize();
      case KEY_VALUE_DOWN_BIAS -> queryRank();
      case EXPERT_GATE -> 2L * expert * size;
      case EXPERT_UP -> (2L * expert + 1) * size;
      case EXPERT_DOWN -> expert * size;
      case DENSE_UP, SHARED_UP -> size;
      default -> 0;
    };
  }

  private long queryRows() {
    AttentionSpec attention = spec.attention();
    return attention instanceof GroupedAttention grouped
        ? (long) grouped.heads() * grouped.headDim()
        : 0;
  }

  private long queryRank() {
    return spec.attention() instanceof LatentAttention latent ? latent.queryRank() : 0;
  }
}
