package dev.coppice.moe.kernel;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Longs;
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LatentAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;

/**
 * The numbers that tell a kernel what it computes.
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
  private static final int HEADER = 20;

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
  long dtype() {
    return dtype(options.bfloat16());
  }

  static long dtype(boolean bfloat16) {
    return bfloat16 ? BFLOAT16 : FLOAT32;
  }

  /**
   * The argument {@code shape} of model.py.
   *
   * @param stale whether the matrices of the gradient hold nothing yet
   */
  long[] shape(boolean stale) {
    long[] header = new long[HEADER];
    header[0] = batch;
    header[1] = sequence;
    header[2] = dtype();
    header[3] = options.chunk();
    fillAttention(header);
    fillRouter(header);
    header[17] = flag(spec.gate().clamped());
    header[18] = flag(options.recompute());
    header[19] = flag(stale);
    return Longs.concat(header, layers());
  }

  private void fillAttention(long[] header) {
    AttentionSpec attention = spec.attention();
    header[5] = attention.heads();
    header[11] = flag(attention.rope().interleaved());
    if (attention instanceof LatentAttention latent) {
      header[4] = 1;
      header[6] = latent.queryRank();
      header[7] = latent.keyValueRank();
      header[8] = latent.plainDim();
      header[9] = latent.rotaryDim();
      header[10] = latent.valueDim();
    } else {
      GroupedAttention grouped = (GroupedAttention) attention;
      header[6] = grouped.keyValueHeads();
      header[7] = grouped.headDim();
      header[8] =
          switch (grouped.headNorm()) {
            case NONE -> 0;
            case PER_HEAD -> 1;
            case WHOLE -> 2;
          };
    }
  }

  /** A softmax over the chosen is the softmax over all, renormalised: the largest are the same. */
  private void fillRouter(long[] header) {
    RouterSpec router = spec.router();
    header[12] = flag(router.scoring() == RouterSpec.Scoring.SIGMOID);
    header[13] =
        flag(router.renormalize() || router.scoring() == RouterSpec.Scoring.CHOSEN_SOFTMAX);
    header[14] = router.groups();
    header[15] = router.topGroups();
    header[16] = flag(router.groupScore() == RouterSpec.GroupScore.TOP_TWO_SUM);
  }

  private long[] layers() {
    long[] layers = new long[2 * spec.layerCount()];
    for (int i = 0; i < spec.layerCount(); i++) {
      layers[2 * i] = spec.layers().get(i) instanceof LayerSpec.Moe moe ? moe.topK() : 0;
      layers[2 * i + 1] = spec.window(i);
    }
    return layers;
  }

  private static long flag(boolean value) {
    return value ? 1 : 0;
  }

  /** The argument {@code numbers} of model.py. */
  double[] numbers(Factors factors) {
    return new double[] {
      spec.normEpsilon(),
      spec.attention().scale(),
      LATENT_EPSILON,
      spec.router().scalingFactor(),
      spec.gate().alpha(),
      spec.gate().limit(),
      spec.multipliers().embedding(),
      spec.multipliers().residual(),
      spec.multipliers().logits(),
      factors.loss(),
      factors.z()
    };
  }

  /** The argument {@code segments} of model.py. */
  long[] segmentLengths() {
    return segments.stream().mapToLong(Integer::longValue).toArray();
  }

  /**
   * What gradients are multiplied with.
   *
   * @param loss of the sum of cross-entropies
   * @param z of the sum of squared log-sum-exps
   */
  public record Factors(double loss, double z) {
    /** For calls without gradients. */
    public static final Factors NONE = new Factors(0, 0);
  }
}
