package dev.coppice.moe.packing;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.google.common.collect.ImmutableList;
import com.google.common.math.LongMath;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import java.math.RoundingMode;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * One way in which files pack a weight: how its tensors are called, how many numbers the packed one
 * stands for, and which of them make the weight zero. Read from {@code packing.json}.
 *
 * <p>Names are endings behind a common stem: {@code .qweight} and {@code .scales} of {@code
 * mlp.gate_proj}. An empty ending is the stem itself.
 *
 * @param form its name, for messages
 * @param weight ending of the packed weight
 * @param types element types that the packed weight has in this form
 * @param beside endings of which one at least must stand beside; empty where none has to
 * @param scale ending of the scales whose count is held against the weight's
 * @param measure how the count of numbers is found
 * @param schemes bits and groups that the form itself has
 * @param zero endings whose tensors make the weight zero when all their bytes are
 */
record PackedForm(
    String form,
    String weight,
    ImmutableList<Dtype> types,
    ImmutableList<String> beside,
    String scale,
    Measure measure,
    ImmutableList<Scheme> schemes,
    ImmutableList<String> zero) {

  PackedForm {
    schemes = Optional.ofNullable(schemes).orElse(ImmutableList.of());
  }

  /**
   * Bits of one number, and how many share a scale.
   *
   * @param bits of one number
   * @param group numbers a scale; 0 or less where that is not said
   */
  record Scheme(int bits, int group) {
    /** The count of numbers in a packed weight; empty if the scales say otherwise. */
    private OptionalLong numbers(TensorSlot weight, Optional<TensorSlot> scale) {
      long size = weight.elementCount() * weight.dtype().bits();
      if (bits <= 0 || size % bits != 0) {
        return OptionalLong.empty();
      }
      long numbers = size / bits;
      return group <= 0 || scale.isEmpty() || agrees(numbers, scale.get())
          ? OptionalLong.of(numbers)
          : OptionalLong.empty();
    }

    /**
     * The count in rows of 32-bit words, each row padded: by how many columns the scales stand for,
     * if that many fit the words. Where the bits divide a word, the words alone say it as well.
     *
     * <p>Words hold either whole numbers only, {@code 32 / bits} of them, or numbers across their
     * ends: compressed-tensors packs in the one way and in the other, by its version. Groups divide
     * the columns.
     */
    private OptionalLong inWords(TensorSlot weight, Optional<TensorSlot> scale) {
      if (bits <= 0 || bits > 32) {
        return OptionalLong.empty();
      }
      if (32 % bits == 0) {
        return numbers(weight, scale);
      }
      long words = Measure.last(Optional.of(weight));
      long columns = group <= 0 ? 0 : Measure.last(scale) * group;
      long whole = 32 / bits;
      boolean fit =
          words == LongMath.divide(columns, whole, RoundingMode.CEILING)
              || words == LongMath.divide(columns * bits, 32, RoundingMode.CEILING);
      return fit && columns > 0
          ? OptionalLong.of(weight.elementCount() / words * columns)
          : OptionalLong.empty();
    }

    /** Whether so many scales are enough, the last group of a row perhaps not being full. */
    private boolean agrees(long numbers, TensorSlot scale) {
      long room = scale.elementCount() * group;
      long rows = scale.shape().stream().mapToLong(Long::longValue).max().orElse(1);
      return numbers <= room && room < numbers + group * rows;
    }
  }

  /**
   * A packed weight and what stands beside it.
   *
   * @param weight the packed tensor
   * @param scale its scales, if there are any
   * @param index its {@code g_idx}, if there is one
   * @param configured bits and groups that the configuration names for it
   */
  record Packed(
      TensorSlot weight,
      Optional<TensorSlot> scale,
      Optional<TensorSlot> index,
      Collection<Scheme> configured) {}

  /** How the count of numbers is found. */
  enum Measure {
    /** A number an element. */
    @JsonProperty("elements")
    ELEMENTS {
      @Override
      OptionalLong numbers(PackedForm form, Packed packed) {
        return OptionalLong.of(packed.weight().elementCount());
      }
    },
    /** By the form's own bits and groups. */
    @JsonProperty("schemes")
    SCHEMES {
      @Override
      OptionalLong numbers(PackedForm form, Packed packed) {
        return only(form.schemes(), packed, Scheme::numbers);
      }
    },
    /** By the configuration's bits and groups. */
    @JsonProperty("config")
    CONFIG {
      @Override
      OptionalLong numbers(PackedForm form, Packed packed) {
        return only(packed.configured(), packed, Scheme::numbers);
      }
    },
    /** By the configuration's bits and groups, in rows of 32-bit words. */
    @JsonProperty("words")
    WORDS {
      @Override
      OptionalLong numbers(PackedForm form, Packed packed) {
        return only(packed.configured(), packed, Scheme::inWords);
      }
    },
    /**
     * By extents that are not packed: GPTQ [I·bits/32, O] has {@code g_idx} [I] beside it, AWQ [I,
     * O·bits/32] the scales [groups, O]; else by the configuration.
     */
    @JsonProperty("columns")
    COLUMNS {
      @Override
      OptionalLong numbers(PackedForm form, Packed packed) {
        long last = last(packed.scale());
        long columns = last(Optional.of(packed.weight()));
        if (packed.index().isPresent() && last == columns) {
          return OptionalLong.of(packed.index().get().elementCount() * last);
        }
        return last > columns && packed.weight().shape().size() == 2
            ? OptionalLong.of(packed.weight().shape().get(0) * last)
            : only(packed.configured(), packed, Scheme::numbers);
      }
    },
    /** Codes [O/o, I/i, books] and codebooks [books, entries, o, i]. */
    @JsonProperty("codebooks")
    CODEBOOKS {
      @Override
      OptionalLong numbers(PackedForm form, Packed packed) {
        ImmutableList<Long> books =
            packed.scale().map(TensorSlot::shape).orElse(ImmutableList.of());
        return books.size() == 4 && books.get(0) > 0
            ? OptionalLong.of(
                packed.weight().elementCount() / books.get(0) * books.get(2) * books.get(3))
            : OptionalLong.empty();
      }
    };

    /** The count of numbers; empty where nothing says it for certain. */
    abstract OptionalLong numbers(PackedForm form, Packed packed);

    private static long last(Optional<TensorSlot> tensor) {
      return tensor
          .map(TensorSlot::shape)
          .filter(shape -> !shape.isEmpty())
          .map(shape -> shape.get(shape.size() - 1))
          .orElse(0L);
    }

    /** The form in which all schemes agree that match the scales. */
    private static OptionalLong only(Collection<Scheme> schemes, Packed packed, Count count) {
      Set<Long> counts = new TreeSet<>();
      for (Scheme scheme : schemes) {
        count.of(scheme, packed.weight(), packed.scale()).ifPresent(counts::add);
      }
      return counts.size() == 1 ? OptionalLong.of(counts.iterator().next()) : OptionalLong.empty();
    }
  }

  /** The form of a packed weight in one scheme, beside its scales. */
  private interface Count {
    OptionalLong of(Scheme scheme, TensorSlot weight, Optional<TensorSlot> scale);
  }
}
