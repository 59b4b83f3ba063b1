package dev.coppice.moe.backend;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.coppice.moe.kernel.DecoderCall;
import dev.coppice.moe.kernel.DecoderCall.Factors;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.kernel.Products;
import dev.coppice.moe.kernel.ScriptArchive;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * The compiled kernels, as typed calls.
 *
 * <p>Legend: B batch, S sequence, T = B·S tokens, V vocabulary, L mixture layers, E experts. Token
 * ids and labels are int64 arrays [T]; a negative label is ignored. Parameters and gradients come
 * in the order of {@link LayerParameter}. All are float32. Results belong to the manager of the
 * ids. Several threads may call at once, as long as no two write to the same arrays.
 *
 * <p>Backward passes are written out in the text: no call needs gradient recording, and none of
 * these arrays may require gradients.
 */
public final class KernelLibrary {
  private final PtSymbolBlock block;
  private final ExitGate gate;

  private KernelLibrary(PtSymbolBlock block, ExitGate gate) {
    this.block = block;
    this.gate = gate;
  }

  /**
   * Compiles the kernels.
   *
   * @param products that they multiply with
   * @param gate which every call goes through
   */
  static KernelLibrary compile(Products products, ExitGate gate) {
    try (ByteArrayInputStream archive = new ByteArrayInputStream(ScriptArchive.bytes(products))) {
      // the manager lives as long as the process
      return new KernelLibrary(
          JniUtils.loadModule(TorchRuntime.newManager(), archive, false, false), gate);
    } catch (IOException e) {
      throw new UncheckedIOException("bytes in memory must be readable", e);
    }
  }

  /** Cosines and sines [T, 1, R/2] of the positions of a call's tokens, float32. */
  public record Rotary(NDArray cos, NDArray sin) {}

  /** Token ids and the labels that follow them, both int64 [T]. */
  public record Tokens(NDArray ids, NDArray labels) {}

  /** Parameters and their gradients, in the same order. */
  public record Trainable(TensorList parameters, TensorList gradients) {}

  /** Inputs of a call beside its tokens. */
  public record Inputs(ModelTensors parameters, Rotary rotary, DecoderCall call) {}

  /** Logits [B, S, V], float32. */
  public NDArray logits(NDArray ids, Inputs inputs) {
    return run("forward", ids.getManager(), forward(new Arguments().tensor(ids), inputs));
  }

  /** Losses and hits [2, T], float32; both are 0 where the label is ignored. */
  public NDArray score(Tokens tokens, Inputs inputs) {
    Arguments arguments = new Arguments().tensor(tokens.ids()).tensor(tokens.labels());
    return run("score", tokens.ids().getManager(), forward(arguments, inputs));
  }

  /**
   * The residual stream after all layers [T, D], float32: what a {@link TeacherOutput} is made of.
   */
  public NDArray residual(NDArray ids, Inputs inputs) {
    return run("residual", ids.getManager(), forward(new Arguments().tensor(ids), inputs));
  }

  /**
   * Results of the routers: float64 [L, E·E + E + 1], a row a mixture layer: how often each pair of
   * experts was chosen together, the sum of each expert's probability, the sum of entropies.
   */
  public NDArray routers(NDArray ids, Inputs inputs) {
    return run("routers", ids.getManager(), forward(new Arguments().tensor(ids), inputs));
  }

  private Arguments forward(Arguments arguments, Inputs inputs) {
    return positioned(arguments.model(inputs.parameters()), inputs);
  }

  private Arguments positioned(Arguments arguments, Inputs inputs) {
    return arguments
        .tensor(inputs.rotary().cos())
        .tensor(inputs.rotary().sin())
        .made(record(inputs.call(), Factors.NONE, false));
  }

  /**
   * The kernels' record of a call; the caller closes it.
   *
   * @param overwrite whether the matrices of the gradient hold nothing yet
   */
  IValue record(DecoderCall call, Factors factors, boolean overwrite) {
    return call(
        "call",
        new Arguments()
            .integers(call.integers(overwrite))
            .numbers(call.numbers(factors))
            .integers(call.segmentLengths()));
  }

  /** Empty caches of keys and values, for sequences of up to so many tokens. */
  public Caches caches(int capacity, DecoderCall call, NDArray like) {
    Arguments arguments =
        new Arguments().integer(capacity).made(record(call, Factors.NONE, false)).tensor(like);
    return new Caches(call("caches", arguments));
  }

  /**
   * Runs new tokens of one sequence after those whose keys and values are cached; caches theirs.
   *
   * @param ids int64 [T]
   * @param caches from {@link #caches}
   * @param past tokens cached so far
   * @param inputs of one sequence of T tokens, at their positions
   * @return logits [V] of what follows the last of them, float32
   */
  public NDArray step(NDArray ids, Caches caches, int past, Inputs inputs) {
    Arguments arguments =
        new Arguments().tensor(ids).model(inputs.parameters()).value(caches.value()).integer(past);
    return run("step", ids.getManager(), positioned(arguments, inputs));
  }

  /**
   * The buffers that a team's members share.
   *
   * @param call on the whole batch
   * @param parameters of the model
   */
  public TeamBuffers buffers(DecoderCall call, ModelTensors parameters) {
    return new TeamBuffers(this, call, parameters);
  }

  /**
   * Starts one member's training pass over its share of a batch.
   *
   * @param tokens of the share; they must stay open as long as the pass
   * @param training what is trained
   * @param buffers shared by all members
   * @param member who
   */
  public Pass begin(
      Tokens tokens, Pass.Training training, TeamBuffers buffers, Pass.Member member) {
    return new Pass(this, tokens, training, buffers, member);
  }

  /**
   * Logits [B, S, V], float32, recorded for gradients where the caller records.
   *
   * @param ids int64 [B, S]
   * @param parameters in the kernels' order; their names are overwritten
   * @param inputs what is computed; its parameters are not used
   * @param training whether gradients may be recorded
   */
  public NDArray recordedLogits(NDArray ids, NDList parameters, Inputs inputs, boolean training) {
    NDManager manager = ids.getManager();
    try (NDArray integers = manager.create(inputs.call().integers(false));
        NDArray numbers = manager.create(inputs.call().numbers(Factors.NONE));
        NDArray method = manager.create(0)) {
      method.setName("module_method:block");
      parameters.forEach(parameter -> parameter.setName("p[]"));
      NDList all = new NDList(ids).addAll(parameters);
      all.addAll(
          new NDList(inputs.rotary().cos(), inputs.rotary().sin(), integers, numbers, method));
      JniUtils.setGraphExecutorOptimize(false);
      return gate.through(() -> IValueUtils.forward(block, all, training).singletonOrThrow());
    }
  }

  /**
   * The norm of all gradients together, and what to divide them by to bring it down to a limit.
   *
   * @param manager owns the result
   * @param gradients all gradients, each once
   * @param limit largest norm
   * @return [norm, divisor], float32; the divisor is 1 or more, or not a number with the norm
   */
  public NDArray clip(NDManager manager, TensorList gradients, double limit) {
    return run("clip", manager, new Arguments().tensors(gradients).number(limit));
  }

  /**
   * Loss-free balancing in place: the selection bias of an expert that took more than the mean
   * falls by a step, that of one that took less rises.
   *
   * @param bias [E], float32
   * @param load tokens that each expert took [E], int64
   * @param step positive
   */
  public void balance(NDArray bias, NDArray load, double step) {
    run("balance", load.getManager(), new Arguments().tensor(bias).tensor(load).number(step))
        .close();
  }

  /** Arrays of one fused AdamW call, all in the same order; steps are float32 scalars. */
  public record AdamWLists(
      Trainable trainable, TensorList firstMoments, TensorList secondMoments, TensorList steps) {}

  /**
   * One AdamW step in place, after dividing gradients (which it overwrites).
   *
   * @param lists what is updated
   * @param divisor float32 scalar
   * @param settings learning rate, beta 1, beta 2, weight decay, epsilon
   */
  public void adamW(AdamWLists lists, NDArray divisor, double... settings) {
    run(
            "adamw",
            divisor.getManager(),
            new Arguments()
                .tensors(lists.trainable().parameters())
                .tensors(lists.trainable().gradients())
                .tensors(lists.firstMoments())
                .tensors(lists.secondMoments())
                .tensors(lists.steps())
                .eachNumber(settings)
                .tensor(divisor))
        .close();
  }

  /** Sets arrays to zero in place. */
  public void zero(NDManager manager, TensorList arrays) {
    run("zero", manager, new Arguments().tensors(arrays)).close();
  }

  /** Adds arrays to others in place. */
  public void add(NDManager manager, TensorList to, TensorList what) {
    run("add", manager, new Arguments().tensors(to).tensors(what)).close();
  }

  /** Copies arrays into others. */
  public void copy(NDManager manager, TensorList to, TensorList what) {
    run("copy", manager, new Arguments().tensors(to).tensors(what)).close();
  }

  /** Moves arrays by a part of the way to others, in place; weight 1 is the whole way. */
  public void approach(NDManager manager, TensorList from, TensorList to, double weight) {
    run("approach", manager, new Arguments().tensors(from).tensors(to).number(weight)).close();
  }

  /**
   * Multiplies a matrix by itself, as the kernels do.
   *
   * @param matrix [N, N], float32
   * @param bfloat16 whether it is rounded to that before
   * @return the first number of the product [1]
   */
  NDArray square(NDArray matrix, boolean bfloat16) {
    long dtype = DecoderCall.dtype(bfloat16);
    return run("square", matrix.getManager(), new Arguments().tensor(matrix).integer(dtype));
  }

  /** Calls a method; what was made for the call is released with it. */
  private NDArray run(String method, NDManager manager, Arguments arguments) {
    try (IValue result = call(method, arguments)) {
      return result.toTensor((PtNDManager) manager);
    }
  }

  /** Calls a method, whatever it returns; closes the arguments. */
  IValue call(String method, Arguments arguments) {
    JniUtils.setGraphExecutorOptimize(false);
    try (arguments) {
      return gate.through(() -> IValueUtils.runMethod(block, method, arguments.values()));
    }
  }
}
