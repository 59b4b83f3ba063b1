package dev.coppice.moe.kernel;

import static com.google.common.base.Preconditions.checkState;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import com.google.common.primitives.ImmutableLongArray;
import dev.coppice.moe.kernel.KernelLibrary.Inputs;
import dev.coppice.moe.kernel.KernelLibrary.Tokens;
import java.util.HashMap;
import java.util.Map;

/**
 * One member's part of a training pass: forward and backward over its share of a batch, and over
 * pieces of the mixtures of all of the batch.
 *
 * <p>Forward, for each layer: {@link #ahead}; for a mixture also {@link #open} once all members are
 * there, {@link #mix} for the pieces that the member takes, and {@link #after} once all are done.
 * Then {@link #judge}. Backward, from the last layer: for a mixture {@link #enterBackward}, and
 * {@link #mixBackward} for pieces once all members are there; {@link #behind} once all are done.
 * Pieces of {@link #mixWeights} come between a mixture's {@code behind} and that of the next
 * mixture. Then {@link #end}. {@link #catchUp} may come anywhere between, and comes before or after
 * {@code end}. Where layers are computed anew, {@link #again}, {@code open} and {@code mix} come
 * before a layer's backward pass, and {@code mixWeights} before the next {@code again}.
 *
 * <p>One thread at a time may use it; close it.
 */
public final class Pass implements AutoCloseable {
  private final KernelLibrary kernels;
  private final Tokens tokens;
  private final Training training;
  private final Exchange exchange;
  private final Member member;
  private final Constants constants;
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
   * @param factors what gradients are multiplied with
   * @param stale whether the matrices of the gradient hold nothing yet and are to be overwritten
   * @param expertsStale the same of the routed experts' matrices, which all members share
   */
  public record Training(
      TensorList gradients,
      Inputs inputs,
      DecoderCall.Factors factors,
      boolean stale,
      boolean expertsStale) {}

  /** Arguments that stay the same. */
  private record Constants(
      IValue cos, IValue sin, IValue shape, IValue numbers, IValue segments, IValue start)
      implements AutoCloseable {
    static Constants of(Training training, Member member) {
      Inputs inputs = training.inputs();
      DecoderCall call = inputs.call();
      return new Constants(
          Arguments.of(inputs.rotary().cos()),
          Arguments.of(inputs.rotary().sin()),
          IValue.listFrom(call.shape(training.stale())),
          IValue.listFrom(call.numbers(training.factors())),
          IValue.listFrom(call.segmentLengths()),
          IValue.from((long) member.start()));
    }

    @Override
    public void close() {
      cos.close();
      sin.close();
      shape.close();
      numbers.close();
      segments.close();
      start.close();
    }
  }

  Pass(KernelLibrary kernels, Tokens tokens, Training training, Exchange exchange, Member member) {
    this.kernels = kernels;
    this.tokens = tokens;
    this.training = training;
    this.exchange = exchange;
    this.member = member;
    this.constants = Constants.of(training, member);
    this.state =
        kernels.call(
            "begin",
            new Arguments()
                .tensor(tokens.ids())
                .tensors(training.inputs().parameters())
                .value(constants.numbers()));
  }

  private Arguments state() {
    return new Arguments().value(state);
  }

  private Arguments parameters(Arguments arguments) {
    return arguments.tensors(training.inputs().parameters());
  }

  private Arguments gradients(Arguments arguments) {
    return parameters(arguments).tensors(training.gradients());
  }

  private Arguments numbers(Arguments arguments) {
    return arguments.value(constants.shape()).value(constants.numbers());
  }

  private Arguments positioned(Arguments arguments) {
    arguments.value(constants.cos()).value(constants.sin());
    return numbers(arguments).value(constants.segments());
  }

  private void run(String method, Arguments arguments) {
    kernels.call(method, arguments).close();
  }

  /** A layer's attention, and what comes before its mixture, or all of a dense one. */
  public void ahead(int layer) {
    ahead(layer, false);
  }

  /** The same a second time, for a backward pass that kept nothing but the layer's input. */
  public void again(int layer) {
    ahead(layer, true);
  }

  private void ahead(int layer, boolean again) {
    Arguments arguments =
        state()
            .integer(layer)
            .value(exchange.common(layer))
            .value(constants.start())
            .integer(again ? 1 : 0);
    run("ahead", positioned(parameters(arguments)));
  }

  /**
   * How many pieces a mixture comes in, which each member finds for itself.
   *
   * @param rows pieces of {@link #mix} and of {@link #mixBackward}
   * @param weights pieces of {@link #mixWeights}
   */
  public record Division(int rows, int weights) {}

  /** Divides a mixture, for the tokens of all members. */
  public Division open(int layer) {
    Arguments arguments =
        state().integer(layer).value(exchange.common(layer)).integer(member.count());
    try (IValue pieces = kernels.call("open", parameters(arguments))) {
      long[] counts = pieces.toLongArray();
      Division division = new Division(Math.toIntExact(counts[0]), Math.toIntExact(counts[1]));
      divisions.put(layer, division);
      return division;
    }
  }

  /**
   * What {@link #open} found last.
   *
   * @throws IllegalStateException if the layer was not opened
   */
  public Division division(int layer) {
    Division division = divisions.get(layer);
    checkState(division != null, "layer %s must have been opened", layer);
    return division;
  }

  /** One piece of a mixture. */
  public void mix(int layer, int piece) {
    Arguments arguments = state().integer(layer).value(exchange.common(layer)).integer(piece);
    run("mix", numbers(parameters(arguments)));
  }

  /** What comes after the mixture. */
  public void after(int layer) {
    run("after", numbers(state().value(exchange.common(layer)).value(constants.start())));
  }

  /** How many tokens each expert of the mixture layers so far took, row-major [L, E]. */
  public ImmutableLongArray load() {
    try (IValue load = kernels.call("load", state());
        NDArray array = load.toTensor((PtNDManager) tokens.ids().getManager())) {
      return ImmutableLongArray.copyOf(array.toLongArray());
    }
  }

  /** The head, forward and backward. */
  public PassSums judge() {
    return judge("judge", judged());
  }

  /** The same, where the loss is also the divergence from a teacher. */
  public PassSums judge(Lesson lesson) {
    return judge(
        "judge_taught",
        judged()
            .tensor(lesson.residual())
            .tensors(lesson.teacher().parameters())
            .numbers(lesson.numbers())
            .integers(lesson.means()));
  }

  private Arguments judged() {
    return numbers(gradients(state().tensor(tokens.labels())));
  }

  private PassSums judge(String method, Arguments arguments) {
    try (IValue sums = kernels.call(method, arguments)) {
      return PassSums.of((PtNDManager) tokens.ids().getManager(), sums);
    }
  }

  /** Hands the gradient of the layer's end to all members. */
  public void enterBackward() {
    run(
        "enter_backward",
        state().value(exchange.back()).value(constants.start()).value(constants.numbers()));
  }

  /** One piece of a mixture's backward pass, but for the gradients of its weights. */
  public void mixBackward(int layer, int piece) {
    run("mix_backward", parameters(piece(layer, piece)).value(constants.shape()));
  }

  /**
   * One piece of the gradients of a mixture's weights, which all members share: of the layer whose
   * {@link #behind} was the last.
   */
  public void mixWeights(int layer, int piece) {
    Arguments arguments = piece(layer, piece).tensors(training.gradients());
    arguments.value(constants.shape()).integer(training.expertsStale() ? 1 : 0);
    run("mix_weights", arguments);
  }

  private Arguments piece(int layer, int piece) {
    return state()
        .integer(layer)
        .value(exchange.common(layer))
        .value(exchange.back())
        .integer(piece);
  }

  /**
   * The rest of a layer's backward pass.
   *
   * @param layer which
   * @param balance gradient of every router probability [E], float32; [1] for none
   */
  public void behind(int layer, NDArray balance) {
    Arguments arguments =
        state()
            .integer(layer)
            .value(exchange.common(layer))
            .value(exchange.back())
            .value(constants.start())
            .tensor(balance);
    run("behind", positioned(gradients(arguments)));
  }

  /** The gradients of matrices that {@link #behind} put off, as nobody waits for them. */
  public void catchUp() {
    run("catch_up", state());
  }

  /** The gradient of the embedding. */
  public void end() {
    run("end", numbers(gradients(state().tensor(tokens.ids()))));
  }

  @Override
  public void close() {
    constants.close();
    state.close();
  }
}
