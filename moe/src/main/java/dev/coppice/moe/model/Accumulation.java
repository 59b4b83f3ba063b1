package dev.coppice.moe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.primitives.ImmutableDoubleArray;
import com.google.common.primitives.ImmutableLongArray;
import dev.coppice.moe.kernel.DecoderCall;
import dev.coppice.moe.kernel.KernelLibrary;
import dev.coppice.moe.kernel.Lesson;
import dev.coppice.moe.kernel.Pass;
import dev.coppice.moe.spec.LayerSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * Forward and backward over the shares of one batch, side by side.
 *
 * <p>The load-balancing loss is of the whole batch: its gradient needs what all shares' routers
 * did, so shares meet between forward and backward where it counts.
 */
final class Accumulation {
  private final LanguageModel model;
  private final List<GradientShare> gradients;
  private final boolean recompute;
  private final Optional<Distillation> distillation;

  /** A share and what its kernels, and those of its teacher, are called with. */
  private record Work(
      GradientShare gradient,
      KernelLibrary.Tokens tokens,
      KernelLibrary.Inputs inputs,
      Optional<KernelLibrary.Inputs> teacher) {
    KernelLibrary.Training training(DecoderCall.Factors factors) {
      return new KernelLibrary.Training(gradient.forKernels(), inputs, factors, gradient.stale());
    }
  }

  /** What the routers of all shares did. */
  private record Routing(ExpertLoad load, ImmutableDoubleArray chance, long rows) {}

  /** Teaches nothing where the weight of the distillation is 0. */
  Accumulation(
      LanguageModel model,
      List<GradientShare> gradients,
      boolean recompute,
      Optional<Distillation> distillation) {
    this.model = model;
    this.gradients = gradients;
    this.recompute = recompute;
    this.distillation = distillation.filter(wanted -> wanted.weight() > 0);
  }

  LossStats run(NDManager scratch, List<TokenBatch> parts, LossWeights weights, double scale) {
    List<Work> works = new ArrayList<>();
    for (TokenBatch part : parts) {
      works.add(work(scratch.newSubManager(), part, gradients.get(works.size())));
    }
    long counted = parts.stream().mapToLong(TokenBatch::counted).sum();
    long rows = rows(parts);
    DecoderCall.Factors factors =
        new DecoderCall.Factors(
            scale / Math.max(1, counted), scale * weights.z() / Math.max(1, rows));
    List<Pass> passes =
        weights.loadBalance() == 0
            ? throughout(scratch, works, factors)
            : meeting(scratch, works, factors, rows, weights.loadBalance() * scale);
    return stats(passes, counted, rows);
  }

  private Work work(NDManager manager, TokenBatch part, GradientShare gradient) {
    KernelLibrary.Inputs inputs = model.inputs(part);
    DecoderCall.Options options = model.options(recompute, distillation.isPresent());
    DecoderCall call =
        new DecoderCall(model.spec(), part.batch(), part.sequence(), part.segments(), options);
    return new Work(
        gradient,
        LanguageModel.tokens(manager, part),
        new KernelLibrary.Inputs(inputs.parameters(), inputs.rotary(), call),
        distillation.map(wanted -> wanted.teacher().inputs(part)));
  }

  /** Tokens that routers see, over all mixture layers. */
  private long rows(List<TokenBatch> parts) {
    long mixtures = model.spec().layers().stream().filter(LayerSpec.Moe.class::isInstance).count();
    return mixtures * parts.stream().mapToLong(part -> part.ids().length).sum();
  }

  private List<Pass> throughout(NDManager scratch, List<Work> works, DecoderCall.Factors factors) {
    NDArray none = scratch.create(new float[1]);
    List<Callable<Pass>> tasks = new ArrayList<>();
    for (Work work : works) {
      tasks.add(
          () -> {
            Pass pass = begin(work, factors);
            return finish(pass, work, none, factors);
          });
    }
    return model.workers().run(tasks);
  }

  private List<Pass> meeting(
      NDManager scratch,
      List<Work> works,
      DecoderCall.Factors factors,
      long rows,
      double balanceScale) {
    List<Callable<Pass>> starts = new ArrayList<>();
    works.forEach(work -> starts.add(() -> begin(work, factors)));
    List<Pass> passes = model.workers().run(starts);
    NDArray balance = scratch.create(balance(routing(passes, rows), balanceScale));
    List<Callable<Pass>> ends = new ArrayList<>();
    for (int i = 0; i < works.size(); i++) {
      Pass pass = passes.get(i);
      Work work = works.get(i);
      ends.add(() -> finish(pass, work, balance, factors));
    }
    return model.workers().run(ends);
  }

  private Pass begin(Work work, DecoderCall.Factors factors) {
    KernelLibrary.Training training = work.training(factors);
    if (work.teacher().isEmpty()) {
      return model.kernels().begin(work.tokens(), training);
    }
    KernelLibrary.Inputs teacher = work.teacher().get();
    try (NDArray residual = model.kernels().residual(work.tokens().ids(), teacher)) {
      Lesson lesson = new Lesson(residual, teacher, distillation.orElseThrow().strength());
      return model.kernels().begin(work.tokens(), training, lesson);
    }
  }

  private Pass finish(Pass pass, Work work, NDArray balance, DecoderCall.Factors factors) {
    try (pass) {
      model.kernels().finish(pass, balance, work.training(factors));
      work.gradient().filled();
      return pass;
    }
  }

  private Routing routing(List<Pass> passes, long rows) {
    int experts = model.spec().firstMoe().map(LayerSpec.Moe::experts).orElse(0);
    ExpertLoad load = ExpertLoad.NONE;
    double[] chance = new double[experts];
    for (Pass pass : passes) {
      load = load.plus(new ExpertLoad(experts, ImmutableLongArray.copyOf(pass.load())));
      float[] own = pass.chance();
      for (int i = 0; i < experts; i++) {
        chance[i] += own[i];
      }
    }
    return new Routing(load, ImmutableDoubleArray.copyOf(chance), Math.max(1, rows));
  }

  /** Gradient of the load-balancing loss with respect to every probability of an expert [E]. */
  private static float[] balance(Routing routing, double scale) {
    int experts = routing.chance().length();
    float[] gradient = new float[Math.max(1, experts)];
    for (int layer = 0; layer < routing.load().layers(); layer++) {
      for (int i = 0; i < experts; i++) {
        double share = (double) routing.load().count(layer, i) / routing.rows();
        gradient[i] += (float) (scale * share * experts / routing.rows());
      }
    }
    return gradient;
  }

  private LossStats stats(List<Pass> passes, long counted, long rows) {
    Routing routing = routing(passes, rows);
    float[] gradient = balance(routing, 1);
    double loadBalance = 0;
    for (int i = 0; i < routing.chance().length(); i++) {
      loadBalance += gradient[i] * routing.chance().get(i);
    }
    double loss = passes.stream().mapToDouble(Pass::loss).sum();
    double squares = passes.stream().mapToDouble(Pass::squaredLogSumExp).sum();
    return new LossStats(
        loss / Math.max(1, counted),
        loadBalance,
        squares / routing.rows(),
        counted,
        routing.load(),
        passes.stream().mapToDouble(Pass::divergence).sum() / Math.max(1, counted));
  }
}
