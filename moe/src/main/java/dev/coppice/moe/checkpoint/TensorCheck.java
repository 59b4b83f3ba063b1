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

/**
 * Holds the tensors of a folder against its configuration: every one expected, none missing, shapes
 * alike.
 */
final class TensorCheck {
  private final Path folder;
  private final Family family;
  private final MoeSpec spec;

  TensorCheck(Path folder, Family family, MoeSpec spec) {
    this.folder = folder;
    this.family = family;
    this.spec = spec;
  }

  void check(Map<String, StoredTensor> tensors) {
    ImmutableMap<String, ImmutableList<Long>> expected = family.expectedTensors(spec);
    for (StoredTensor tensor : tensors.values()) {
      checkKnown(tensor, expected);
    }
    for (String name : expected.keySet()) {
      if (!tensors.containsKey(name)) {
        throw mismatch(folder, "tensor '" + name + "' must be there by config.json, got none");
      }
    }
  }

  private void checkKnown(StoredTensor tensor, ImmutableMap<String, ImmutableList<Long>> expected) {
    TensorAddress address =
        family
            .address(tensor.name())
            .orElseThrow(
                () ->
                    mismatch(
                        tensor.file(),
                        "tensor '"
                            + tensor.name()
                            + "' is not one that "
                            + family.name()
                            + " has"));
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
              + family.keys().layers().get(0)
              + ")");
    }
    expertFault(address, tensor)
        .ifPresent(
            fault -> {
              throw mismatch(tensor.file(), fault);
            });
    checkShape(tensor, address, expected);
  }

  private Optional<String> expertFault(TensorAddress address, StoredTensor tensor) {
    boolean isMoe =
        address.layer().isPresent()
            && spec.layers().get(address.layer().getAsInt()) instanceof LayerSpec.Moe;
    if (!isMoe) {
      return Optional.empty();
    }
    int layer = address.layer().getAsInt();
    int experts = ((LayerSpec.Moe) spec.layers().get(layer)).experts();
    String says = ", but config.json says " + experts + " experts (" + expertKeys() + ")";
    if (address.role() == TensorRole.ROUTER
        && tensor.shape().size() == 2
        && tensor.shape().get(0) != experts) {
      return Optional.of(
          "router of layer " + layer + " has " + tensor.shape().get(0) + " rows" + says);
    }
    if (address.expert().isPresent() && address.expert().getAsInt() >= experts) {
      return Optional.of("tensor '" + tensor.name() + "' is of an expert too many" + says);
    }
    return Optional.empty();
  }

  private String expertKeys() {
    return String.join(" or ", family.keys().experts());
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
