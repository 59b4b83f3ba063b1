package dev.coppice.moe.naive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.family.Family;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.parameter.ParameterKind;
import dev.coppice.moe.parameter.ParameterLayout.Piece;
import dev.coppice.moe.parameter.ParameterPart;
import dev.coppice.moe.parameter.ParameterPolicy;
import dev.coppice.moe.parameter.Parameters;
import dev.coppice.moe.testing.Memories;
import dev.coppice.moe.train.AdamWSettings;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * AdamW in plain loops of doubles, an element at a time; it finds an element's part by the name of
 * the tensor that it is saved in.
 */
public final class NaiveAdamW {
  private final List<Tensor> tensors = new ArrayList<>();
  private int steps;

  /** One tensor of a checkpoint. */
  private static final class Tensor {
    private final String name;
    private final Piece piece;
    private final double[] rate;
    private final boolean[] decays;
    private final double[] weight;
    private final double[] first;
    private final double[] second;

    Tensor(String name, Piece piece, float[] weight) {
      this.name = name;
      this.piece = piece;
      this.rate = new double[weight.length];
      this.decays = new boolean[weight.length];
      this.weight = new double[weight.length];
      this.first = new double[weight.length];
      this.second = new double[weight.length];
      for (int i = 0; i < weight.length; i++) {
        this.weight[i] = weight[i];
      }
    }
  }

  public NaiveAdamW(LanguageModel model, ParameterPolicy policy) {
    Family family = Family.of(model.config());
    for (Map.Entry<String, Piece> entry : model.parameters().layout().pieces().entrySet()) {
      TensorAddress address = family.address(entry.getKey()).orElseThrow();
      if (address.role() != TensorRole.SELECTION_BIAS) {
        float[] weight = floats(model.parameters(), entry.getValue());
        Tensor tensor = new Tensor(entry.getKey(), entry.getValue(), weight);
        int experts = experts(address.role(), entry.getValue());
        for (int i = 0; i < weight.length; i++) {
          int own = experts == 0 ? ParameterPart.NONE : i / (weight.length / experts);
          ParameterPart part =
              new ParameterPart(
                  kind(address.role()), address.layer().orElse(-1), address.expert().orElse(own));
          tensor.rate[i] = policy.rate(part);
          tensor.decays[i] = policy.decays(part);
        }
        tensors.add(tensor);
      }
    }
  }

  /** Experts that one tensor holds, in order; 0 where it holds none or one. */
  private static int experts(TensorRole role, Piece piece) {
    return switch (role) {
      case ROUTER,
          ROUTER_BIAS,
          EXPERTS_GATE_UP,
          EXPERTS_DOWN,
          EXPERTS_GATE_UP_BIAS,
          EXPERTS_DOWN_BIAS ->
          piece.shape().get(0).intValue();
      default -> 0;
    };
  }

  private static ParameterKind kind(TensorRole role) {
    return switch (role) {
      case EMBEDDING -> ParameterKind.EMBEDDING;
      case HEAD -> ParameterKind.HEAD;
      case FINAL_NORM, INPUT_NORM, POST_ATTENTION_NORM, QUERY_NORM, KEY_NORM -> ParameterKind.NORM;
      case SINKS -> ParameterKind.SINK;
      case ROUTER -> ParameterKind.ROUTER;
      case ROUTER_BIAS -> ParameterKind.ROUTER_BIAS;
      case EXPERT_GATE, EXPERT_UP, EXPERT_DOWN, EXPERTS_GATE_UP, EXPERTS_DOWN ->
          ParameterKind.EXPERT;
      case EXPERTS_GATE_UP_BIAS, EXPERTS_DOWN_BIAS -> ParameterKind.EXPERT_BIAS;
      case SHARED_GATE, SHARED_UP, SHARED_DOWN, SHARED_SCORE -> ParameterKind.SHARED_EXPERT;
      case DENSE_GATE, DENSE_UP, DENSE_DOWN -> ParameterKind.DENSE;
      default -> role.name().endsWith("_BIAS") ? ParameterKind.BIAS : ParameterKind.ATTENTION;
    };
  }

  /** All rates that elements have. */
  public Set<Double> rates() {
    Set<Double> rates = new HashSet<>();
    for (Tensor tensor : tensors) {
      for (double rate : tensor.rate) {
        rates.add(rate);
      }
    }
    return rates;
  }

  /** Takes one step; the gradient's norm over what moves. */
  public double step(Parameters gradients, AdamWSettings settings, double learningRate) {
    steps++;
    double squares = 0;
    for (Tensor tensor : tensors) {
      float[] gradient = floats(gradients, tensor.piece);
      for (int i = 0; i < gradient.length; i++) {
        squares += tensor.rate[i] > 0 ? (double) gradient[i] * gradient[i] : 0;
      }
    }
    double norm = Math.sqrt(squares);
    double factor = Math.min(1, settings.maxGradientNorm() / norm);
    for (Tensor tensor : tensors) {
      float[] gradient = floats(gradients, tensor.piece);
      for (int i = 0; i < gradient.length; i++) {
        if (tensor.rate[i] > 0) {
          move(tensor, i, gradient[i] * factor, settings, learningRate * tensor.rate[i]);
        }
      }
    }
    return norm;
  }

  private void move(Tensor tensor, int i, double g, AdamWSettings settings, double rate) {
    tensor.weight[i] *= 1 - rate * (tensor.decays[i] ? settings.weightDecay() : 0);
    tensor.first[i] = settings.beta1() * tensor.first[i] + (1 - settings.beta1()) * g;
    tensor.second[i] = settings.beta2() * tensor.second[i] + (1 - settings.beta2()) * g * g;
    double mean = tensor.first[i] / (1 - Math.pow(settings.beta1(), steps));
    double square = tensor.second[i] / (1 - Math.pow(settings.beta2(), steps));
    tensor.weight[i] -= rate * mean / (Math.sqrt(square) + settings.epsilon());
  }

  /** Frozen elements must have their very bits, others the value within float32's rounding. */
  public void assertMoved(Parameters weights, Parameters first, Parameters second) {
    for (Tensor tensor : tensors) {
      float[] weight = floats(weights, tensor.piece);
      float[] mean = floats(first, tensor.piece);
      float[] square = floats(second, tensor.piece);
      for (int i = 0; i < weight.length; i++) {
        assertOne(tensor, weight[i], tensor.weight[i], tensor.rate[i]);
        assertOne(tensor, mean[i], tensor.first[i], tensor.rate[i]);
        assertOne(tensor, square[i], tensor.second[i], tensor.rate[i]);
        // rounding must not add up: the next gradient is that of the rounded weight
        tensor.weight[i] = weight[i];
      }
    }
  }

  private static void assertOne(Tensor tensor, float found, double expected, double rate) {
    double tolerance = rate == 0 ? 0 : 2e-6 * (1 + Math.abs(expected));
    assertThat(Math.abs(found - expected)).as(tensor.name).isLessThanOrEqualTo(tolerance);
  }

  private static float[] floats(Parameters parameters, Piece piece) {
    FloatBuffer memory =
        Memories.map(parameters, piece.slot(), piece.offset(), piece.elements()).asFloatBuffer();
    float[] floats = new float[memory.remaining()];
    memory.get(floats);
    return floats;
  }
}
