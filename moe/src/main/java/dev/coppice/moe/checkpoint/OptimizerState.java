package dev.coppice.moe.checkpoint;

import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.TensorSlot;
import java.nio.file.Path;

/**
 * The file with the optimizer's state beside a checkpoint's weights: this is its format.
 *
 * <p>It is a safetensors file, {@code coppice-training/optimizer.safetensors} in the checkpoint's
 * folder:
 *
 * <ul>
 *   <li>tensor {@code exp_avg.NAME} for every trained tensor {@code NAME} of the checkpoint: the
 *       running mean of its gradients, F32, with the shape of {@code NAME};
 *   <li>tensor {@code exp_avg_sq.NAME} for each of them: the running mean of squared gradients,
 *       F32, with that shape as well;
 *   <li>metadata {@code format}: {@code pt};
 *   <li>metadata {@code steps}: the number of steps that the moments have seen, 1 to 18 decimal
 *       digits.
 * </ul>
 *
 * <p>There are no other tensors. The names are those of AdamW's state in PyTorch.
 */
public final class OptimizerState {
  /** Folder in a checkpoint's folder with all that only training needs. */
  public static final String FOLDER = "coppice-training";

  /** The file, relative to the checkpoint's folder. */
  public static final String FILE = FOLDER + "/optimizer.safetensors";

  private static final String STEPS = "steps";

  private OptimizerState() {}

  /** One of the two moments of a tensor. */
  public enum Moment {
    /** The running mean of gradients. */
    FIRST(1, "exp_avg."),
    /** The running mean of squared gradients. */
    SECOND(2, "exp_avg_sq.");

    private final int order;
    private final String prefix;

    Moment(int order, String prefix) {
      this.order = order;
      this.prefix = prefix;
    }

    /** The prefix of the weight's name. */
    public String prefix() {
      return prefix;
    }

    /** The power of the gradient: 1 or 2. */
    public int order() {
      return order;
    }

    /** The tensor with this moment of a weight. */
    public TensorSlot of(TensorSlot weight) {
      return new TensorSlot(prefix + weight.name(), Dtype.F32, weight.shape());
    }
  }

  /**
   * The metadata of a file.
   *
   * @param steps that its moments have seen
   */
  public static ImmutableMap<String, String> metadata(long steps) {
    return ImmutableMap.of("format", "pt", STEPS, Long.toString(steps));
  }

  /**
   * The number of steps that a file's moments have seen.
   *
   * @throws CoppiceException INPUT_INVALID if the file does not give it
   */
  public static long steps(SafetensorsFile file) {
    String text = file.metadata().getOrDefault(STEPS, "none");
    if (!text.matches("\\d{1,18}")) {
      throw malformed(file.path(), "metadata 'steps' must be a step count, got '" + text + "'");
    }
    return Long.parseLong(text);
  }

  /**
   * The error of a file that is not as it must be.
   *
   * @param file the optimizer's
   * @param fault the rule, and the value found
   */
  public static CoppiceException malformed(Path file, String fault) {
    return new CoppiceException(
        ErrorKind.INPUT_INVALID,
        "optimizer state must be the checkpoint's: " + fault + " (" + file + ")");
  }
}
