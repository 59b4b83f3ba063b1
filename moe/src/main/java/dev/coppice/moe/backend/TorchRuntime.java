package dev.coppice.moe.backend;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import dev.coppice.moe.kernel.InstructionSet;
import dev.coppice.moe.kernel.Processor;
import java.util.Map;
import java.util.Optional;

/**
 * The engine, set up as the kernels need it: nothing is fetched or reported, the profiling executor
 * is off, and operators use all cores.
 *
 * <p>Properties that are set already are left alone; {@code ai.djl.pytorch.num_threads} bounds the
 * threads of an operator.
 */
public final class TorchRuntime {
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

  private static final boolean THREADS_GIVEN = System.getProperty(THREADS) != null;

  static {
    SETTINGS.forEach(
        (key, value) -> {
          if (System.getProperty(key) == null) {
            System.setProperty(key, value);
          }
        });
  }

  private TorchRuntime() {}

  /** A manager of arrays on the CPU; the caller closes it. */
  public static PtNDManager newManager() {
    return (PtNDManager) NDManager.newBaseManager("PyTorch");
  }

  /** Where arrays lie and kernels run; only {@code cpu} so far. */
  public static String device() {
    return "cpu";
  }

  /**
   * The instruction set that the engine's operators use, such as {@code AVX512}: bits may differ
   * between two of them. It is what {@code ATEN_CPU_CAPABILITY} in the environment asks for, or
   * else what the engine would take by the processor's flags.
   */
  public static String instructionSet() {
    return InstructionSet.of(
        Optional.ofNullable(System.getenv(InstructionSet.VARIABLE)),
        System.getProperty("os.arch"),
        Processor.read().flags());
  }

  /** Whether the number of threads was set from outside, and is not to be chosen. */
  public static boolean threadsGiven() {
    return THREADS_GIVEN;
  }

  /** Threads that one operator may use. */
  public static int threads() {
    newManager().close();
    return JniUtils.getNumThreads();
  }
}
