package dev.coppice.moe.checkpoint;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * Holds the tensors of a folder against its configuration: none missing, shapes alike. Tensors of
 * which no rule says what they are may be there beside them, see {@link ExtraTensors}.
 */
final class TensorCheck {
  private final Path folder;
  private final Family family;
  private final MoeSpec spec;
  private final String expertKey;

  TensorCheck(Checkpoint checkpoint, MoeSpec spec) {
    this.folder = checkpoint.folder();
    this.family = checkpoint.family();
    this.spec = spec;
    this.expertKey =
        family.traits().experts().stream()
            .filter(checkpoint.config()::has)
            .collect(Collectors.joining(" and "));
  }

  /**
   * Names and shapes that a configuration promises, spelled out by another thread; none of a
   * configuration that promises far more than there is.
   *
   * @param spec what the kernels are to run, if they run it
   * @param present how many tensors there are
   */
  static CompletableFuture<ImmutableMap<String, ImmutableList<Long>>> expected(
      Family family, Optional<MoeSpec> spec, int present) {
    return spec.filter(shape -> promised(family, shape) <= present)
        .map(shape -> CompletableFuture.supplyAsync(() -> family.expectedTensors(shape)))
        .orElseGet(() -> CompletableFuture.completedFuture(ImmutableMap.of()));
  }

  void check(
      Map<String, StoredTensor> tensors, ImmutableMap<String, ImmutableList<Long>> expected) {
    if (isAsExpected(tensors, expected)) {
      return;
    }
    // routers first: where the expert count is wrong they say so best
    tensors.values().forEach(this::checkRouter);
    checkCount(tensors.size());
    tensors.values().forEach(tensor -> check(tensor, expected));
    for (String name : expected.keySet()) {
      if (!tensors.containsKey(name)) {
        throw mismatch(folder, "tensor '" + name + "' must be there by config.json, got none");
      }
    }
  }

  /** Tensors that there must be at the very least. */
  private static long promised(Family family, MoeSpec spec) {
    boolean apart = family.has(TensorRole.EXPERT_GATE);
    long promised = 0;
    for (LayerSpec layer : spec.layers()) {
      promised += apart && layer.isMixture() ? layer.experts() : 1;
    }
    return promised;
  }

  private void checkCount(int present) {
    long promised = promised(family, spec);
    if (promised > present) {
      throw mismatch(
          folder,
          "tensors must be at least as many as the experts and layers of config.json, "
              + promised
              + ", got "
              + present);
    }
  }

  /**
   * Whether names and shapes are those expected: the usual case, decided without taking names
   * apart.
   */
  private static boolean isAsExpected(
      Map<String, StoredTensor> tensors, Map<String, ImmutableList<Long>> expected) {
    return tensors.size() == expected.size()
        && tensors.values().stream()
            .allMatch(tensor -> tensor.shape().equals(expected.get(tensor.name())));
  }

  /** Holds a tensor against what its name means; a name that means nothing is no fault. */
  private void check(StoredTensor tensor, ImmutableMap<String, ImmutableList<Long>> expected) {
    family.address(tensor.name()).ifPresent(address -> checkKnown(tensor, address, expected));
  }

  private void checkKnown(
      StoredTensor tensor,
      TensorAddress address,
      ImmutableMap<String, ImmutableList<Long>> expected) {
    if (address.layer().isPresent() && address.layer().getAsInt() >= spec.layerCount()) {
      throw mismatch(
          tensor.file(),
          "tensor '"
              + tensor.name()
              + "' is of layer "
              + address.layer().getAsInt()
              + ", but config.json says "
              + spec.layerCount()
              + " layers ("
              + family.traits().layers().get(0)
              + ")");
    }
    OptionalInt experts = experts(address);
    if (experts.isPresent() && address.expert().orElse(0) >= experts.getAsInt()) {
      throw mismatch(
          tensor.file(),
          "tensor '" + tensor.name() + "' is of an expert too many" + says(experts.getAsInt()));
    }
    checkShape(tensor, address, expected);
  }

  private void checkRouter(StoredTensor tensor) {
    Optional<TensorAddress> address =
        family.address(tensor.name()).filter(a -> a.role() == TensorRole.ROUTER);
    if (address.isEmpty() || tensor.shape().size() != 2) {
      return;
    }
    OptionalInt experts = experts(address.get());
    if (experts.isPresent() && tensor.shape().get(0) != experts.getAsInt()) {
      throw mismatch(
          tensor.file(),
          "router of layer "
              + address.get().layer().orElse(0)
              + " has "
              + tensor.shape().get(0)
              + " rows"
              + says(experts.getAsInt()));
    }
  }

  /** Experts of the tensor's layer; empty where that is dense or beyond the model. */
  private OptionalInt experts(TensorAddress address) {
    int layer = address.layer().orElse(0);
    boolean isMixture = layer < spec.layerCount() && spec.layers().get(layer).isMixture();
    return isMixture ? OptionalInt.of(spec.layers().get(layer).experts()) : OptionalInt.empty();
  }

  private String says(int experts) {
    return ", but config.json says " + experts + " experts (" + expertKey + ")";
  }

  private void checkShape(
      StoredTensor tensor,
      TensorAddress address,
      ImmutableMap<String, ImmutableList<Long>> expected) {
    ImmutableList<Long> shape = expected.get(tensor.name());
    if (shape == null) {
      if (address.role() == TensorRole.HEAD && spec.tiedHead()) {
        return; // some tied checkpoints carry the head too; it is kept, and not used
      }
      throw mismatch(
          tensor.file(),
          "tensor '"
              + tensor.name()
              + "' does not fit its layer, which config.json calls "
              + spec.layers().get(address.layer().orElse(0)));
    }
    if (!shape.equals(tensor.shape())) {
      throw mismatch(
          tensor.file(),
          "tensor '"
              + tensor.name()
              + "' must have shape "
              + shape
              + " by config.json, got "
              + tensor.shape()
              + " at offset "
              + tensor.fileOffset());
    }
  }

  private static CheckpointFormatException mismatch(Path file, String detail) {
    return new CheckpointFormatException(Reason.CONFIG_MISMATCH, file, detail);
  }
}
