package dev.coppice.moe.backend;

import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;

/** The backends of this process: the engine's library can be loaded once. */
final class Backends {
  private static final Supplier<Backend> CPU = Suppliers.memoize(CpuBackend::open);
  private static final Supplier<Backend> HERE =
      Suppliers.memoize(() -> named(System.getProperty(Backend.PROPERTY, CpuBackend.NAME)));

  private Backends() {}

  static Backend here() {
    return HERE.get();
  }

  static Backend named(String name) {
    return name.equals(CpuBackend.NAME) ? CPU.get() : new AbsentBackend(name);
  }
}
