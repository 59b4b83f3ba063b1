package dev.coppice.growth.bytes;

import dev.coppice.growth.plan.Scope;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Standard deviations that were already taken; shared by all threads of one growth. */
public final class Sigmas {
  /**
   * What a deviation was taken over.
   *
   * @param scope the elements
   * @param layer layer of the output, which noise inside the scope depends on
   */
  record Key(Scope scope, OptionalInt layer) {}

  private final ConcurrentMap<Key, Double> known = new ConcurrentHashMap<>();

  /** The deviation, if it was taken. */
  OptionalDouble get(Key key) {
    Double sigma = known.get(key);
    return sigma == null ? OptionalDouble.empty() : OptionalDouble.of(sigma);
  }

  /** Keeps a deviation. */
  void put(Key key, double sigma) {
    known.put(key, sigma);
  }
}
