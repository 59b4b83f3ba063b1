package dev.coppice.moe.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.backend.KernelLibrary;
import dev.coppice.moe.backend.Meeting;
import dev.coppice.moe.backend.Pass;
import dev.coppice.moe.backend.PassSums;
import dev.coppice.moe.backend.TaskQueue;
import dev.coppice.moe.backend.TeacherOutput;
import dev.coppice.moe.backend.TeamBuffers;
import dev.coppice.moe.kernel.DecoderCall;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.spec.LayerSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/**
 * Forward and backward over one batch by a team: each member has a share of the sequences, and
 * takes tasks of the mixtures of all of them when it is free.
 *
 * <p>An expert's gradient is written by one thread, whichever takes it. Weight gradients of a
 * mixture are not on the critical path: they fill the waiting time at the next mixture.
 */
final class Accumulation {
  private final LanguageModel model;
  private final List<GradientShare> gradients;
  private final boolean recompute;
  private final int threads;
  private final Optional<Distillation> distillation;

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

  /**
   * Forward and backward, where no load-balancing loss counts.
   *
   * @param factors of the gradients
   */
  PartSums run(NDManager scratch, TokenBatch batch, DecoderCall.Factors factors) {
    NDArray none = scratch.create(new float[1]);
    try (Started started = start(scratch, batch, factors)) {
      return started.sums(
          together(
              started.works(),
              (work, meeting) -> {
                PassSums sums = forward(work, meeting);
                backward(work, meeting, none);
                return sums;
              }));
    }
  }

  /** Forward; the backward pass is to follow. */
  Forward forward(NDManager scratch, TokenBatch batch, DecoderCall.Factors factors) {
    Started started = start(scratch, batch, factors);
    try {
      return new Forward(started, started.sums(together(started.works(), this::forward)));
    } catch (RuntimeException e) {
      started.close();
      throw e;
    }
  }

  /** The tokens of each expert in a batch: forward as far as the last router. */
  ExpertLoad load(NDManager scratch, TokenBatch batch) {
    try (Started started = start(scratch, batch, DecoderCall.Factors.NONE)) {
      ExpertLoad all = ExpertLoad.NONE;
      for (ExpertLoad part : together(started.works(), this::route)) {
        all = all.plus(part);
      }
      return all;
    }
  }

  /** A batch whose backward pass is to follow; close it. */
  final class Forward implements AutoCloseable {
    private final Started started;
    private final PartSums sums;

    private Forward(Started started, PartSums sums) {
      this.started = started;
      this.sums = sums;
    }

    PartSums sums() {
      return sums;
    }

    /**
     * Backward.
     *
     * @param balance gradient of every probability of an expert [E]
     */
    void backward(NDManager scratch, float[] balance) {
      NDArray gradient = scratch.create(balance);
      together(
          started.works(),
          (work, meeting) -> {
            Accumulation.this.backward(work, meeting, gradient);
            return work;
          });
    }

    @Override
    public void close() {
      started.close();
    }
  }

  /** The works of all members on one batch. */
  private record Started(TeamBuffers buffers, List<MemberWork> works, int experts)
      implements AutoCloseable {
    PartSums sums(List<PassSums> all) {
      return PartSums.of(experts, all);
    }

    @Override
    public void close() {
      works.forEach(work -> work.pass().close());
      buffers.close();
    }
  }

  private Started start(NDManager scratch, TokenBatch batch, DecoderCall.Factors factors) {
    List<TokenBatch> parts = batch.shares(gradients.size());
    List<MemberWork> works = new ArrayList<>();
    ImmutableList<MemberWork.Mixture> mixtures =
        Stream.generate(MemberWork.Mixture::new)
            .limit(model.spec().layerCount())
            .collect(ImmutableList.toImmutableList());
    int experts = model.spec().firstMoe().map(LayerSpec.Moe::experts).orElse(0);
    TeamBuffers buffers = model.kernels().buffers(call(batch), model.forKernels());
    Started started = new Started(buffers, works, experts);
    try {
      int start = 0;
      for (TokenBatch part : parts) {
        Pass.Member member = new Pass.Member(works.size(), parts.size(), start);
        works.add(work(scratch.newSubManager(), part, member, buffers, factors, mixtures));
        start += part.ids().length;
      }
      return started;
    } catch (RuntimeException e) {
      started.close();
      throw e;
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

  private MemberWork work(
      NDManager manager,
      TokenBatch part,
      Pass.Member member,
      TeamBuffers buffers,
      DecoderCall.Factors factors,
      ImmutableList<MemberWork.Mixture> mixtures) {
    GradientShare gradient = gradients.get(member.index());
    Pass.Training training =
        new Pass.Training(
            gradient.forKernels(),
            inputs(part),
            factors,
            gradient.overwrite(),
            gradients.get(0).overwrite());
    KernelLibrary.Tokens tokens = LanguageModel.tokens(manager, part);
    return new MemberWork(
        gradient,
        tokens,
        model.kernels().begin(tokens, training, buffers, member),
        distillation.map(wanted -> wanted.teacher().inputs(part)),
        mixtures);
  }

  private <T> List<T> together(List<MemberWork> works, BiFunction<MemberWork, Meeting, T> what) {
    Meeting meeting = model.workers().meeting(works.size());
    return model
        .workers()
        .run(
            threads,
            works.stream().map(work -> meeting.task(() -> what.apply(work, meeting))).toList());
  }

  private boolean mixture(int layer) {
    return model.spec().layers().get(layer).isMixture();
  }

  private PassSums forward(MemberWork work, Meeting meeting) {
    for (int layer = 0; layer < model.spec().layerCount(); layer++) {
      work.pass().attentionAndRoute(layer);
      mixWith(work, meeting, layer);
    }
    return loss(work);
  }

  private ExpertLoad route(MemberWork work, Meeting meeting) {
    for (int layer = 0; layer < lastMixture(); layer++) {
      work.pass().attentionAndRoute(layer);
      mixWith(work, meeting, layer);
    }
    work.pass().attentionAndRoute(lastMixture());
    int experts = model.spec().firstMoe().map(LayerSpec.Moe::experts).orElse(0);
    return new ExpertLoad(experts, work.pass().load());
  }

  private int lastMixture() {
    int layer = model.spec().layerCount() - 1;
    while (layer > 0 && !mixture(layer)) {
      layer--;
    }
    return layer;
  }

  private void mixWith(MemberWork work, Meeting meeting, int layer) {
    if (mixture(layer)) {
      meeting.await();
      mix(work.pass(), layer, work.mixtures().get(layer).forward());
      meeting.await();
      work.pass().combine(layer);
    }
  }

  private static Pass.Division mix(Pass pass, int layer, TaskQueue tasks) {
    Pass.Division division = pass.planDispatch(layer);
    tasks.takeAll(division.experts(), task -> pass.expertForward(layer, task));
    return division;
  }

  private PassSums loss(MemberWork work) {
    if (work.teacher().isEmpty()) {
      return work.pass().loss();
    }
    KernelLibrary.Inputs teacher = work.teacher().get();
    try (NDArray residual = model.kernels().residual(work.tokens().ids(), teacher)) {
      TeacherOutput output =
          new TeacherOutput(residual, teacher, distillation.orElseThrow().strength());
      return work.pass().loss(output);
    }
  }

  private void backward(MemberWork work, Meeting meeting, NDArray balance) {
    Pass pass = work.pass();
    Optional<MemberWork.Pending> pending = Optional.empty();
    for (int layer = model.spec().layerCount() - 1; layer >= 0; layer--) {
      if (recompute) {
        pass.recompute(layer);
      }
      if (mixture(layer)) {
        MemberWork.Pending next = mixBackward(work, meeting, layer, pending);
        pass.attentionBackward(layer, balance);
        pending = recompute ? madeAtOnce(next, meeting) : Optional.of(next);
      } else {
        pass.runDeferredMatmuls();
        pass.attentionBackward(layer, balance);
      }
    }
    pass.runDeferredMatmuls();
    pending.ifPresent(MemberWork.Pending::takeAll);
    pass.embeddingBackward();
    work.gradient().filled();
  }

  /** Where layers share their arrays, the next one must not begin before. */
  private static Optional<MemberWork.Pending> madeAtOnce(
      MemberWork.Pending weights, Meeting meeting) {
    weights.takeAll();
    meeting.await();
    return Optional.empty();
  }

  private MemberWork.Pending mixBackward(
      MemberWork work, Meeting meeting, int layer, Optional<MemberWork.Pending> pending) {
    Pass pass = work.pass();
    MemberWork.Mixture mixture = work.mixtures().get(layer);
    if (recompute) {
      meeting.await();
      mix(pass, layer, mixture.recompute());
    }
    pass.combineBackward();
    meet(pass, meeting, pending);
    pending.ifPresent(MemberWork.Pending::takeAll);
    Pass.Division division = pass.division(layer);
    mixture.backward().takeAll(division.experts(), task -> pass.expertBackward(layer, task));
    meeting.await();
    return new MemberWork.Pending(work, layer, division.weights());
  }

  /** Waits for all, but not idly: first come the gradients that only this member can make. */
  private static void meet(Pass pass, Meeting meeting, Optional<MemberWork.Pending> pending) {
    AtomicBoolean behind = new AtomicBoolean(true);
    meeting.await(
        () -> {
          if (behind.getAndSet(false)) {
            pass.runDeferredMatmuls();
            return true;
          }
          return pending.map(MemberWork.Pending::takeOne).orElse(false);
        });
    if (behind.get()) {
      pass.runDeferredMatmuls();
    }
  }
}
