package dev.coppice.moe.parameter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Longs;
import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.backend.KernelLibrary;
import dev.coppice.moe.backend.ModelTensors;
import dev.coppice.moe.backend.TensorList;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Float32 arrays in a model's layout: its weights, their gradients or their moments. */
public final class Parameters implements AutoCloseable {
  private final Backend backend;
  private final ParameterLayout layout;
  private final ImmutableList<NDArray> arrays;
  private final Predicate<ParameterLayout.Slot> borrowed;
  private final List<TensorList> lists = new ArrayList<>();
  private final List<ModelTensors> records = new ArrayList<>();

  /**
   * Zeros.
   *
   * @param backend that the manager is of
   * @param manager owns the arrays
   * @param layout their shapes
   */
  public Parameters(Backend backend, NDManager manager, ParameterLayout layout) {
    this(
        backend,
        layout,
        layout.slots().stream()
            .map(slot -> zeros(manager, slot))
            .collect(ImmutableList.toImmutableList()),
        slot -> false);
  }

  private Parameters(
      Backend backend,
      ParameterLayout layout,
      ImmutableList<NDArray> arrays,
      Predicate<ParameterLayout.Slot> borrowed) {
    this.backend = backend;
    this.layout = layout;
    this.arrays = arrays;
    this.borrowed = borrowed;
  }

  /**
   * Zeros, but for some arrays, which are another's; those are not among the {@link #select
   * selected}, and not closed.
   *
   * @param manager owns the arrays that are made
   * @param lender must stay open as long
   * @param borrowed which are the lender's
   */
  public static Parameters beside(
      NDManager manager, Parameters lender, Predicate<ParameterLayout.Slot> borrowed) {
    ImmutableList.Builder<NDArray> arrays = ImmutableList.builder();
    for (int i = 0; i < lender.arrays.size(); i++) {
      ParameterLayout.Slot slot = lender.layout.slots().get(i);
      arrays.add(borrowed.test(slot) ? lender.arrays.get(i) : zeros(manager, slot));
    }
    return new Parameters(lender.backend, lender.layout, arrays.build(), borrowed);
  }

  private static NDArray zeros(NDManager manager, ParameterLayout.Slot slot) {
    return manager.zeros(new Shape(Longs.toArray(slot.shape())), DataType.FLOAT32);
  }

  public Backend backend() {
    return backend;
  }

  /** Zeros with the same layout. */
  public Parameters zerosLike(NDManager manager) {
    return new Parameters(backend, manager, layout);
  }

  public ParameterLayout layout() {
    return layout;
  }

  public NDArray array(int slot) {
    return arrays.get(slot);
  }

  /** All arrays as kernels take them: a head that does not exist is the embedding. */
  public ModelTensors forKernels() {
    List<NDArray> all = new ArrayList<>(arrays);
    if (!layout.slots().get(ParameterLayout.HEAD).exists()) {
      all.set(ParameterLayout.HEAD, all.get(ParameterLayout.EMBEDDING));
    }
    ModelTensors tensors = ModelTensors.of(backend.kernels(), all);
    records.add(tensors);
    return tensors;
  }

  /** The arrays of its own that exist and whose slots pass a test, each once. */
  public TensorList select(Predicate<ParameterLayout.Slot> test) {
    List<NDArray> chosen = new ArrayList<>();
    for (int i = 0; i < arrays.size(); i++) {
      ParameterLayout.Slot slot = layout.slots().get(i);
      if (slot.exists() && !borrowed.test(slot) && test.test(slot)) {
        chosen.add(arrays.get(i));
      }
    }
    return keep(TensorList.of(chosen));
  }

  /**
   * Rows of arrays: whole arrays themselves, of others a view; the caller closes the list.
   *
   * @param runs which rows, in order
   */
  public TensorList rows(List<TrainedRun> runs) {
    List<NDArray> views = new ArrayList<>();
    List<NDArray> all = new ArrayList<>();
    for (TrainedRun run : runs) {
      NDArray whole = arrays.get(run.slot());
      boolean part = run.to() - run.from() < whole.getShape().get(0);
      all.add(part ? whole.get(new NDIndex().addSliceDim(run.from(), run.to())) : whole);
      if (part) {
        views.add(all.get(all.size() - 1));
      }
    }
    TensorList list = TensorList.of(all);
    // the list holds the views' memory by itself
    views.forEach(NDArray::close);
    return list;
  }

  /** The arrays that exist, each once; the caller closes the list. */
  public TensorList all() {
    return TensorList.of(arrays.stream().filter(array -> array.size() > 0).toList());
  }

  /** Copies the arrays of another with the same layout. */
  public void copy(KernelLibrary kernels, NDManager scratch, Parameters from) {
    try (TensorList to = all();
        TensorList what = from.all()) {
      kernels.copy(scratch, to, what);
    }
  }

  private TensorList keep(TensorList list) {
    lists.add(list);
    return list;
  }

  /**
   * Sets elements of one array; see {@link Backend#upload}.
   *
   * @param slot which array
   * @param offset first element
   * @param count elements, less than 2^29
   */
  public <E extends Exception> void upload(
      int slot, long offset, long count, Backend.HostMemory<E> fill) throws E {
    backend.upload(arrays.get(slot), offset, count, fill);
  }

  /**
   * Shows elements of one array; see {@link Backend#download}.
   *
   * @param slot which array
   * @param offset first element
   * @param count elements, less than 2^29
   */
  public <E extends Exception> void download(
      int slot, long offset, long count, Backend.HostMemory<E> read) throws E {
    backend.download(arrays.get(slot), offset, count, read);
  }

  @Override
  public void close() {
    lists.forEach(TensorList::close);
    records.forEach(ModelTensors::close);
    for (int i = 0; i < arrays.size(); i++) {
      if (!borrowed.test(layout.slots().get(i))) {
        arrays.get(i).close();
      }
    }
  }
}
