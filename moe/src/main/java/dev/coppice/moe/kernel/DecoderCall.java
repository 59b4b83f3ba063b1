package dev.coppice.moe.kernel;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Doubles;
import com.google.common.primitives.Longs;
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LatentAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The numbers of a kernel call.
 *
 * @param spec shape of the model
 * @param batch sequences B
 * @param sequence tokens of each, S
 * @param segments lengths of the runs of tokens that see one another, over all sequences in order;
 *     none for whole sequences
 * @param options how it is computed
 */
public record DecoderCall(
    MoeSpec spec, int batch, int sequence, ImmutableList<Integer> segments, Options options) {
  private static final int FLOAT32 = 6;
  private static final int BFLOAT16 = 15;

  /** Epsilon of the norms of latent vectors, which no configuration names. */
  private static final double LATENT_EPSILON = 1e-6;

  /**
   * How a call is computed.
   *
   * @param bfloat16 whether matrix products run in bfloat16
   * @param chunk tokens whose logits are held at once
   * @param recompute whether backward computes each layer anew instead of keeping what it needs
   */
  public record Options(boolean bfloat16, int chunk, boolean recompute) {
    /** Checks the chunk. */
    public Options {
      checkArgument(chunk > 0, "chunk must be positive, got %s tokens", chunk);
    }
  }

  /** Checks that there are tokens and that segments hold all of them. */
  public DecoderCall {
    checkArgument(batch > 0 && sequence > 0, "tokens must be B x S, got %s x %s", batch, sequence);
    long inSegments = segments.stream().mapToLong(Integer::longValue).sum();
    checkArgument(
        segments.isEmpty() || inSegments == (long) batch * sequence,
        "segments must hold all %s x %s tokens, got %s",
        batch,
        sequence,
        inSegments);
  }

  /** The kernels' number of the compute type. */
  public long dtype() {
    return dtype(options.bfloat16());
  }

  public static long dtype(boolean bfloat16) {
    return bfloat16 ? BFLOAT16 : FLOAT32;
  }

  /**
   * The whole numbers of the kernels' {@code Call}: its fields, then every layer's K (0 for a dense
   * one) and every layer's window (0 for none).
   *
   * @param overwrite whether the matrices of the gradient hold nothing yet
   */
  public long[] integers(boolean overwrite) {
    Map<CallField, Long> values = new EnumMap<>(CallField.class);
    Arrays.stream(CallField.values())
        .filter(CallField::whole)
        .forEach(field -> values.put(field, 0L));
    values.put(CallField.BATCH, (long) batch);
    values.put(CallField.SEQUENCE, (long) sequence);
    values.put(CallField.DTYPE, dtype());
    values.put(CallField.HEAD_CHUNK, (long) options.chunk());
    fillAttention(values);
    fillRouter(values);
    values.put(CallField.CLAMPED_GATE, flag(spec.gate().clamped()));
    values.put(CallField.RECOMPUTE, flag(options.recompute()));
    values.put(CallField.OVERWRITE, flag(overwrite));
    return Longs.concat(Longs.toArray(values.values()), topK(), windows());
  }

  private void fillAttention(Map<CallField, Long> values) {
    AttentionSpec attention = spec.attention();
    values.put(CallField.HEADS, (long) attention.heads());
    values.put(CallField.INTERLEAVED, flag(attention.rope().interleaved()));
    if (attention instanceof LatentAttention latent) {
      values.put(CallField.LATENT, 1L);
      values.put(CallField.QUERY_RANK, (long) latent.queryRank());
      values.put(CallField.KEY_VALUE_RANK, (long) latent.keyValueRank());
      values.put(CallField.PLAIN_WIDTH, (long) latent.plainDim());
      values.put(CallField.ROTARY_WIDTH, (long) latent.rotaryDim());
      values.put(CallField.VALUE_WIDTH, (long) latent.valueDim());
    } else {
      GroupedAttention grouped = (GroupedAttention) attention;
      values.put(CallField.KEY_VALUE_HEADS, (long) grouped.keyValueHeads());
      values.put(CallField.HEAD_WIDTH, (long) grouped.headDim());
      values.put(
          CallField.HEAD_NORM,
          switch (grouped.headNorm()) {
            case NONE -> 0L;
            case PER_HEAD -> 1L;
            case WHOLE -> 2L;
          });
    }
  }

  /** A softmax over the chosen is the softmax over all, renormalised: the largest are the same. */
  private void fillRouter(Map<CallField, Long> values) {
    RouterSpec router = spec.router();
    RouterSpec.Scoring scoring = router.scoring();
    values.put(CallField.SIGMOID_ROUTER, flag(scoring == RouterSpec.Scoring.SIGMOID));
    values.put(
        CallField.RENORMALIZE,
        flag(router.renormalize() || scoring == RouterSpec.Scoring.CHOSEN_SOFTMAX));
    values.put(CallField.GROUPS, (long) router.groups());
    values.put(CallField.TOP_GROUPS, (long) router.topGroups());
    values.put(
        CallField.GROUP_SCORE_OF_TWO,
        flag(router.groupScore() == RouterSpec.GroupScore.TOP_TWO_SUM));
  }

  private long[] topK() {
    return spec.layers().stream().mapToLong(LayerSpec::topK).toArray();
  }

  private long[] windows() {
    return IntStream.range(0, spec.layerCount()).mapToLong(spec::window).toArray();
  }

  private static long flag(boolean value) {
    return value ? 1 : 0;
  }

  /** The other numbers of the kernels' {@code Call}. */
  public double[] numbers(Factors factors) {
    Map<CallField, Double> values = new EnumMap<>(CallField.class);
    values.put(CallField.NORM_EPSILON, spec.normEpsilon());
    values.put(CallField.ATTENTION_SCALE, spec.attention().scale());
    values.put(CallField.LATENT_EPSILON, LATENT_EPSILON);
    values.put(CallField.ROUTED_SCALING, spec.router().scalingFactor());
    values.put(CallField.GATE_ALPHA, spec.gate().alpha());
    values.put(CallField.GATE_LIMIT, spec.gate().limit());
    values.put(CallField.EMBEDDING_MULTIPLIER, spec.multipliers().embedding());
    values.put(CallField.RESIDUAL_MULTIPLIER, spec.multipliers().residual());
    values.put(CallField.LOGITS_DIVISOR, spec.multipliers().logits());
    values.put(CallField.LOSS_SCALE, factors.loss());
    values.put(CallField.Z_SCALE, factors.z());
    return Doubles.toArray(values.values());
  }

  /** The lengths of segments. */
  public long[] segmentLengths() {
    return segments.stream().mapToLong(Integer::longValue).toArray();
  }

  /**
   * Factors of the gradients.
   *
   * @param loss of the sum of cross-entropies
   * @param z of the sum of squared log-sum-exps
   */
  public record Factors(double loss, double z) {
    /** For calls without gradients. */
    public static final Factors NONE = new Factors(0, 0);
  }
}
