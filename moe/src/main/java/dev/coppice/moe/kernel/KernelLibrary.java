package dev.coppice.moe.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * The compiled kernels, as typed calls.
 *
 * <p>Legend: B batch, S sequence, T = B·S tokens, V vocabulary. Token ids and labels are int64
 * arrays [T]; a negative label is ignored. Parameters and gradients come in the order of model.py:
 * embedding [V, D], final norm [D], head [V, D] (the embedding itself where tied), then nine a
 * layer. All are float32. Results belong to the manager of the ids. Not thread-safe.
 *
 * <p>Backward passes are written out in the text: no call needs gradient recording, and none of
 * these arrays may require gradients.
 */
public final class KernelLibrary implements AutoCloseable {
  private final PtSymbolBlock block;

  private KernelLibrary(PtSymbolBlock block) {
    this.block = block;
  }

  /**
   * Compiles the kernels.
   *
   * @param manager owns the compiled module
   */
  public static KernelLibrary load(PtNDManager manager) {
    try (ByteArrayInputStream archive = new ByteArrayInputStream(ScriptArchive.bytes())) {
      return new KernelLibrary(JniUtils.loadModule(manager, archive, false, false));
    } catch (IOException e) {
      throw new UncheckedIOException("bytes in memory must be readable", e);
    }
  }

  /** Loss weights of one {@link #accumulate} call. */
  public record Factors(double scale, double loadBalance, double z) {}

  /** Token ids and the labels that follow them, both int64 [T]. */
  public record Tokens(NDArray ids, NDArray labels) {}

  /** Parameters and their gradients, in the same order. */
  public record Trainable(TensorList parameters, TensorList gradients) {}

  /** Logits [B, S, V], float32. */
  public NDArray logits(NDArray ids, TensorList parameters, DecoderCall call) {
    return run(
        "forward",
        ids.getManager(),
        new Arguments()
            .tensor(ids)
            .tensors(parameters)
            .integers(call.shape())
            .numbers(call.numbers()));
  }

  /**
   * Logits [B, S, V], float32, recorded for gradients where the caller records.
   *
   * @param ids int64 [B, S]
   * @param parameters in the kernels' order; their names are overwritten
   * @param call what is computed
   * @param training whether gradients may be recorded
   */
  public NDArray recordedLogits(
      NDArray ids, NDList parameters, DecoderCall call, boolean training) {
    NDManager manager = ids.getManager();
    try (NDArray shape = manager.create(call.shape());
        NDArray numbers = manager.create(call.numbers());
        NDArray method = manager.create(0)) {
      method.setName("module_method:block");
      parameters.forEach(parameter -> parameter.setName("p[]"));
      NDList inputs = new NDList(ids).addAll(parameters);
      inputs.addAll(new NDList(shape, numbers, method));
      JniUtils.setGraphExecutorOptimize(false);
      return IValueUtils.forward(block, inputs, training).singletonOrThrow();
    }
  }

  /** Losses and hits [2, T], float32; both are 0 where the label is ignored. */
  public NDArray score(Tokens tokens, TensorList parameters, DecoderCall call) {
    return run(
        "score",
        tokens.ids().getManager(),
        new Arguments()
            .tensor(tokens.ids())
            .tensor(tokens.labels())
            .tensors(parameters)
            .integers(call.shape())
            .numbers(call.numbers()));
  }

  /**
   * Adds the scaled gradient of the whole loss to the gradients.
   *
   * @return cross-entropy, load-balancing loss, z loss, number of counted tokens
   */
  public double[] accumulate(
      Tokens tokens, Trainable trainable, DecoderCall call, Factors factors) {
    double[] base = call.numbers();
    double[] numbers = {base[0], base[1], factors.scale(), factors.loadBalance(), factors.z()};
    try (NDArray stats =
        run(
            "accumulate",
            tokens.ids().getManager(),
            new Arguments()
                .tensor(tokens.ids())
                .tensor(tokens.labels())
                .tensors(trainable.parameters())
                .tensors(trainable.gradients())
                .integers(call.shape())
                .numbers(numbers))) {
      return stats.toDoubleArray();
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
                .numbers(settings)
                .tensor(divisor))
        .close();
  }

  /** Sets arrays to zero in place. */
  public void zero(NDManager manager, TensorList arrays) {
    run("zero", manager, new Arguments().tensors(arrays)).close();
  }

  @Override
  public void close() {
    block.close();
  }

  /** Calls a method; what was made for the call is released with it. */
  private NDArray run(String method, NDManager manager, Arguments arguments) {
    JniUtils.setGraphExecutorOptimize(false);
    try (arguments;
        IValue result = IValueUtils.runMethod(block, method, arguments.values())) {
      return result.toTensor((PtNDManager) manager);
    }
  }
}
