package dev.coppice.moe.naive;

import dev.coppice.moe.model.TokenBatch;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** The divergence of a student from its teacher, in plain loops of doubles. */
public final class NaiveDistillation {
  private final double[] teacher;
  private final double temperature;
  private final int top;

  /**
   * Lessons of one batch.
   *
   * @param teacher its logits [T, V]
   * @param temperature of both distributions
   * @param top tokens that count, 0 for all
   */
  public NaiveDistillation(double[] teacher, double temperature, int top) {
    this.teacher = teacher;
    this.temperature = temperature;
    this.top = top;
  }

  /** Mean over the counted tokens, nats. */
  public double mean(double[] student, TokenBatch batch) {
    int vocabulary = teacher.length / batch.labels().length;
    double sum = 0;
    int counted = 0;
    for (int t = 0; t < batch.labels().length; t++) {
      if (batch.labels()[t] != TokenBatch.IGNORED) {
        sum += of(NaiveMath.row(teacher, t, vocabulary), NaiveMath.row(student, t, vocabulary));
        counted++;
      }
    }
    return sum / Math.max(1, counted);
  }

  private double of(double[] teacherV, double[] studentV) {
    double[] studentChance = NaiveMath.softmax(divided(studentV));
    int[] chosen =
        IntStream.range(0, teacherV.length)
            .boxed()
            .sorted(Comparator.comparingDouble(v -> -teacherV[v]))
            .limit(top == 0 ? teacherV.length : top)
            .mapToInt(v -> v)
            .toArray();
    double[] chance =
        NaiveMath.softmax(divided(Arrays.stream(chosen).mapToDouble(v -> teacherV[v]).toArray()));
    double sum = 0;
    for (int i = 0; i < chosen.length; i++) {
      sum += chance[i] * Math.log(chance[i] / studentChance[chosen[i]]);
    }
    return sum;
  }

  private double[] divided(double[] logits) {
    return Arrays.stream(logits).map(value -> value / temperature).toArray();
  }
}
