package dev.coppice.moe.model;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import com.google.common.primitives.Ints;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.parameter.ParameterLayout.Slot;
import dev.coppice.moe.parameter.Parameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A language model as a DJL block over the model's own weights, for programs that train through
 * DJL: with its trainers, losses and optimizers. Coppice itself trains by {@code Learner}, whose
 * backward passes need no recorded operators.
 */
final class LanguageModelBlock extends AbstractBlock {
  private final LanguageModel model;
  private final List<Optional<Parameter>> bySlot = new ArrayList<>();

  LanguageModelBlock(LanguageModel model) {
    this.model = model;
    Parameters parameters = model.parameters();
    List<Slot> slots = parameters.layout().slots();
    for (int i = 0; i < slots.size(); i++) {
      bySlot.add(
          slots.get(i).exists()
              ? Optional.of(addParameter(parameter(slots.get(i), parameters.array(i))))
              : Optional.empty());
    }
  }

  private static Parameter parameter(Slot slot, NDArray array) {
    return Parameter.builder()
        .setName(slot.name())
        .setType(slot.matrix() ? Parameter.Type.WEIGHT : Parameter.Type.GAMMA)
        .optRequiresGrad(slot.trained())
        .optArray(array)
        .build();
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> params) {
    NDArray ids = inputs.singletonOrThrow();
    check(ids);
    NDList arrays = new NDList();
    for (int i = 0; i < bySlot.size(); i++) {
      int slot = i;
      arrays.add(
          bySlot
              .get(i)
              .map(parameter -> store.getValue(parameter, ids.getDevice(), training))
              .orElseGet(
                  () ->
                      slot == ParameterLayout.HEAD
                          ? arrays.get(0)
                          : model.parameters().array(slot)));
    }
    int batch = Math.toIntExact(ids.getShape().get(0));
    int sequence = Math.toIntExact(ids.getShape().get(1));
    return new NDList(
        model.kernels().recordedLogits(ids, arrays, model.inputs(batch, sequence), training));
  }

  /** Refuses ids that do not fit the model; the kernels would read whatever lies there. */
  private void check(NDArray ids) {
    Shape shape = ids.getShape();
    checkArgument(shape.dimension() == 2, "ids must have shape [B, S], got %s", shape);
    checkArgument(
        ids.getDataType() == DataType.INT64, "ids must be int64, got %s", ids.getDataType());
    checkArgument(shape.size() > 0, "ids must hold tokens, got shape %s", shape);
    // no vocabulary reaches the largest int
    int[] all = Arrays.stream(ids.toLongArray()).mapToInt(Ints::saturatedCast).toArray();
    model.check(TokenBatch.unlabelled(all, Math.toIntExact(shape.get(0))));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return new Shape[] {inputShapes[0].add(model.spec().vocabularySize())};
  }
}
