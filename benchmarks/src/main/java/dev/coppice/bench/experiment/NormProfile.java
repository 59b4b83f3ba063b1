package dev.coppice.bench.experiment;

import com.google.common.collect.ImmutableList;
import dev.coppice.bench.report.Point;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.safetensors.Dtype;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * How large the expert weights of each layer are: the root mean square of each gate, up and down
 * matrix, and the mean of that over matrices and experts.
 *
 * <p><b>Source</b>: the diagnostic of the orthogonal-growth paper (arXiv 2510.08008).
 *
 * @param layers value of each layer, in order
 */
public record NormProfile(ImmutableList<Double> layers) {
  private static final int BUFFER = 1 << 20;

  /**
   * Measures a checkpoint.
   *
   * @param checkpoint whose weights are float32
   * @throws IOException when it cannot be read
   */
  static NormProfile of(Checkpoint checkpoint) throws IOException {
    int count = checkpoint.spec().layerCount();
    double[] sums = new double[count];
    int[] matrices = new int[count];
    for (StoredTensor tensor : checkpoint.tensors().values()) {
      Optional<TensorAddress> address = checkpoint.family().address(tensor.name());
      if (address.isPresent() && isExpert(address.get().role())) {
        int layer = address.get().layer().orElseThrow();
        sums[layer] += rootMeanSquare(checkpoint, tensor);
        matrices[layer]++;
      }
    }
    ImmutableList.Builder<Double> layers = ImmutableList.builder();
    for (int layer = 0; layer < count; layer++) {
      layers.add(matrices[layer] == 0 ? 0 : sums[layer] / matrices[layer]);
    }
    return new NormProfile(layers.build());
  }

  /** The profile as points over depth, 0 for the first layer and 1 for the last. */
  ImmutableList<Point> overDepth() {
    ImmutableList.Builder<Point> points = ImmutableList.builder();
    for (int layer = 0; layer < layers.size(); layer++) {
      points.add(new Point(layer / Math.max(1.0, layers.size() - 1.0), layers.get(layer)));
    }
    return points.build();
  }

  private static boolean isExpert(TensorRole role) {
    return switch (role) {
      case EXPERT_GATE, EXPERT_UP, EXPERT_DOWN, DENSE_GATE, DENSE_UP, DENSE_DOWN -> true;
      default -> false;
    };
  }

  private static double rootMeanSquare(Checkpoint checkpoint, StoredTensor tensor)
      throws IOException {
    if (tensor.dtype() != Dtype.F32) {
      throw new IllegalArgumentException(
          "norm profile must read float32, got " + tensor.dtype() + " (" + tensor.name() + ")");
    }
    double sum = 0;
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    for (long at = 0; at < tensor.byteSize(); at += BUFFER) {
      buffer.clear().limit((int) Math.min(BUFFER, tensor.byteSize() - at));
      checkpoint.read(tensor, at, buffer);
      buffer.flip();
      while (buffer.hasRemaining()) {
        double value = buffer.getFloat();
        sum += value * value;
      }
    }
    return Math.sqrt(sum / tensor.elementCount());
  }
}
