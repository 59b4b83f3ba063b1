package dev.coppice.moe.model;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.coppice.moe.backend.KernelLibrary.Rotary;
import dev.coppice.moe.spec.RopeSpec;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Cosines and sines of positions; those of whole batches are kept, since training repeats them. */
final class RotaryTables implements AutoCloseable {
  private static final int KEPT = 8;

  private final RopeSpec rope;
  private final NDManager manager;
  private final Map<Extent, Rotary> kept = new LinkedHashMap<>();

  private record Extent(int batch, int sequence) {}

  /**
   * No tables yet.
   *
   * @param rope the model's positions
   * @param manager owns the tables that are kept
   */
  RotaryTables(RopeSpec rope, NDManager manager) {
    this.rope = rope;
    this.manager = manager;
  }

  /** Tables of B sequences of S tokens from position 0; valid until eight others were requested. */
  synchronized Rotary of(int batch, int sequence) {
    Extent extent = new Extent(batch, sequence);
    Rotary known = kept.remove(extent);
    Rotary tables = known != null ? known : make(manager, batch, 0, sequence);
    kept.put(extent, tables);
    if (kept.size() > KEPT) {
      close(kept.remove(kept.keySet().iterator().next()));
    }
    return tables;
  }

  /** Tables of one run of tokens from a position on. */
  Rotary at(NDManager scratch, int past, int tokens) {
    return make(scratch, 1, past, tokens);
  }

  private Rotary make(NDManager owner, int batch, int past, int tokens) {
    int pairs = rope.width() / 2;
    float[] frequency = rope.inverseFrequencies(past + tokens);
    FloatBuffer cos = FloatBuffer.allocate(batch * tokens * pairs);
    FloatBuffer sin = FloatBuffer.allocate(batch * tokens * pairs);
    for (int i = 0; i < tokens * pairs; i++) {
      float angle = (past + i / pairs) * frequency[i % pairs];
      cos.put((float) (Math.cos(angle) * rope.magnitude()));
      sin.put((float) (Math.sin(angle) * rope.magnitude()));
    }
    repeat(cos, batch);
    repeat(sin, batch);
    Shape shape = new Shape((long) batch * tokens, 1, pairs);
    return new Rotary(
        owner.create(cos.array()).reshape(shape), owner.create(sin.array()).reshape(shape));
  }

  /** Copies what is in the buffer until it is full. */
  private static void repeat(FloatBuffer buffer, int times) {
    int size = buffer.position();
    for (int i = 1; i < times; i++) {
      buffer.put(buffer.array(), 0, size);
    }
  }

  private static void close(Rotary tables) {
    tables.cos().close();
    tables.sin().close();
  }

  @Override
  public void close() {
    kept.values().forEach(RotaryTables::close);
    kept.clear();
  }
}
