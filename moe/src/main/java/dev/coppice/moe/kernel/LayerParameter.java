package dev.coppice.moe.kernel;

import com.google.common.base.Ascii;
import com.google.common.base.CaseFormat;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Longs;
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LatentAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;

/**
 * The parameters of one layer.
 *
 * <p>They are also the fields of the kernels' record {@code Layer}, whose text is made of them, in
 * this order. A field's name ends in its dimensions, by the legend at the head of {@code
 * kernels.py}.
 */
public enum LayerParameter {
  /** [D]. */
  INPUT_NORM(Kind.VECTOR, "D"),
  /** [(H+2G)N, D]; latent: queries [H(plain+rotary), rank or D]. */
  QUERY_KEY_VALUE(Kind.MATRIX, "AD"),
  /** [N], [HN], or of the queries' latent vector. */
  QUERY_NORM(Kind.VECTOR, "N"),
  /** [N], [GN], or of the latent vector of keys and values. */
  KEY_NORM(Kind.VECTOR, "N"),
  /** [D, HN] or [D, H·value]. */
  OUTPUT(Kind.MATRIX, "DA"),
  /** [(H+2G)N]; latent: of the projections down. */
  INPUT_BIAS(Kind.VECTOR, "A"),
  /** [D]. */
  OUTPUT_BIAS(Kind.VECTOR, "D"),
  /** [H]. */
  SINKS(Kind.VECTOR, "H"),
  /** Latent: projections down, queries' first, [ranks + rotary, D]. */
  DOWN_PROJECTIONS(Kind.MATRIX, "LD"),
  /** Latent: keys and values of all heads [H(plain+value), rank]. */
  KEY_VALUE_UP(Kind.MATRIX, "AL"),
  /** [D]. */
  POST_ATTENTION_NORM(Kind.VECTOR, "D"),
  /** [E, D]. */
  ROUTER(Kind.MATRIX, "ED"),
  /** [E]. */
  ROUTER_BIAS(Kind.VECTOR, "E"),
  /** [E]. */
  SELECTION_BIAS(Kind.FIXED, "E"),
  /** [E, 2F, D]: gate rows, then up rows; a dense layer is one expert. */
  GATE_UP(Kind.MATRIX, "EFD"),
  /** [E, D, F]. */
  DOWN(Kind.MATRIX, "EDF"),
  /** [E, 2F]. */
  GATE_UP_BIAS(Kind.VECTOR, "EF"),
  /** [E, D]. */
  DOWN_BIAS(Kind.VECTOR, "ED"),
  /** [1, 2S, D]. */
  SHARED_GATE_UP(Kind.MATRIX, "EFD"),
  /** [1, D, S]. */
  SHARED_DOWN(Kind.MATRIX, "EDF"),
  /** [1, D]. */
  SHARED_SCORE(Kind.MATRIX, "ED");

  private static final ImmutableList<Long> NONE = ImmutableList.of(0L);

  private final Kind kind;
  private final String dimensions;

  /** How a parameter is trained. */
  public enum Kind {
    /** By gradient, and it decays. */
    MATRIX,
    /** By gradient, without decay: norms, biases, sinks. */
    VECTOR,
    /** Not by gradient. */
    FIXED
  }

  LayerParameter(Kind kind, String dimensions) {
    this.kind = kind;
    this.dimensions = dimensions;
  }

  /** How it is trained. */
  public Kind kind() {
    return kind;
  }

  /** Its part of the parameter's name, such as {@code inputNorm}. */
  public String parameterName() {
    return CaseFormat.UPPER_UNDERSCORE.to(CaseFormat.LOWER_CAMEL, name());
  }

  /** Its field of the kernels' record, such as {@code input_norm_D}. */
  String field() {
    return Ascii.toLowerCase(name()) + "_" + dimensions;
  }

  /** Whether its rows are one for each expert of a mixture. */
  public boolean byExpert() {
    return switch (this) {
      case ROUTER, ROUTER_BIAS, SELECTION_BIAS, GATE_UP, DOWN, GATE_UP_BIAS, DOWN_BIAS -> true;
      default -> false;
    };
  }

  /** Whether it is a part of the experts themselves, or of a dense block. */
  public boolean ofExpert() {
    return switch (this) {
      case GATE_UP, DOWN, GATE_UP_BIAS, DOWN_BIAS -> true;
      default -> false;
    };
  }

  /** Extents in a layer; [0] where that has no such parameter. */
  public ImmutableList<Long> shape(MoeSpec spec, LayerSpec layer) {
    return switch (this) {
      case INPUT_NORM, POST_ATTENTION_NORM -> shape(spec.hiddenSize());
      case QUERY_KEY_VALUE,
          QUERY_NORM,
          KEY_NORM,
          OUTPUT,
          INPUT_BIAS,
          OUTPUT_BIAS,
          SINKS,
          DOWN_PROJECTIONS,
          KEY_VALUE_UP ->
          ofAttention(spec.attention(), spec.hiddenSize());
      default ->
          layer.fold(dense -> ofDense(dense, spec.hiddenSize()), moe -> ofMixture(spec, moe));
    };
  }

  private ImmutableList<Long> ofAttention(AttentionSpec attention, long hidden) {
    return attention instanceof GroupedAttention grouped
        ? ofGrouped(grouped, hidden)
        : ofLatent((LatentAttention) attention, hidden);
  }

  private ImmutableList<Long> ofGrouped(GroupedAttention attention, long hidden) {
    return switch (this) {
      case QUERY_KEY_VALUE -> shape(attention.inputRows(), hidden);
      case QUERY_NORM -> shape(attention.queryNormWidth());
      case KEY_NORM -> shape(attention.keyNormWidth());
      case OUTPUT -> shape(hidden, (long) attention.heads() * attention.headDim());
      case INPUT_BIAS -> attention.inputBias() ? shape(attention.inputRows()) : NONE;
      case OUTPUT_BIAS -> attention.outputBias() ? shape(hidden) : NONE;
      case SINKS -> attention.sinks() ? shape(attention.heads()) : NONE;
      default -> NONE;
    };
  }

  private ImmutableList<Long> ofLatent(LatentAttention attention, long hidden) {
    long rank = attention.queryRank();
    return switch (this) {
      case QUERY_KEY_VALUE -> shape(attention.queryRows(), rank == 0 ? hidden : rank);
      case QUERY_NORM -> shape(rank);
      case KEY_NORM -> shape(attention.keyValueRank());
      case OUTPUT -> shape(hidden, (long) attention.heads() * attention.valueDim());
      case INPUT_BIAS -> attention.bias() ? shape(attention.downRows()) : NONE;
      case OUTPUT_BIAS -> attention.bias() ? shape(hidden) : NONE;
      case DOWN_PROJECTIONS -> shape(attention.downRows(), hidden);
      case KEY_VALUE_UP -> shape(attention.upRows(), attention.keyValueRank());
      default -> NONE;
    };
  }

  private ImmutableList<Long> ofMixture(MoeSpec spec, LayerSpec.Moe moe) {
    long experts = moe.experts();
    long inner = moe.expertWidth();
    long shared = moe.sharedWidth();
    long hidden = spec.hiddenSize();
    boolean bias = spec.gate().bias();
    return switch (this) {
      case ROUTER -> shape(experts, hidden);
      case ROUTER_BIAS -> spec.router().bias() ? shape(experts) : NONE;
      case SELECTION_BIAS -> spec.router().selectionBias() ? shape(experts) : NONE;
      case GATE_UP -> shape(experts, 2 * inner, hidden);
      case DOWN -> shape(experts, hidden, inner);
      case GATE_UP_BIAS -> bias ? shape(experts, 2 * inner) : NONE;
      case DOWN_BIAS -> bias ? shape(experts, hidden) : NONE;
      case SHARED_GATE_UP -> shared > 0 ? shape(1, 2 * shared, hidden) : NONE;
      case SHARED_DOWN -> shared > 0 ? shape(1, hidden, shared) : NONE;
      case SHARED_SCORE -> moe.sharedGate() ? shape(1, hidden) : NONE;
      default -> NONE;
    };
  }

  private ImmutableList<Long> ofDense(LayerSpec.Dense dense, long hidden) {
    return switch (this) {
      case GATE_UP -> shape(1, 2L * dense.width(), hidden);
      case DOWN -> shape(1, hidden, dense.width());
      default -> NONE;
    };
  }

  private static ImmutableList<Long> shape(long... extents) {
    return ImmutableList.copyOf(Longs.asList(extents));
  }
}
