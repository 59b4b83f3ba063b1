package dev.coppice.moe.naive;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.parameter.ParameterLayout.Slot;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.Memories;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A model's weights as doubles, one array a parameter. */
public final class NaiveWeights {
  private final MoeSpec spec;
  private final List<double[]> arrays;

  private NaiveWeights(MoeSpec spec, List<double[]> arrays) {
    this.spec = spec;
    this.arrays = arrays;
  }

  public static NaiveWeights of(LanguageModel model) {
    ImmutableList<Slot> slots = model.parameters().layout().slots();
    List<double[]> arrays = new ArrayList<>();
    for (int i = 0; i < slots.size(); i++) {
      double[] values = new double[(int) slots.get(i).elements()];
      if (values.length > 0) {
        FloatBuffer memory = Memories.map(model.parameters(), i, 0, values.length).asFloatBuffer();
        for (int j = 0; j < values.length; j++) {
          values[j] = memory.get(j);
        }
      }
      arrays.add(values);
    }
    return new NaiveWeights(model.spec(), arrays);
  }

  /**
   * Fills a model's memory: matrices so that what they make stays near 1, norms about 1, and biases
   * and sinks about 0.
   */
  public static void scatter(LanguageModel model, long seed) {
    Random random = new Random(seed);
    ImmutableList<Slot> slots = model.parameters().layout().slots();
    for (int i = 0; i < slots.size(); i++) {
      Slot slot = slots.get(i);
      int size = (int) slot.elements();
      if (size > 0) {
        double fanIn = slot.shape().get(slot.shape().size() - 1);
        boolean norm = slot.name().endsWith("Norm");
        double deviation = slot.matrix() ? 1.2 / Math.sqrt(fanIn) : 0.4;
        FloatBuffer memory = Memories.map(model.parameters(), i, 0, size).asFloatBuffer();
        for (int j = 0; j < size; j++) {
          memory.put(j, (float) ((norm ? 1 : 0) + deviation * random.nextGaussian()));
        }
      }
    }
  }

  MoeSpec spec() {
    return spec;
  }

  double[] at(int index) {
    return arrays.get(index);
  }

  double[] at(int layer, LayerParameter slot) {
    return arrays.get(ParameterLayout.index(layer, slot));
  }

  /** The same, but one array moved a step along a direction. */
  public NaiveWeights moved(int index, double[] direction, double step) {
    List<double[]> changed = new ArrayList<>(arrays);
    double[] array = arrays.get(index).clone();
    NaiveMath.add(array, direction, step);
    changed.set(index, array);
    return new NaiveWeights(spec, changed);
  }
}
