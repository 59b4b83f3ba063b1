package dev.coppice.moe.packing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Iterables;
import dev.coppice.moe.packing.PackedForm.Packed;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Tells weights from what stands beside them: packed weights, their scales, buffers. Goes by names,
 * element types and shapes alone, by the rules of {@code packing.json}.
 */
public final class Packing {
  /** Types in which a tensor is a weight as it stands. */
  private static final ImmutableSet<Dtype> FLOATS =
      ImmutableSet.of(Dtype.BF16, Dtype.F16, Dtype.F32, Dtype.F64, Dtype.C64);

  /** Types of scales of which zero bytes are the number zero. */
  private static final ImmutableSet<Dtype> ZERO_SCALES =
      ImmutableSet.of(Dtype.BF16, Dtype.F16, Dtype.F32, Dtype.F64, Dtype.F8_E4M3, Dtype.F8_E5M2);

  private final PackingTraits traits = PackingTraits.builtIn();
  private final PackingSchemes schemes;
  private final Map<String, TensorSlot> slots;
  private final Map<String, Last> lasts = new HashMap<>();
  private final ImmutableList<PackedForm> forms;

  /**
   * The possible meanings of the last part of a name; few names differ in it.
   *
   * @param aside whether it may be a buffer or a state
   * @param always whether only companions end so
   * @param endings endings of companions that it has
   */
  private record Last(boolean aside, boolean always, ImmutableList<String> endings) {}

  /** The kind of a tensor. */
  public enum Role {
    /** Numbers as they stand. */
    PLAIN,
    /** Numbers in a packed form that is known. */
    PACKED,
    /** Scales, zero points, codebooks, states of a packed weight. */
    COMPANION,
    /** What a reader makes again: rotary frequencies, masks, positions. */
    BUFFER,
    /** What a serving program or a trainer keeps: scales of a cache, states. */
    STATE,
    /** Integers of which nothing says what they are. */
    UNKNOWN;

    /** Whether it has to do with no packed weight, and is neither buffer nor state. */
    public boolean isLoose() {
      return this == PLAIN || this == UNKNOWN;
    }
  }

  /** The zero form of a projection's tensor. */
  public enum Zeroing {
    /** Its bytes become zero. */
    ZERO,
    /** It stays as it is. */
    KEEP,
    /** Nothing says how zero is written in this form. */
    CANNOT
  }

  /** A packed weight: where it stands, and in which form. */
  private record Found(String stem, PackedForm form) {}

  private Packing(PackingSchemes schemes, Collection<TensorSlot> tensors) {
    this.schemes = schemes;
    this.slots = new HashMap<>(2 * tensors.size());
    tensors.forEach(slot -> slots.put(slot.name(), slot));
    tensors.forEach(slot -> last(slot.name()));
    this.forms =
        traits.forms().stream().filter(this::mayBe).collect(ImmutableList.toImmutableList());
  }

  /** Whether some tensor's name ends as what must stand beside a weight of that form does. */
  private boolean mayBe(PackedForm form) {
    return form.beside().isEmpty()
        || form.beside().stream()
            .map(ending -> ending.substring(ending.lastIndexOf('.') + 1))
            .anyMatch(ending -> lasts.keySet().stream().anyMatch(last -> last.endsWith(ending)));
  }

  /** The packing of a set of tensors under a configuration. */
  public static Packing of(ObjectNode config, Collection<TensorSlot> tensors) {
    return new Packing(new PackingSchemes(PackingTraits.builtIn(), config), tensors);
  }

  /** The kind of a tensor. */
  public Role role(TensorSlot slot) {
    String name = slot.name();
    Last last = last(name);
    if (isAside(name, last)) {
      return ends(name, traits.buffers()) ? Role.BUFFER : Role.STATE;
    }
    if (last.always() || owner(name, last).isPresent()) {
      return Role.COMPANION;
    }
    if (packed(slot).isPresent()) {
      return Role.PACKED;
    }
    if (FLOATS.contains(slot.dtype())) {
      return Role.PLAIN;
    }
    boolean none =
        slot.elementCount() <= 1 || slot.dtype() == Dtype.BOOL || slot.dtype() == Dtype.F8_E8M0;
    return none ? Role.COMPANION : Role.UNKNOWN;
  }

  /** Whether a tensor is a buffer or a state, by its name. */
  public boolean isAside(String name) {
    return isAside(name, last(name));
  }

  private boolean isAside(String name, Last last) {
    return last.aside() && (ends(name, traits.buffers()) || ends(name, traits.states()));
  }

  /**
   * How many numbers a tensor stands for; empty where nothing says it for certain.
   *
   * @param slot the tensor
   * @param said what the configuration says of it, if it does
   */
  public OptionalLong numbers(TensorSlot slot, Supplier<OptionalLong> said) {
    return switch (role(slot)) {
      case PLAIN -> OptionalLong.of(slot.elementCount());
      case PACKED -> packed(slot).map(found -> numbers(slot, found, said.get())).orElseThrow();
      case COMPANION, BUFFER, STATE -> OptionalLong.of(0);
      case UNKNOWN -> OptionalLong.empty();
    };
  }

  private OptionalLong numbers(TensorSlot slot, Found found, OptionalLong said) {
    PackedForm form = found.form();
    OptionalLong measured =
        form.measure()
            .numbers(
                form,
                new Packed(
                    slot,
                    Optional.ofNullable(slots.get(found.stem() + form.scale())),
                    Optional.ofNullable(slots.get(found.stem() + ".g_idx")),
                    schemes.of(module(found.stem()))));
    if (said.isEmpty() || form.measure() == PackedForm.Measure.ELEMENTS) {
      return measured;
    }
    boolean agrees = measured.isPresent() ? measured.equals(said) : isDense(slot, said.getAsLong());
    return agrees ? said : OptionalLong.empty();
  }

  /** Whether so many numbers fit a tensor with one to eight bits each. */
  private static boolean isDense(TensorSlot slot, long numbers) {
    long bits = slot.elementCount() * slot.dtype().bits();
    return bits >= numbers && bits <= 8 * numbers;
  }

  private static String module(String stem) {
    return stem.endsWith(".weight") ? stem.substring(0, stem.length() - ".weight".length()) : stem;
  }

  /** The zero form of a projection's tensor. */
  public Zeroing zeroing(TensorSlot slot) {
    return switch (role(slot)) {
      case PLAIN -> multiplies(slot.name()) ? Zeroing.ZERO : Zeroing.CANNOT;
      case PACKED -> packed(slot).map(found -> zeroing(slot, found)).orElseThrow();
      case COMPANION ->
          owner(slot.name(), last(slot.name()))
              .filter(found -> zero(found, slot.name()))
              .map(found -> ZERO_SCALES.contains(slot.dtype()) ? Zeroing.ZERO : Zeroing.CANNOT)
              .orElse(Zeroing.KEEP);
      case BUFFER, STATE -> Zeroing.KEEP;
      case UNKNOWN -> Zeroing.CANNOT;
    };
  }

  /** Whether floats are a weight or a bias, by the last two parts of their name. */
  private boolean multiplies(String name) {
    int before = name.lastIndexOf('.', name.lastIndexOf('.') - 1);
    String end = name.substring(before + 1).toLowerCase(Locale.ROOT);
    return traits.besideWords().stream().noneMatch(end::contains);
  }

  private static boolean zero(Found found, String name) {
    return found.form().zero().stream().anyMatch(ending -> name.equals(found.stem() + ending));
  }

  private Zeroing zeroing(TensorSlot slot, Found found) {
    if (zero(found, slot.name())) {
      return Zeroing.ZERO;
    }
    boolean all =
        found.form().zero().stream().allMatch(ending -> slots.containsKey(found.stem() + ending));
    return all ? Zeroing.KEEP : Zeroing.CANNOT;
  }

  /** The form in which a packed weight stands. */
  private Optional<Found> packed(TensorSlot slot) {
    for (PackedForm form : forms) {
      if (form.types().contains(slot.dtype()) && slot.name().endsWith(form.weight())) {
        String stem = slot.name().substring(0, slot.name().length() - form.weight().length());
        if (form.beside().isEmpty()
            || Iterables.any(form.beside(), ending -> slots.containsKey(stem + ending))) {
          return Optional.of(new Found(stem, form));
        }
      }
    }
    return Optional.empty();
  }

  /** The packed weight that a tensor stands beside. */
  private Optional<Found> owner(String name, Last last) {
    return last.endings().stream().flatMap(ending -> owner(name, ending).stream()).findFirst();
  }

  private Optional<Found> owner(String name, String ending) {
    String stem = name.substring(0, name.length() - ending.length());
    for (PackedForm form : forms) {
      TensorSlot weight = slots.get(stem + form.weight());
      if (weight != null && !weight.name().equals(name)) {
        Optional<Found> found = packed(weight);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private Last last(String name) {
    String last = name.substring(name.lastIndexOf('.') + 1);
    Last known = lasts.get(last);
    return known == null ? lasts.computeIfAbsent(last, this::read) : known;
  }

  private Last read(String last) {
    String dotted = "." + last;
    ImmutableSet.Builder<String> endings = ImmutableSet.builder();
    for (String ending : Iterables.concat(traits.always(), traits.beside())) {
      if (dotted.endsWith(ending)) {
        endings.add(ending);
      }
    }
    boolean aside =
        Iterables.any(
            Iterables.concat(traits.buffers(), traits.states()),
            part -> part.equals(last) || part.endsWith(dotted));
    ImmutableList<String> found = endings.build().asList();
    return new Last(aside, Iterables.any(found, traits.always()::contains), found);
  }

  private static boolean ends(String name, Iterable<String> parts) {
    for (String part : parts) {
      if (name.endsWith(part)
          && (name.length() == part.length()
              || name.charAt(name.length() - part.length() - 1) == '.')) {
        return true;
      }
    }
    return false;
  }
}
