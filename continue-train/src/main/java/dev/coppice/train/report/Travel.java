package dev.coppice.train.report;

/** By what a curve is followed. */
enum Travel {
  FLOPS("extra FLOPs"),
  TOKENS("tokens"),
  STEPS("steps"),
  TIME("minutes in steps");

  private final String label;

  Travel(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }

  double of(Place place) {
    return switch (this) {
      case FLOPS -> place.flops();
      case TOKENS -> place.tokens();
      case STEPS -> place.step();
      case TIME -> place.seconds() / 60;
    };
  }
}
