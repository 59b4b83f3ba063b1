package dev.coppice.growth.norm;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.growth.bytes.MeanAndDeviation;
import dev.coppice.growth.bytes.RecipeReader;
import dev.coppice.growth.plan.ExpertWeave;
import dev.coppice.growth.plan.Weave;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.anatomy.Form;
import dev.coppice.moe.anatomy.LayerShape;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.io.Crew;
import dev.coppice.moe.number.FloatFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.DoubleStream;

/**
 * Reads a checkpoint once for its norm profile, a layer a task.
 *
 * <p>Each matrix of each expert is taken apart and by its own rows and columns, and means are taken
 * in the order of experts and projections: one model gives the same bits in every layout.
 */
final class NormReader {
  private static final int PROJECTIONS = 3;

  private final Checkpoint checkpoint;
  private final AtomicLong read = new AtomicLong();

  NormReader(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
  }

  NormProfile read(GrowthProgress progress) throws IOException {
    ImmutableListMultimap<Integer, StoredTensor> matrices = matrices();
    double[] profile = new double[checkpoint.anatomy().layerCount()];
    try (Crew crew = new Crew("norms", Runtime.getRuntime().availableProcessors())) {
      for (int i = 0; i < profile.length; i++) {
        int layer = i;
        crew.start(() -> profile[layer] = mean(layer, matrices.get(layer)));
      }
      crew.await(() -> progress.update(read.get(), checkpoint.byteSize()));
    }
    return new NormProfile(
        DoubleStream.of(profile).boxed().collect(ImmutableList.toImmutableList()));
  }

  /** All matrices by layer; refuses packed ones before anything is read. */
  private ImmutableListMultimap<Integer, StoredTensor> matrices() {
    ImmutableListMultimap.Builder<Integer, StoredTensor> matrices = ImmutableListMultimap.builder();
    for (StoredTensor tensor : checkpoint.tensors().values()) {
      TensorSite site = checkpoint.anatomy().site(tensor.name());
      if (site.inLayer() && isMatrix(tensor, site)) {
        FloatFormat.of(tensor.dtype(), tensor.name());
        matrices.put(site.layer(), tensor);
      }
    }
    return matrices.build();
  }

  private boolean isMatrix(StoredTensor tensor, TensorSite site) {
    if (site.part().isPresent()) {
      return switch (site.part().get().part()) {
        case GATE, UP, GATE_UP, DOWN -> true;
        case QUANTIZED -> throw packed(tensor);
        default -> false;
      };
    }
    return !checkpoint.anatomy().layers().get(site.layer()).moe()
        && tensor.shape().size() == 2
        && checkpoint.family().traits().block().stream().anyMatch(site.name()::startsWith);
  }

  private static CoppiceException packed(StoredTensor tensor) {
    return new CoppiceException(
        ErrorKind.INPUT_INVALID,
        "norm profile needs weights of dtype BF16, F16 or F32, got packed ones ("
            + tensor.name()
            + ")");
  }

  private double mean(int layer, List<StoredTensor> matrices) throws IOException {
    LayerShape shape = checkpoint.anatomy().layers().get(layer);
    double[] norms = new double[shape.moe() ? shape.experts() * PROJECTIONS : matrices.size()];
    Arrays.fill(norms, Double.NaN);
    ByteBuffer chunk = ByteBuffer.allocateDirect(RecipeReader.CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < matrices.size(); i++) {
      StoredTensor tensor = matrices.get(i);
      if (shape.moe()) {
        takeExperts(tensor, shape.experts(), chunk, norms);
      } else {
        Weave whole = Weave.plain(tensor.shape().get(0), tensor.shape().get(1));
        norms[i] = norms(tensor, whole, 0, chunk).get(0);
      }
      read.addAndGet(tensor.byteSize());
    }
    return DoubleStream.of(norms).filter(norm -> !Double.isNaN(norm)).average().orElse(Double.NaN);
  }

  private void takeExperts(StoredTensor tensor, int experts, ByteBuffer chunk, double[] norms)
      throws IOException {
    TensorSite site = checkpoint.anatomy().site(tensor.name());
    TensorSite.PartSite part = site.part().orElseThrow();
    Weave weave = ExpertWeave.of(tensor.slot(), part, experts);
    boolean single = part.form() == Form.SINGLE;
    for (int run = 0; run < (single ? 1 : experts); run++) {
      int expert = single ? site.expert().orElse(0) : run;
      List<Double> found = norms(tensor, weave, run, chunk);
      for (int strand = 0; strand < found.size(); strand++) {
        norms[expert * PROJECTIONS + projection(part.part()) + strand] = found.get(strand);
      }
    }
  }

  private static int projection(Part part) {
    return switch (part) {
      case UP -> 1;
      case DOWN -> 2;
      default -> 0;
    };
  }

  /** Norm of every matrix of one run. */
  private List<Double> norms(StoredTensor tensor, Weave weave, int run, ByteBuffer chunk)
      throws IOException {
    FloatFormat format = FloatFormat.of(tensor.dtype(), tensor.name());
    MeanAndDeviation[] moments = new MeanAndDeviation[weave.strands()];
    Arrays.setAll(moments, strand -> new MeanAndDeviation(weave.rows(), weave.columns()));
    int most = RecipeReader.CHUNK / format.bytes();
    for (long first = 0; first < weave.elements(); first += most) {
      int count = (int) Math.min(most, weave.elements() - first);
      chunk.clear().limit(count * format.bytes());
      checkpoint.read(tensor, (run * weave.elements() + first) * format.bytes(), chunk);
      weave.pieces(first, count, piece -> moments[piece.strand()].add(format, chunk, piece));
    }
    List<Double> norms = new ArrayList<>();
    for (MeanAndDeviation strand : moments) {
      norms.add(strand.rootMeanSquare());
    }
    return norms;
  }
}
