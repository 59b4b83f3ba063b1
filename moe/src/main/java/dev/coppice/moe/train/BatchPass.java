package dev.coppice.moe.train;

import ai.djl.ndarray.NDManager;
import dev.coppice.moe.kernel.DecoderCall;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Forward and backward over a batch in parts, one after the other.
 *
 * <p>Losses and gradients are those of the whole batch. The gradient of the load-balancing loss
 * needs what the experts took of all parts. So where that loss counts and there are several parts,
 * each part but the last goes forward twice: first as far as its last router, then, with the counts
 * of all, forward and backward. The last part goes forward once.
 */
final class BatchPass {
  private final LanguageModel model;
  private final NDManager manager;
  private final Function<TokenBatch, Accumulation> passes;
  private final LossWeights weights;
  private final double scale;

  /**
   * A pass.
   *
   * @param manager that the arrays of a part live under
   * @param passes over a part
   * @param weights of the auxiliary losses
   * @param scale of the gradient
   */
  BatchPass(
      LanguageModel model,
      NDManager manager,
      Function<TokenBatch, Accumulation> passes,
      LossWeights weights,
      double scale) {
    this.model = model;
    this.manager = manager;
    this.passes = passes;
    this.weights = weights;
    this.scale = scale;
  }

  LossStats run(List<TokenBatch> parts) {
    long tokens = parts.stream().mapToLong(part -> part.ids().length).sum();
    BatchLosses losses = BatchLosses.of(model, tokens);
    boolean balanced = weights.loadBalance() > 0 && model.spec().mixtures() > 0;
    return losses.stats(parts, balanced ? balanced(parts, losses) : plain(parts, losses));
  }

  private DecoderCall.Factors factors(TokenBatch part, List<TokenBatch> parts, BatchLosses losses) {
    long counted = Math.max(1, parts.stream().mapToLong(TokenBatch::counted).sum());
    // so weighted, the gradient is that of the mean over all tokens however the batch is parted
    double share = scale * ((double) part.counted() / counted);
    return new DecoderCall.Factors(
        share / Math.max(1, part.counted()), scale * weights.z() / losses.rows());
  }

  private List<PartSums> plain(List<TokenBatch> parts, BatchLosses losses) {
    List<PartSums> sums = new ArrayList<>();
    for (TokenBatch part : parts) {
      try (NDManager scratch = manager.newSubManager()) {
        sums.add(passes.apply(part).run(scratch, part, factors(part, parts, losses)));
      }
    }
    return sums;
  }

  private List<PartSums> balanced(List<TokenBatch> parts, BatchLosses losses) {
    int last = parts.size() - 1;
    ExpertLoad others = load(parts.subList(0, last));
    List<PartSums> sums = new ArrayList<>();
    float[] gradient;
    try (NDManager scratch = manager.newSubManager();
        Accumulation.Forward forward = forward(scratch, parts.get(last), parts, losses)) {
      ExpertLoad load = others.plus(forward.sums().load());
      gradient = losses.balanceGradient(load, scale * weights.loadBalance());
      forward.backward(scratch, gradient);
      sums.add(forward.sums());
    }
    for (int i = last - 1; i >= 0; i--) {
      try (NDManager scratch = manager.newSubManager();
          Accumulation.Forward forward = forward(scratch, parts.get(i), parts, losses)) {
        forward.backward(scratch, gradient);
        sums.add(0, forward.sums());
      }
    }
    return sums;
  }

  private Accumulation.Forward forward(
      NDManager scratch, TokenBatch part, List<TokenBatch> parts, BatchLosses losses) {
    return passes.apply(part).forward(scratch, part, factors(part, parts, losses));
  }

  private ExpertLoad load(List<TokenBatch> parts) {
    ExpertLoad load = ExpertLoad.NONE;
    for (TokenBatch part : parts) {
      try (NDManager scratch = manager.newSubManager()) {
        load = load.plus(passes.apply(part).load(scratch, part));
      }
    }
    return load;
  }
}
