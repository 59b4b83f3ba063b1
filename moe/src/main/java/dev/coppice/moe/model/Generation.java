package dev.coppice.moe.model;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.backend.Caches;
import dev.coppice.moe.backend.KernelLibrary;
import dev.coppice.moe.kernel.DecoderCall;
import java.util.Arrays;

/**
 * One text in the making: the keys and values of its tokens, and what may follow.
 *
 * <p>It owns its caches; the model must outlive it. One thread at a time may use it.
 */
public final class Generation implements AutoCloseable {
  /** Tokens of a prompt that run at once; bounds the memory of attention. */
  private static final int PIECE = 256;

  private final LanguageModel model;
  private final NDManager manager;
  private final Caches caches;
  private final int capacity;
  private int length;

  Generation(LanguageModel model, int capacity) {
    this.model = model;
    this.capacity = capacity;
    this.manager = model.manager().newSubManager();
    this.caches = model.kernels().caches(capacity, call(capacity), model.parameters().array(0));
  }

  private DecoderCall call(int tokens) {
    return model.call(1, tokens, ImmutableList.of());
  }

  /** Tokens so far. */
  public int length() {
    return length;
  }

  /** Most tokens. */
  public int capacity() {
    return capacity;
  }

  /**
   * Appends tokens.
   *
   * @param ids at least one
   * @return logits of the token after the last, [V], float32
   * @throws IllegalArgumentException if an id does not fit the model, or the tokens the capacity
   */
  public float[] append(int... ids) {
    checkArgument(ids.length > 0, "ids must hold a token, got none");
    checkArgument(
        ids.length <= capacity - length,
        "text must be at most %s tokens, got %s and %s more",
        capacity,
        length,
        ids.length);
    model.check(TokenBatch.unlabelled(ids, 1));
    float[] logits = {};
    for (int from = 0; from < ids.length; from += PIECE) {
      int[] piece = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + PIECE));
      logits = model.workers().alone(model.stepThreads(piece.length), () -> step(piece));
    }
    return logits;
  }

  private float[] step(int[] ids) {
    try (NDManager scratch = manager.newSubManager()) {
      KernelLibrary.Inputs inputs =
          new KernelLibrary.Inputs(
              model.forKernels(), model.rotary().at(scratch, length, ids.length), call(ids.length));
      NDArray tokens = LanguageModel.ids(scratch, TokenBatch.unlabelled(ids, 1));
      float[] logits = model.kernels().step(tokens, caches, length, inputs).toFloatArray();
      length += ids.length;
      return logits;
    }
  }

  @Override
  public void close() {
    caches.close();
    manager.close();
  }
}
