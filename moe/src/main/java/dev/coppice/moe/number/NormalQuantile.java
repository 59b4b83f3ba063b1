package dev.coppice.moe.number;

/**
 * The quantile function of the standard normal distribution, relative error about 1e-15.
 *
 * <p>Uses {@link StrictMath} only, so that every machine gets the same bits.
 *
 * <p><b>Source</b>: M. J. Wichura, Algorithm AS 241, Applied Statistics 37 (1988), routine PPND16.
 */
public final class NormalQuantile {
  private static final double[] CENTRE_OVER = {
    3.3871328727963665, 133.14166789178438, 1971.5909503065513,
    13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227
  };
  private static final double[] CENTRE_UNDER = {
    1.0, 42.31333070160091, 687.1870074920579,
    5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854
  };
  private static final double[] MIDDLE_OVER = {
    1.4234371107496835, 4.630337846156546, 5.769497221460691,
    3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
    0.022723844989269184, 0.0007745450142783414
  };
  private static final double[] MIDDLE_UNDER = {
    1.0, 2.053191626637759, 1.6763848301838038,
    0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-09
  };
  private static final double[] FAR_OVER = {
    6.657904643501103, 5.463784911164114, 1.7848265399172913,
    0.29656057182850487, 0.026532189526576124, 0.0012426609473880784,
    2.7115555687434876e-05, 2.0103343992922881e-07
  };
  private static final double[] FAR_UNDER = {
    1.0, 0.599832206555888, 0.1369298809227358,
    0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-05,
    1.421511758316446e-07, 2.0442631033899397e-15
  };

  private static final double BELOW_ONE = 1 - 0x1p-53;

  private NormalQuantile() {}

  /**
   * A standard normal number of random bits.
   *
   * @param bits of which the upper 53 count
   */
  public static double ofBits(long bits) {
    // the middle of the last cell would round to 1
    return of(Math.min(((bits >>> 11) + 0.5) * 0x1p-53, BELOW_ONE));
  }

  /**
   * The value that a standard normal number stays below with a probability.
   *
   * @param p the probability, in (0, 1)
   */
  public static double of(double p) {
    double fromMedian = p - 0.5;
    if (Math.abs(fromMedian) <= 0.425) {
      double r = 0.180625 - fromMedian * fromMedian;
      return fromMedian * polynomial(CENTRE_OVER, r) / polynomial(CENTRE_UNDER, r);
    }
    double r = StrictMath.sqrt(-StrictMath.log(fromMedian < 0 ? p : 1 - p));
    double size =
        r <= 5
            ? polynomial(MIDDLE_OVER, r - 1.6) / polynomial(MIDDLE_UNDER, r - 1.6)
            : polynomial(FAR_OVER, r - 5) / polynomial(FAR_UNDER, r - 5);
    return fromMedian < 0 ? -size : size;
  }

  private static double polynomial(double[] coefficients, double x) {
    double sum = 0;
    for (int i = coefficients.length - 1; i >= 0; i--) {
      sum = sum * x + coefficients[i];
    }
    return sum;
  }
}
