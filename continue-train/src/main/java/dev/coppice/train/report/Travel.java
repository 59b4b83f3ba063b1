package dev.coppice.train.report;

import java.util.function.ToDoubleFunction;

/** By what a curve is followed. */
enum Travel {
  FLOPS("extra FLOPs", Place::flops),
  TOKENS("tokens", Place::tokens),
  STEPS("steps", Place::step),
  TIME("minutes in steps", place -> place.seconds() / 60);

  private final String label;
  private final ToDoubleFunction<Place> coordinate;

  Travel(String label, ToDoubleFunction<Place> coordinate) {
    this.label = label;
    this.coordinate = coordinate;
  }

  String label() {
    return label;
  }

  double of(Place place) {
    return coordinate.applyAsDouble(place);
  }
}
