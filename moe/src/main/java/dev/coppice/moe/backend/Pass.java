package dev.coppice.moe.backend;

import static com.google.common.base.Preconditions.checkState;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import com.google.common.primitives.ImmutableLongArray;
import dev.coppice.moe.backend.KernelLibrary.Inputs;
import dev.coppice.moe.backend.KernelLibrary.Tokens;
import dev.coppice.moe.kernel.DecoderCall;
import java.util.HashMap;
import java.util.Map;

/**
 * One member's part of a training pass: forward and backward over its share of a batch, and over
 * tasks of the mixtures of all of the batch.
 *
 * <p>Forward, for each layer: {@link #attentionAndRoute}; for a mixture also {@link #planDispatch}
 * once all members are there, {@link #expertForward} for the tasks that the member takes, and
 * {@link #combine} once all are done. Then {@link #loss}. Backward, from the last layer: for a
 * mixture {@link #combineBackward}, and {@link #expertBackward} for tasks once all members are
 * there; {@link #attentionBackward} once all are done. Tasks of {@link #expertWeightGrads} come
 * between a mixture's {@code attentionBackward} and that of the next mixture. Then {@link
 * #embeddingBackward}. {@link #runDeferredMatmuls} may come anywhere between, and comes before or
 * after {@code embeddingBackward}. Where layers are computed anew, {@link #recompute}, {@code
 * planDispatch} and {@code expertForward} come before a layer's backward pass, and {@code
 * expertWeightGrads} before the next {@code recompute}.
 *
 * <p>One thread at a time may use it; close it.
 */
public final class Pass implements AutoCloseable {
  private final KernelLibrary kernels;
  private final Tokens tokens;
  private final Training training;
  private final TeamBuffers buffers;
  private final Member member;
  private final IValue state;
  private final Map<Integer, Division> divisions = new HashMap<>();

  /**
   * Who of a team.
   *
   * @param index from 0
   * @param count members of the team
   * @param start first token of its share
   */
  public record Member(int index, int count, int start) {}

  /**
   * What is trained, and how.
   *
   * @param gradients grow
   * @param inputs what is computed
   * @param factors of the gradients
   * @param overwrite whether the matrices of the gradient hold nothing yet
   * @param overwriteExperts the same of the routed experts' matrices, which all members share
   */
  public record Training(
      ModelTensors gradients,
      Inputs inputs,
      DecoderCall.Factors factors,
      boolean overwrite,
      boolean overwriteExperts) {}

  Pass(
      KernelLibrary kernels, Tokens tokens, Training training, TeamBuffers buffers, Member member) {
    this.kernels = kernels;
    this.tokens = tokens;
    this.training = training;
    this.buffers = buffers;
    this.member = member;
    Inputs inputs = training.inputs();
    this.state =
        kernels.call(
            "begin",
            new Arguments()
                .tensor(tokens.ids())
                .model(inputs.parameters())
                .model(training.gradients())
                .made(kernels.record(inputs.call(), training.factors(), training.overwrite()))
                .tensor(inputs.rotary().cos())
                .tensor(inputs.rotary().sin())
                .integer(member.start()));
  }

  private Arguments state() {
    return new Arguments().value(state);
  }

  private Arguments layer(int layer) {
    return state().integer(layer).value(buffers.buffers(layer));
  }

  private Arguments layerBackward(int layer) {
    return layer(layer).value(buffers.gradBuffers());
  }

  private void run(String method, Arguments arguments) {
    kernels.call(method, arguments).close();
  }

  /** A layer's attention, and the routing of its tokens, or all of a dense layer. */
  public void attentionAndRoute(int layer) {
    run("attention_and_route", layer(layer));
  }

  /** The same a second time, for a backward pass that kept nothing but the layer's input. */
  public void recompute(int layer) {
    run("recompute", layer(layer));
  }

  /**
   * How many tasks a mixture comes in, which each member finds for itself.
   *
   * @param experts tasks of {@link #expertForward} and of {@link #expertBackward}
   * @param weights tasks of {@link #expertWeightGrads}
   */
  public record Division(int experts, int weights) {}

  /** Plans which rows are whose, for the tokens of all members. */
  public Division planDispatch(int layer) {
    try (IValue tasks = kernels.call("plan_dispatch", layer(layer).integer(member.count()))) {
      long[] counts = tasks.toLongArray();
      Division division = new Division(Math.toIntExact(counts[0]), Math.toIntExact(counts[1]));
      divisions.put(layer, division);
      return division;
    }
  }

  /**
   * What {@link #planDispatch} found last.
   *
   * @throws IllegalStateException if the layer was not planned
   */
  public Division division(int layer) {
    Division division = divisions.get(layer);
    checkState(division != null, "layer %s must have been planned", layer);
    return division;
  }

  /** One task of a mixture. */
  public void expertForward(int layer, int task) {
    run("expert_forward", layer(layer).integer(task));
  }

  /** The residual stream after the mixture. */
  public void combine(int layer) {
    run("combine", state().value(buffers.buffers(layer)));
  }

  /** How many tokens each expert of the mixture layers so far took, row-major [L, E]. */
  public ImmutableLongArray load() {
    try (IValue load = kernels.call("load", state());
        NDArray array = load.toTensor((PtNDManager) tokens.ids().getManager())) {
      return ImmutableLongArray.copyOf(array.toLongArray());
    }
  }

  /** The head, forward and backward. */
  public PassSums loss() {
    return loss("loss", state().tensor(tokens.labels()));
  }

  /** The same, where the loss is also the divergence from a teacher. */
  public PassSums loss(TeacherOutput teacher) {
    DecoderCall call = teacher.inputs().call();
    Arguments arguments =
        state()
            .tensor(tokens.labels())
            .tensor(teacher.residual())
            .model(teacher.inputs().parameters())
            .made(kernels.record(call, DecoderCall.Factors.NONE, false))
            .number(teacher.strength().temperature())
            .number(teacher.strength().weight())
            .integer(teacher.strength().top());
    return loss("distilled_loss", arguments);
  }

  private PassSums loss(String method, Arguments arguments) {
    try (IValue sums = kernels.call(method, arguments)) {
      return PassSums.of((PtNDManager) tokens.ids().getManager(), sums);
    }
  }

  /** Hands the gradient of the layer's end to all members. */
  public void combineBackward() {
    run("combine_backward", state().value(buffers.gradBuffers()));
  }

  /** One task of a mixture's backward pass, but for the gradients of its weights. */
  public void expertBackward(int layer, int task) {
    run("expert_backward", layerBackward(layer).integer(task));
  }

  /**
   * One task of the gradients of a mixture's weights, which all members share: of the layer whose
   * {@link #attentionBackward} was the last.
   */
  public void expertWeightGrads(int layer, int task) {
    Arguments arguments = layerBackward(layer).integer(task);
    run("expert_weight_grads", arguments.integer(training.overwriteExperts() ? 1 : 0));
  }

  /**
   * The rest of a layer's backward pass.
   *
   * @param layer which
   * @param balance gradient of every router probability [E], float32; [1] for none
   */
  public void attentionBackward(int layer, NDArray balance) {
    run("attention_backward", layerBackward(layer).tensor(balance));
  }

  /** The gradients of matrices that were deferred, as nothing waits for them. */
  public void runDeferredMatmuls() {
    run("run_deferred_matmuls", state());
  }

  /** The gradient of the embedding. */
  public void embeddingBackward() {
    run("embedding_backward", state().tensor(tokens.ids()));
  }

  @Override
  public void close() {
    state.close();
  }
}
