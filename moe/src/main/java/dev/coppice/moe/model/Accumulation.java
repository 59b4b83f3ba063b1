package dev.coppice.moe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.primitives.ImmutableDoubleArray;
import dev.coppice.moe.kernel.DecoderCall;
import dev.coppice.moe.kernel.Exchange;
import dev.coppice.moe.kernel.KernelLibrary;
import dev.coppice.moe.kernel.Lesson;
import dev.coppice.moe.kernel.Pass;
import dev.coppice.moe.kernel.PassSums;
import dev.coppice.moe.spec.LayerSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * Forward and backward over one batch by a team: each member has a share of the sequences, and for
 * all of them its own part of each mixture's experts.
 *
 * <p>So an expert's weights are read and its gradient is written by one thread. The load-balancing
 * loss is of the whole batch: where it counts, the backward pass begins when all routers are done.
 */
final class Accumulation {
  private final LanguageModel model;
  private final List<GradientShare> gradients;
  private final boolean recompute;
  private final Optional<Distillation> distillation;

  /** One member's share, and what its teacher's kernels are called with. */
  private record Work(
      GradientShare gradient,
      KernelLibrary.Tokens tokens,
      Pass pass,
      Optional<KernelLibrary.Inputs> teacher) {}

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

  LossStats run(NDManager scratch, TokenBatch batch, LossWeights weights, double scale) {
    List<TokenBatch> parts = batch.shares(gradients.size());
    long counted = batch.counted();
    long rows = rows(batch);
    DecoderCall.Factors factors =
        new DecoderCall.Factors(
            scale / Math.max(1, counted), scale * weights.z() / Math.max(1, rows));
    List<Work> works = new ArrayList<>();
    try (Exchange exchange = model.kernels().exchange(call(batch), model.forKernels())) {
      int start = 0;
      for (TokenBatch part : parts) {
        Pass.Member member = new Pass.Member(works.size(), parts.size(), start);
        works.add(work(scratch.newSubManager(), part, member, exchange, factors));
        start += part.ids().length;
      }
      List<PassSums> sums =
          weights.loadBalance() == 0
              ? throughout(scratch, works)
              : meeting(scratch, works, rows, weights.loadBalance() * scale);
      return stats(sums, counted, rows);
    } finally {
      works.forEach(work -> work.pass().close());
    }
  }

  private DecoderCall call(TokenBatch part) {
    DecoderCall.Options options = model.options(recompute, distillation.isPresent());
    return new DecoderCall(model.spec(), part.batch(), part.sequence(), part.segments(), options);
  }

  private KernelLibrary.Inputs inputs(TokenBatch part) {
    KernelLibrary.Inputs inputs = model.inputs(part);
    return new KernelLibrary.Inputs(inputs.parameters(), inputs.rotary(), call(part));
  }

  private Work work(
      NDManager manager,
      TokenBatch part,
      Pass.Member member,
      Exchange exchange,
      DecoderCall.Factors factors) {
    GradientShare gradient = gradients.get(member.index());
    Pass.Training training =
        new Pass.Training(
            gradient.forKernels(),
            inputs(part),
            factors,
            gradient.stale(),
            gradients.get(0).stale());
    KernelLibrary.Tokens tokens = LanguageModel.tokens(manager, part);
    return new Work(
        gradient,
        tokens,
        model.kernels().begin(tokens, training, exchange, member),
        distillation.map(wanted -> wanted.teacher().inputs(part)));
  }

  /** Tokens that routers see, over all mixture layers. */
  private long rows(TokenBatch batch) {
    long mixtures = model.spec().layers().stream().filter(LayerSpec.Moe.class::isInstance).count();
    return mixtures * batch.ids().length;
  }

  private List<PassSums> throughout(NDManager scratch, List<Work> works) {
    NDArray none = scratch.create(new float[1]);
    return together(
        works,
        (work, meeting) -> {
          PassSums sums = forward(work, meeting);
          backward(work, meeting, none);
          return sums;
        });
  }

  private List<PassSums> meeting(
      NDManager scratch, List<Work> works, long rows, double balanceScale) {
    List<PassSums> sums = together(works, this::forward);
    NDArray balance = scratch.create(balance(routing(sums, rows), balanceScale));
    together(
        works,
        (work, meeting) -> {
          backward(work, meeting, balance);
          return work;
        });
    return sums;
  }

  private <T> List<T> together(List<Work> works, BiFunction<Work, Meeting, T> what) {
    Meeting meeting = new Meeting(works.size());
    return model
        .workers()
        .run(works.stream().map(work -> meeting.task(() -> what.apply(work, meeting))).toList());
  }

  private boolean mixture(int layer) {
    return model.spec().layers().get(layer) instanceof LayerSpec.Moe;
  }

  private PassSums forward(Work work, Meeting meeting) {
    Pass pass = work.pass();
    for (int layer = 0; layer < model.spec().layerCount(); layer++) {
      pass.ahead(layer);
      if (mixture(layer)) {
        meeting.await();
        pass.mix(layer);
        meeting.await();
        pass.after(layer);
      }
    }
    return judge(work);
  }

  private PassSums judge(Work work) {
    if (work.teacher().isEmpty()) {
      return work.pass().judge();
    }
    KernelLibrary.Inputs teacher = work.teacher().get();
    try (NDArray residual = model.kernels().residual(work.tokens().ids(), teacher)) {
      Lesson lesson = new Lesson(residual, teacher, distillation.orElseThrow().strength());
      return work.pass().judge(lesson);
    }
  }

  private void backward(Work work, Meeting meeting, NDArray balance) {
    Pass pass = work.pass();
    for (int layer = model.spec().layerCount() - 1; layer >= 0; layer--) {
      if (recompute) {
        pass.again(layer);
      }
      if (mixture(layer)) {
        if (recompute) {
          meeting.await();
          pass.mix(layer);
        }
        pass.enterBackward();
        meeting.await();
        pass.mixBackward(layer);
        meeting.await();
      }
      pass.behind(layer, balance);
    }
    pass.end();
    work.gradient().filled();
  }

  private Routing routing(List<PassSums> all, long rows) {
    int experts = model.spec().firstMoe().map(LayerSpec.Moe::experts).orElse(0);
    ExpertLoad load = ExpertLoad.NONE;
    double[] chance = new double[experts];
    for (PassSums sums : all) {
      load = load.plus(new ExpertLoad(experts, sums.load()));
      for (int i = 0; i < experts; i++) {
        chance[i] += sums.chance().get(i);
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

  private LossStats stats(List<PassSums> all, long counted, long rows) {
    Routing routing = routing(all, rows);
    float[] gradient = balance(routing, 1);
    double loadBalance = 0;
    for (int i = 0; i < routing.chance().length(); i++) {
      loadBalance += gradient[i] * routing.chance().get(i);
    }
    double loss = all.stream().mapToDouble(PassSums::loss).sum();
    double squares = all.stream().mapToDouble(PassSums::squaredLogSumExp).sum();
    return new LossStats(
        loss / Math.max(1, counted),
        loadBalance,
        squares / routing.rows(),
        counted,
        routing.load(),
        all.stream().mapToDouble(PassSums::divergence).sum() / Math.max(1, counted));
  }
}
