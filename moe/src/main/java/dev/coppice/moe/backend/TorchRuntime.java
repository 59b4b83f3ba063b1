package dev.coppice.moe.backend;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.Map;

/**
 * The engine, set up as the kernels need it: nothing is fetched or reported, the profiling executor
 * is off, and operators use all cores.
 *
 * <p>Properties that are set already are left alone; {@code ai.djl.pytorch.num_threads} bounds the
 * threads of an operator.
 */
final class TorchRuntime {
  private static final String THREADS = "ai.djl.pytorch.num_threads";
  private static final Map<String, String> SETTINGS =
      Map.of(
          "ai.djl.offline",
          "true",
          "OPT_OUT_TRACKING",
          "true",
          "ai.djl.pytorch.graph_optimizer",
          "false",
          THREADS,
          Integer.toString(Runtime.getRuntime().availableProcessors()));

  private TorchRuntime() {}

  /**
   * Sets the engine's properties, once and before it is loaded.
   *
   * @return whether the number of threads was set from outside
   */
  static boolean setUp() {
    boolean threadsGiven = System.getProperty(THREADS) != null;
    SETTINGS.forEach(
        (key, value) -> {
          if (System.getProperty(key) == null) {
            System.setProperty(key, value);
          }
        });
    return threadsGiven;
  }

  /** A manager of arrays in host memory; the caller closes it. */
  static PtNDManager newManager() {
    return (PtNDManager) NDManager.newBaseManager("PyTorch");
  }
}
