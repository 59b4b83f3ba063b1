package dev.coppice.moe.anatomy;

import dev.coppice.moe.anatomy.Anatomy.Held;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Tells next-token-prediction layers from layers that the configuration forgot: those behind the
 * layer count must have a tensor that only they have, those before it must not, and no index is
 * left out.
 */
final class MtpCheck {
  private final Anatomy anatomy;
  private final FamilyTraits traits;
  private final UnaryOperator<String> file;

  MtpCheck(Anatomy anatomy, UnaryOperator<String> file) {
    this.anatomy = anatomy;
    this.traits = anatomy.traits();
    this.file = file;
  }

  /** A layer of a container: its first tensor, and whether some tensor marks it. */
  private static final class Layer {
    private final Held first;
    private boolean marked;

    private Layer(Held first) {
      this.first = first;
    }
  }

  void check(List<Held> tensors) {
    Map<String, NavigableMap<Integer, Layer>> containers = new TreeMap<>();
    for (Held held : tensors) {
      TensorSite site = held.site();
      if (site.region() == Region.MTP && !site.container().isEmpty()) {
        Layer layer =
            containers
                .computeIfAbsent(site.container(), c -> new TreeMap<>())
                .computeIfAbsent(site.layer(), l -> new Layer(held));
        layer.marked |= isMark(site);
      } else if (site.inLayer() && site.layer() < anatomy.layerCount() && isMark(site)) {
        throw mismatch(held, tooFew(held));
      }
    }
    containers.values().forEach(this::check);
  }

  private void check(NavigableMap<Integer, Layer> layers) {
    int next = 0;
    for (Map.Entry<Integer, Layer> entry : layers.entrySet()) {
      Held held = entry.getValue().first;
      TensorSite site = held.site();
      if (site.base() > 0 && !entry.getValue().marked) {
        String name = held.slot().name();
        throw mismatch(held, AnatomyCheck.layerTooMany(anatomy, name, site.base() + site.layer()));
      }
      if (entry.getKey() != next) {
        throw mismatch(held, gap(held, next));
      }
      next++;
    }
  }

  private boolean isMark(TensorSite site) {
    return traits.mtpAfterLayers() && traits.mtp().stream().anyMatch(m -> m.isMark(site.name()));
  }

  private String tooFew(Held held) {
    return String.format(
        Locale.ROOT,
        "tensor '%s' is of a next-token-prediction layer, which must stand behind the %d layers of"
            + " config.json (%s), got layer %d",
        held.slot().name(),
        anatomy.layerCount(),
        anatomy.reader().layerKey(),
        held.site().layer());
  }

  private static String gap(Held held, int missing) {
    TensorSite site = held.site();
    return String.format(
        Locale.ROOT,
        "next-token-prediction layers must follow one another, but tensor '%s' is of layer %d and"
            + " layer %d has none",
        held.slot().name(),
        site.base() + site.layer(),
        site.base() + missing);
  }

  private CheckpointFormatException mismatch(Held held, String detail) {
    return new CheckpointFormatException(
        Reason.CONFIG_MISMATCH, Path.of(file.apply(held.slot().name())), detail);
  }
}
