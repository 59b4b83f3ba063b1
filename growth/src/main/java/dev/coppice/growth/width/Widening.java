package dev.coppice.growth.width;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.NoiseKey;
import dev.coppice.growth.PlannedTensor;
import dev.coppice.growth.TensorRecipe;
import dev.coppice.growth.TensorRecipe.Concat;
import dev.coppice.growth.TensorRecipe.Part;
import dev.coppice.growth.TensorRecipe.Scope;
import dev.coppice.growth.TensorRecipe.Strand;
import dev.coppice.growth.Weave;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One width growth of one model: what becomes of each tensor.
 *
 * @param operator the growth
 * @param family names the new tensors
 * @param experts E before growth
 */
record Widening(DuplicateExperts operator, Family family, int experts) {
  private static final Set<Dtype> FLOATS = Set.of(Dtype.BF16, Dtype.F16, Dtype.F32);

  /** Standard deviation of random routers, as in the paper's baseline. */
  private static final double RANDOM_ROUTER_STD = 0.02;

  /** The tensors that one tensor becomes. */
  Stream<PlannedTensor> widen(PlannedTensor tensor) {
    if (tensor.address().role() == TensorRole.ROUTER) {
      return Stream.of(router(tensor));
    }
    if (tensor.address().expert().isPresent()) {
      return IntStream.range(0, operator.factor()).mapToObj(copy -> expert(tensor, copy));
    }
    return Stream.of(tensor);
  }

  /** Index of a copy of an expert; copy 0 is the original. */
  private int index(int expert, int copy) {
    return operator.placement() == DuplicateExperts.Placement.APPEND
        ? copy * experts + expert
        : expert * operator.factor() + copy;
  }

  private PlannedTensor expert(PlannedTensor tensor, int copy) {
    TensorAddress from = tensor.address();
    int index = index(from.expert().orElseThrow(), copy);
    TensorAddress to = new TensorAddress(from.role(), from.layer(), OptionalInt.of(index));
    TensorSlot slot = tensor.slot();
    TensorRecipe recipe = tensor.recipe();
    if (copy > 0 && operator.noise() > 0) {
      requireFloat(tensor, "noise");
      Weave weave = plain(tensor);
      NoiseKey key = new NoiseKey(index, from.role(), 0);
      Strand strand = new Strand(new Scope(recipe, weave, 0), key);
      recipe = TensorRecipe.noise(recipe, operator.noise(), weave, ImmutableList.of(strand));
    }
    return new PlannedTensor(
        new TensorSlot(family.name(to), slot.dtype(), slot.shape()), to, recipe);
  }

  private PlannedTensor router(PlannedTensor tensor) {
    TensorSlot slot = tensor.slot();
    ImmutableList<Long> shape =
        ImmutableList.<Long>builder()
            .add(slot.shape().get(0) * operator.factor())
            .addAll(slot.shape().subList(1, slot.shape().size()))
            .build();
    return new PlannedTensor(
        new TensorSlot(slot.name(), slot.dtype(), shape), tensor.address(), routerRecipe(tensor));
  }

  private TensorRecipe routerRecipe(PlannedTensor tensor) {
    if (operator.router() == DuplicateExperts.RouterStart.RANDOM) {
      requireFloat(tensor, "a random router");
      Weave old = plain(tensor);
      return new TensorRecipe.Normal(
          RANDOM_ROUTER_STD,
          Weave.plain(old.rows() * operator.factor(), old.columns()),
          ImmutableList.of(new NoiseKey(0, TensorRole.ROUTER, 0)));
    }
    if (operator.routerNoise() > 0) {
      requireFloat(tensor, "router noise");
    }
    return operator.placement() == DuplicateExperts.Placement.APPEND
        ? appendedRows(tensor)
        : interleavedRows(tensor);
  }

  private Concat appendedRows(PlannedTensor tensor) {
    long elements = tensor.slot().elementCount();
    return new Concat(
        IntStream.range(0, operator.factor())
            .mapToObj(copy -> new Part(rows(tensor, tensor.recipe(), 0, copy), elements))
            .collect(ImmutableList.toImmutableList()));
  }

  private Concat interleavedRows(PlannedTensor tensor) {
    long width = tensor.slot().elementCount() / experts;
    ImmutableList.Builder<Part> parts = ImmutableList.builder();
    for (int expert = 0; expert < experts; expert++) {
      TensorRecipe row = new TensorRecipe.Slice(tensor.recipe(), expert * width, width);
      for (int copy = 0; copy < operator.factor(); copy++) {
        parts.add(new Part(rows(tensor, row, expert, copy), width));
      }
    }
    return new Concat(parts.build());
  }

  /** Rows that start at an expert's; those of copies noised with the σ of the whole router. */
  private TensorRecipe rows(PlannedTensor tensor, TensorRecipe rows, int expert, int copy) {
    Weave whole = plain(tensor);
    NoiseKey key = new NoiseKey(index(expert, copy), TensorRole.ROUTER, 0);
    Strand strand = new Strand(new Scope(tensor.recipe(), whole, 0), key);
    Weave weave = rows.equals(tensor.recipe()) ? whole : Weave.plain(1, whole.columns());
    return TensorRecipe.noise(
        rows, copy == 0 ? 0 : operator.routerNoise(), weave, ImmutableList.of(strand));
  }

  /** One matrix as it stands in its own tensor. */
  private static Weave plain(PlannedTensor tensor) {
    long rows = tensor.slot().shape().get(0);
    return Weave.plain(rows, tensor.slot().elementCount() / rows);
  }

  private static void requireFloat(PlannedTensor tensor, String what) {
    if (!FLOATS.contains(tensor.slot().dtype())) {
      throw new CoppiceException(
          ExitCode.INPUT_INVALID,
          String.format(
              "%s needs a tensor of dtype BF16, F16 or F32, got %s (%s)",
              what, tensor.slot().dtype(), tensor.name()));
    }
  }
}
