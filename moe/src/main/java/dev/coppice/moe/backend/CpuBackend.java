package dev.coppice.moe.backend;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.pytorch.jni.JniUtils;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import dev.coppice.moe.kernel.KernelVersion;
import dev.coppice.moe.kernel.Products;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;

/** The processor, through libtorch: arrays lie in host memory, so nothing is copied. */
final class CpuBackend implements Backend {
  static final String NAME = "cpu";

  /** Each member has its own gradient of what every token takes, so there are few. */
  private static final int MOST_MEMBERS = 4;

  private final boolean threadsGiven;
  private final ExitGate gate = ExitGate.make();

  /** One library of each kind: they have no state, but take time to compile. */
  private final ImmutableMap<Products, Supplier<KernelLibrary>> libraries =
      Maps.toMap(
          EnumSet.allOf(Products.class),
          products -> Suppliers.memoize(() -> KernelLibrary.compile(products, gate)));

  private CpuBackend(boolean threadsGiven) {
    this.threadsGiven = threadsGiven;
  }

  /** Sets the engine up; it is loaded when it is used. */
  static CpuBackend open() {
    return new CpuBackend(TorchRuntime.setUp());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Facts facts() {
    return new Facts(KernelVersion.of(products()), instructionSet(), threads());
  }

  private static Products products() {
    return Processor.read().products(Optional.ofNullable(System.getProperty(Products.PROPERTY)));
  }

  /**
   * What {@code ATEN_CPU_CAPABILITY} in the environment asks for, or else what the engine would
   * take by the processor's flags.
   */
  private static String instructionSet() {
    return InstructionSet.of(
        Optional.ofNullable(System.getenv(InstructionSet.VARIABLE)),
        System.getProperty("os.arch"),
        Processor.read().flags());
  }

  private int threads() {
    newManager().close();
    return JniUtils.getNumThreads();
  }

  @Override
  public boolean threadsGiven() {
    return threadsGiven;
  }

  @Override
  public KernelLibrary kernels() {
    return kernels(products());
  }

  KernelLibrary kernels(Products products) {
    return Objects.requireNonNull(libraries.get(products)).get();
  }

  @Override
  public NDManager newManager() {
    return TorchRuntime.newManager();
  }

  @Override
  public Workers newWorkers() {
    return new Workers(threads(), MOST_MEMBERS);
  }

  @Override
  public <E extends Exception> void upload(NDArray to, long offset, long count, HostMemory<E> fill)
      throws E {
    fill.use(memory(to, offset, count));
  }

  @Override
  public <E extends Exception> void download(
      NDArray from, long offset, long count, HostMemory<E> read) throws E {
    read.use(memory(from, offset, count));
  }

  private static ByteBuffer memory(NDArray array, long offset, long count) {
    if (offset == 0 && count == array.size()) {
      return array.toByteBuffer(true).order(ByteOrder.LITTLE_ENDIAN);
    }
    try (NDArray flat = array.reshape(-1);
        NDArray part = flat.get(new NDIndex().addSliceDim(offset, offset + count))) {
      return part.toByteBuffer(true).order(ByteOrder.LITTLE_ENDIAN);
    }
  }
}
