package dev.coppice.moe.anatomy;

import dev.coppice.moe.anatomy.Anatomy.Held;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.List;

/**
 * Parameters of a model, counted from its tensors.
 *
 * <p><em>Active</em> parameters are those that one token is multiplied with: everything but the
 * look-up in the input embedding, the experts that were not chosen, next-token-prediction layers,
 * and towers for anything but text. Packed numbers count as the numbers they stand for; scales and
 * tables of integers do not count.
 *
 * <p><b>Source</b>: 6·N_active FLOPs a trained token is the convention of arXiv 2510.08008.
 *
 * @param parameters all
 * @param active for one token
 */
public record Counts(long parameters, long active) {

  /** Training FLOPs a token by the 6·N_active convention. */
  public long flopsPerToken() {
    return Math.multiplyExact(6, active);
  }

  static Counts of(Anatomy anatomy, List<Held> tensors) {
    long parameters = 0;
    long active = 0;
    boolean tied = anatomy.tiedHead();
    for (Held held : tensors) {
      TensorSlot slot = held.slot();
      if (tied && anatomy.traits().head().contains(slot.name())) {
        continue;
      }
      long numbers = numbers(slot);
      parameters += numbers;
      active += active(anatomy, slot, numbers, held.site());
    }
    return new Counts(parameters, active);
  }

  private static long active(Anatomy anatomy, TensorSlot slot, long numbers, TensorSite site) {
    boolean lookUp = anatomy.traits().embedding().contains(slot.name()) && !anatomy.tiedHead();
    if (lookUp
        || site.region() == Region.MTP
        || Glob.matchesAny(anatomy.traits().idle(), slot.name())) {
      return 0;
    }
    if (site.inLayer()
        && site.layer() < anatomy.layerCount()
        && site.part().filter(part -> part.part().ofExperts()).isPresent()) {
      LayerShape layer = anatomy.layers().get(site.layer());
      return site.expert().isPresent()
          ? expertShare(numbers, layer, site.expert().getAsInt())
          : numbers / Math.max(1, layer.experts()) * layer.topK();
    }
    return numbers;
  }

  /** The first K experts stand for those that are chosen: all are alike. */
  private static long expertShare(long numbers, LayerShape layer, int expert) {
    return expert < layer.topK() ? numbers : 0;
  }

  private static long numbers(TensorSlot slot) {
    String name = slot.name();
    if (name.endsWith("_scales")
        || name.endsWith("_scale")
        || name.endsWith("_scale_inv")
        || name.endsWith("_shape")) {
      return 0;
    }
    if (name.endsWith("_blocks") && slot.dtype() == Dtype.U8) {
      return 2 * slot.elementCount();
    }
    if (name.endsWith("_packed") && slot.dtype() == Dtype.I32) {
      return 8 * slot.elementCount();
    }
    return switch (slot.dtype()) {
      case BOOL, I16, U16, I32, U32, I64, U64 -> 0;
      default -> slot.elementCount();
    };
  }
}
