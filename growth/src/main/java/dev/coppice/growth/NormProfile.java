package dev.coppice.growth;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.DoubleStream;

/**
 * How large the weights of each layer's experts are.
 *
 * <p>A matrix counts with ‖W‖_F/√numel; a layer with the mean over its experts and their gate, up
 * and down matrices (a dense layer with the mean over its three). Trained models show a curve that
 * rises with depth; stacking breaks it, interposition does not.
 *
 * <p><b>Source</b>: the norm metric of arXiv 2510.08008.
 *
 * @param layers one number a layer, first layer first
 */
public record NormProfile(ImmutableList<Double> layers) {
  /**
   * Takes the profile, on all cores, in a megabyte a thread.
   *
   * @param checkpoint float weights
   * @throws dev.coppice.moe.CoppiceException INPUT_INVALID if weights are neither BF16, F16 nor F32
   */
  public static NormProfile of(Checkpoint checkpoint) throws IOException {
    return of(checkpoint, GrowthProgress.NONE);
  }

  /**
   * Takes the profile and tells how far it has come.
   *
   * @param checkpoint float weights
   * @param progress hears bytes read
   */
  public static NormProfile of(Checkpoint checkpoint, GrowthProgress progress) throws IOException {
    ImmutableListMultimap<Integer, StoredTensor> matrices = matrices(checkpoint);
    double[] profile = new double[checkpoint.anatomy().layerCount()];
    AtomicLong read = new AtomicLong();
    try (Crew crew = new Crew(Runtime.getRuntime().availableProcessors())) {
      for (int i = 0; i < profile.length; i++) {
        int layer = i;
        crew.start(() -> profile[layer] = mean(checkpoint, matrices.get(layer), read));
      }
      crew.await(() -> progress.update(read.get(), checkpoint.byteSize()));
    }
    return new NormProfile(
        DoubleStream.of(profile).boxed().collect(ImmutableList.toImmutableList()));
  }

  private static ImmutableListMultimap<Integer, StoredTensor> matrices(Checkpoint checkpoint) {
    ImmutableListMultimap.Builder<Integer, StoredTensor> matrices = ImmutableListMultimap.builder();
    for (StoredTensor tensor : checkpoint.tensors().values()) {
      TensorSite site = checkpoint.anatomy().site(tensor.name());
      if (site.inLayer() && isMatrix(checkpoint, tensor, site)) {
        matrices.put(site.layer(), tensor);
      }
    }
    return matrices.build();
  }

  private static boolean isMatrix(Checkpoint checkpoint, StoredTensor tensor, TensorSite site) {
    if (site.part().isPresent()) {
      return switch (site.part().get().part()) {
        case GATE, UP, GATE_UP, DOWN -> true;
        default -> false;
      };
    }
    return !checkpoint.anatomy().layers().get(site.layer()).moe()
        && tensor.shape().size() == 2
        && checkpoint.family().traits().block().stream().anyMatch(site.name()::startsWith);
  }

  private static double mean(Checkpoint checkpoint, List<StoredTensor> matrices, AtomicLong read)
      throws IOException {
    ByteBuffer chunk = ByteBuffer.allocateDirect(RecipeReader.CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    double sum = 0;
    for (StoredTensor tensor : matrices) {
      sum += norm(checkpoint, tensor, chunk);
      read.addAndGet(tensor.byteSize());
    }
    return matrices.isEmpty() ? 0 : sum / matrices.size();
  }

  private static double norm(Checkpoint checkpoint, StoredTensor tensor, ByteBuffer chunk)
      throws IOException {
    FloatFormat format = FloatFormat.of(tensor.dtype(), tensor.name());
    Moments moments = new Moments();
    for (long offset = 0; offset < tensor.byteSize(); offset += RecipeReader.CHUNK) {
      chunk.clear().limit((int) Math.min(RecipeReader.CHUNK, tensor.byteSize() - offset));
      checkpoint.read(tensor, offset, chunk);
      moments.add(format, chunk);
    }
    return moments.rootMeanSquare();
  }
}
