package dev.coppice.growth.norm;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.moe.checkpoint.Checkpoint;
import java.io.IOException;
import java.util.stream.IntStream;

/**
 * How large the weights of each layer's experts are.
 *
 * <p>A matrix counts with ‖W‖_F/√numel; a layer with the mean over its experts and their gate, up
 * and down matrices, each matrix apart however they are stored (a dense layer with the mean over
 * its own). Next-token-prediction layers are left out. Trained models show a curve that rises with
 * depth; stacking breaks it, interposition does not.
 *
 * <p><b>Source</b>: the norm metric of arXiv 2510.08008. <b>Differs</b>: gate and up count apart
 * where a file stores them fused.
 *
 * @param layers one number a layer, first layer first; NaN for a layer without such matrices
 */
public record NormProfile(ImmutableList<Double> layers) {
  /**
   * Takes the profile, on all cores, in about a megabyte a thread.
   *
   * @param checkpoint float weights, of any layout
   * @throws dev.coppice.moe.CoppiceException INPUT_INVALID if weights of experts are packed, or
   *     neither BF16, F16 nor F32; it names one
   */
  public static NormProfile of(Checkpoint checkpoint) throws IOException {
    return of(checkpoint, GrowthProgress.NONE);
  }

  /**
   * Computes the profile and reports the progress.
   *
   * @param checkpoint float weights, of any layout
   * @param progress receives the bytes read
   * @throws dev.coppice.moe.CoppiceException as the other
   */
  public static NormProfile of(Checkpoint checkpoint, GrowthProgress progress) throws IOException {
    return new NormReader(checkpoint).read(progress);
  }

  /** Whether a layer has such matrices. */
  public boolean has(int layer) {
    return !layers.get(layer).isNaN();
  }

  /**
   * Place of a layer on an axis that models of any depth share: 0 for the first layer, 1 for the
   * last.
   *
   * @param layer its index
   */
  public double depth(int layer) {
    return layer / Math.max(1.0, layers.size() - 1.0);
  }

  /** Layers that have such matrices, ascending. */
  public ImmutableList<Integer> present() {
    return IntStream.range(0, layers.size())
        .filter(this::has)
        .boxed()
        .collect(ImmutableList.toImmutableList());
  }
}
