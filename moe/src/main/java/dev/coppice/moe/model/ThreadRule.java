package dev.coppice.moe.model;

import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.spec.MoeSpec;

/**
 * The number of threads that compute a model on a batch, where the user gives none.
 *
 * <p>Each thread must have a billion operations a step. With less, the threads' meetings and the
 * operators that every thread calls for its own share cost more processor time than is saved: two
 * threads took 1.3 to 1.45 times the processor time of one between 0.03 and 0.9 billion operations,
 * and 1.13 times at 5 billion.
 *
 * <p>The number decides how sums are rounded. It is a function of shape and cores alone, and a run
 * records it.
 */
public final class ThreadRule {
  private static final double OPERATIONS_EACH = 1e9;

  /** A step of fewer tokens counts as one of so many: chosen, not measured. */
  private static final int TOKENS_A_READING = 16;

  private ThreadRule() {}

  /**
   * Threads for batches of that shape on this machine: the user's number, or by the rule.
   *
   * @param backend that computes
   * @param spec of the model
   * @param batch sequences that are computed together
   * @param sequence tokens of each
   */
  public static int threads(Backend backend, MoeSpec spec, int batch, int sequence) {
    int most = backend.facts().threads();
    return backend.threadsGiven() ? most : threads(spec, batch, sequence, most);
  }

  /**
   * Threads for a step of generation on this machine. Each step reads all weights in use, so that
   * few tokens count as sixteen: a large model is read by all cores for one token, too.
   *
   * @param backend that computes
   * @param spec of the model
   * @param tokens of the step
   */
  static int threadsOfStep(Backend backend, MoeSpec spec, int tokens) {
    return threads(backend, spec, 1, Math.max(tokens, TOKENS_A_READING));
  }

  /** The rule, on a machine of so many cores. */
  public static int threads(MoeSpec spec, int batch, int sequence, int cores) {
    double perToken = (double) spec.flopsPerToken() + spec.attentionFlopsPerToken(sequence);
    double operations = perToken * batch * sequence;
    return (int) Math.max(1, Math.min(cores, operations / OPERATIONS_EACH));
  }
}
