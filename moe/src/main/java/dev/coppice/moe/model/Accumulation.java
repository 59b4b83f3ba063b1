package dev.coppice.moe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.ImmutableList;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/**
 * Forward and backward over one batch by a team: each member has a share of the sequences, and
 * takes pieces of the mixtures of all of them as it comes to be free.
 *
 * <p>An expert's gradient is written by one thread, whichever takes it. Gradients of a mixture's
 * weights are for nobody to wait for: they fill the time of who waits at the next mixture. The
 * load-balancing loss is of the whole batch: where it counts, the backward pass begins when all
 * routers are done.
 */
final class Accumulation {
  private final LanguageModel model;
  private final List<GradientShare> gradients;
  private final boolean recompute;
  private final int threads;
  private final Optional<Distillation> distillation;

  /** One member's share, and what its teacher's kernels are called with. */
  private record Work(
      GradientShare gradient,
      KernelLibrary.Tokens tokens,
      Pass pass,
      Optional<KernelLibrary.Inputs> teacher,
      ImmutableList<Mixture> mixtures) {}

  /** The pieces of one layer, which all members take from. */
  private record Mixture(Pieces forward, Pieces again, Pieces backward, Pieces weights) {
    Mixture() {
      this(new Pieces(), new Pieces(), new Pieces(), new Pieces());
    }
  }

  /** A mixture whose weights' gradients are not all made; nothing where they are. */
  private record Pending(Work work, int layer, int pieces) {
    boolean takeOne() {
      return weights().takeOne(pieces, this::make);
    }

    void takeAll() {
      weights().takeAll(pieces, this::make);
    }

    private Pieces weights() {
      return work.mixtures().get(layer).weights();
    }

    private void make(int piece) {
      work.pass().mixWeights(layer, piece);
    }
  }

  /** What the routers of all shares did. */
  private record Routing(ExpertLoad load, ImmutableDoubleArray chance, long rows) {}

  /** Teaches nothing where the weight of the distillation is 0. */
  Accumulation(
      LanguageModel model,
      List<GradientShare> gradients,
      boolean recompute,
      int threads,
      Optional<Distillation> distillation) {
    this.model = model;
    this.threads = threads;
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
    ImmutableList<Mixture> mixtures =
        Stream.generate(Mixture::new)
            .limit(model.spec().layerCount())
            .collect(ImmutableList.toImmutableList());
    try (Exchange exchange = model.kernels().exchange(call(batch), model.forKernels())) {
      int start = 0;
      for (TokenBatch part : parts) {
        Pass.Member member = new Pass.Member(works.size(), parts.size(), start);
        works.add(work(scratch.newSubManager(), part, member, exchange, factors, mixtures));
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
      DecoderCall.Factors factors,
      ImmutableList<Mixture> mixtures) {
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
        distillation.map(wanted -> wanted.teacher().inputs(part)),
        mixtures);
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
    Meeting meeting = model.workers().meeting(works.size());
    return model
        .workers()
        .run(
            threads,
            works.stream().map(work -> meeting.task(() -> what.apply(work, meeting))).toList());
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
        mix(pass, layer, work.mixtures().get(layer).forward());
        meeting.await();
        pass.after(layer);
      }
    }
    return judge(work);
  }

  private static Pass.Division mix(Pass pass, int layer, Pieces pieces) {
    Pass.Division division = pass.open(layer);
    pieces.takeAll(division.rows(), piece -> pass.mix(layer, piece));
    return division;
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
    Optional<Pending> pending = Optional.empty();
    for (int layer = model.spec().layerCount() - 1; layer >= 0; layer--) {
      if (recompute) {
        pass.again(layer);
      }
      if (mixture(layer)) {
        Pending next = mixBackward(work, meeting, layer, pending);
        pass.behind(layer, balance);
        pending = recompute ? madeAtOnce(next, meeting) : Optional.of(next);
      } else {
        pass.catchUp();
        pass.behind(layer, balance);
      }
    }
    pass.catchUp();
    pending.ifPresent(Pending::takeAll);
    pass.end();
    work.gradient().filled();
  }

  /** Where layers share their arrays, the next one must not begin before. */
  private static Optional<Pending> madeAtOnce(Pending weights, Meeting meeting) {
    weights.takeAll();
    meeting.await();
    return Optional.empty();
  }

  private Pending mixBackward(Work work, Meeting meeting, int layer, Optional<Pending> pending) {
    Pass pass = work.pass();
    Mixture mixture = work.mixtures().get(layer);
    if (recompute) {
      meeting.await();
      mix(pass, layer, mixture.again());
    }
    pass.enterBackward();
    meet(pass, meeting, pending);
    pending.ifPresent(Pending::takeAll);
    Pass.Division division = pass.division(layer);
    mixture.backward().takeAll(division.rows(), piece -> pass.mixBackward(layer, piece));
    meeting.await();
    return new Pending(work, layer, division.weights());
  }

  /** Waits for all, but not idly: first come the gradients that only this member can make. */
  private static void meet(Pass pass, Meeting meeting, Optional<Pending> pending) {
    AtomicBoolean behind = new AtomicBoolean(true);
    meeting.await(
        () -> {
          if (behind.getAndSet(false)) {
            pass.catchUp();
            return true;
          }
          return pending.map(Pending::takeOne).orElse(false);
        });
    if (behind.get()) {
      pass.catchUp();
    }
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
