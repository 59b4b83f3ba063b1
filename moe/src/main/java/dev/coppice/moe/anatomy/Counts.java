package dev.coppice.moe.anatomy;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.anatomy.Anatomy.Held;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;

/**
 * Parameters of a model, counted from its tensors.
 *
 * <p><em>Active</em> parameters are those that one token is multiplied with: everything but the
 * look-up in the input embedding, the experts that were not chosen, next-token-prediction layers,
 * and towers for anything but text. Packed numbers count as the numbers they stand for; scales,
 * buffers and tables of integers do not count. Where a packed form is not known, nothing is counted
 * instead of something wrong.
 *
 * <p><b>Source</b>: 6·N_active FLOPs a trained token is the convention of arXiv 2510.08008.
 *
 * @param parameters all
 * @param active for one token
 * @param uncounted names of packed tensors of which nothing says how many numbers they hold
 */
public record Counts(long parameters, long active, ImmutableList<String> uncounted) {

  /** Whether every tensor could be counted. */
  public boolean known() {
    return uncounted.isEmpty();
  }

  /**
   * All parameters.
   *
   * @throws CoppiceException INPUT_INVALID if some tensor could not be counted
   */
  @Override
  public long parameters() {
    check();
    return parameters;
  }

  /**
   * Parameters for one token.
   *
   * @throws CoppiceException INPUT_INVALID if some tensor could not be counted
   */
  @Override
  public long active() {
    check();
    return active;
  }

  /**
   * Training FLOPs a token by the 6·N_active convention.
   *
   * @throws CoppiceException INPUT_INVALID if some tensor could not be counted
   */
  public long flopsPerToken() {
    return Math.multiplyExact(6, active());
  }

  /** A count; empty where some tensor could not be counted. */
  public OptionalLong ifKnown(ToLongFunction<Counts> count) {
    return known() ? OptionalLong.of(count.applyAsLong(this)) : OptionalLong.empty();
  }

  /** The uncounted tensors, in one sentence; empty where all was. */
  public Optional<String> gap() {
    return known()
        ? Optional.empty()
        : Optional.of(
            "parameters are not counted: no rule gives the count of numbers that "
                + uncounted.size()
                + (uncounted.size() == 1 ? " packed tensor holds" : " packed tensors hold")
                + (uncounted.size() == 1 ? " ('" : ", such as '")
                + uncounted.get(0)
                + (uncounted.size() == 1 ? "')" : "'"));
  }

  private void check() {
    if (!known()) {
      throw new CoppiceException(ErrorKind.INPUT_INVALID, gap().orElseThrow());
    }
  }

  static Counts of(Anatomy anatomy, List<Held> tensors) {
    long parameters = 0;
    long active = 0;
    boolean tied = anatomy.tiedHead();
    ImmutableList.Builder<String> uncounted = ImmutableList.builder();
    ExpertWidths widths = new ExpertWidths(anatomy);
    for (Held held : tensors) {
      TensorSlot slot = held.slot();
      if (tied && anatomy.isHead(slot.name())) {
        continue;
      }
      OptionalLong numbers = numbers(anatomy, held, widths);
      if (numbers.isEmpty()) {
        uncounted.add(slot.name());
        continue;
      }
      parameters += numbers.getAsLong();
      active += active(anatomy, slot, numbers.getAsLong(), held.site());
    }
    return new Counts(parameters, active, uncounted.build());
  }

  private static OptionalLong numbers(Anatomy anatomy, Held held, ExpertWidths widths) {
    return held.site().is(Part.EXPERT_IDS)
        ? OptionalLong.of(0)
        : anatomy.packing().numbers(held.slot(), () -> widths.numbers(held.site()));
  }

  private static long active(Anatomy anatomy, TensorSlot slot, long numbers, TensorSite site) {
    boolean lookUp = anatomy.isEmbedding(slot.name()) && !anatomy.tiedHead();
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
}
