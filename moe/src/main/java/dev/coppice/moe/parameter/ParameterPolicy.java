package dev.coppice.moe.parameter;

/** How each part of a model is trained. */
public interface ParameterPolicy {
  /** All parts at the same rate; matrices decay, vectors do not. */
  ParameterPolicy DEFAULT =
      new ParameterPolicy() {
        @Override
        public double rate(ParameterPart part) {
          return 1;
        }

        @Override
        public boolean decays(ParameterPart part) {
          return part.kind().matrix();
        }
      };

  /**
   * Factor of a part's learning rate, finite and not negative.
   *
   * <p>At 0 it is frozen: its weights and moments keep every bit, and the gradient's norm leaves it
   * out. Weight decay is scaled with the learning rate.
   */
  double rate(ParameterPart part);

  /** Whether weight decay applies to a part. */
  boolean decays(ParameterPart part);
}
