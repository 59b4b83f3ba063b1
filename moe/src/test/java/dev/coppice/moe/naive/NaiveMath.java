package dev.coppice.moe.naive;

/** Sums and products of doubles, in plain loops. */
final class NaiveMath {
  private NaiveMath() {}

  /** x divided by its root mean square, times a weight for each element. */
  static double[] norm(double[] x, double[] weight, double epsilon) {
    double r = 1 / Math.sqrt(dot(x, x) / x.length + epsilon);
    double[] result = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = x[i] * r * weight[i];
    }
    return result;
  }

  static double logSumExp(double[] x) {
    double max = Double.NEGATIVE_INFINITY;
    for (double value : x) {
      max = Math.max(max, value);
    }
    double sum = 0;
    for (double value : x) {
      sum += Math.exp(value - max);
    }
    return max + Math.log(sum);
  }

  static double[] softmax(double[] x) {
    double lse = logSumExp(x);
    double[] p = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      p[i] = Math.exp(x[i] - lse);
    }
    return p;
  }

  static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** Elements from one place on. */
  static double[] part(double[] x, int from, int size) {
    double[] result = new double[size];
    System.arraycopy(x, from, result, 0, size);
    return result;
  }

  /** One row of a matrix. */
  static double[] row(double[] matrix, int row, int width) {
    return part(matrix, row * width, width);
  }

  /** Some rows of a matrix times x. */
  static double[] times(double[] matrix, int firstRow, int rows, double[] x) {
    double[] result = new double[rows];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < x.length; j++) {
        result[i] += matrix[(firstRow + i) * x.length + j] * x[j];
      }
    }
    return result;
  }

  /** The whole matrix times x, plus a bias where there is one. */
  static double[] times(double[] matrix, double[] x, double[] bias) {
    double[] result = times(matrix, 0, matrix.length / x.length, x);
    if (bias.length > 0) {
      add(result, bias, 1);
    }
    return result;
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  static void add(double[] into, double[] what, double factor) {
    for (int i = 0; i < into.length; i++) {
      into[i] += factor * what[i];
    }
  }
}
