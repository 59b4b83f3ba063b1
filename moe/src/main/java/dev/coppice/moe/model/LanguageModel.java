package dev.coppice.moe.model;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableDoubleArray;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.backend.KernelLibrary;
import dev.coppice.moe.backend.ModelTensors;
import dev.coppice.moe.backend.Workers;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.kernel.DecoderCall;
import dev.coppice.moe.parameter.FreshWeights;
import dev.coppice.moe.parameter.ModelFiles;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.parameter.Parameters;
import dev.coppice.moe.parameter.WeightTransfer;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.train.Learner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;

/**
 * A Mixture-of-Experts decoder with its weights in memory, float32.
 *
 * <p>It owns its weights and its manager. One thread at a time may use it.
 */
public final class LanguageModel implements AutoCloseable {
  private static final double DEFAULT_DEVIATION = 0.02;

  /** Logits held at once, elements: at most a quarter of a gibibyte. */
  private static final int LOGITS_AT_ONCE = 1 << 26;

  /** Tokens below which a pass over the head's weights costs more than their products. */
  private static final int MIN_CHUNK = 128;

  /** Tokens above which logits of a small vocabulary no longer fit a core's cache. */
  private static final int MAX_CHUNK = 512;

  private final ObjectNode config;
  private final MoeSpec spec;
  private final Precision precision;
  private final NDManager manager;
  private final KernelLibrary kernels;
  private final Parameters parameters;
  private final ModelTensors forKernels;
  private final RotaryTables rotary;
  private final Workers workers;
  private final LanguageModelBlock block;
  private OptionalInt threads = OptionalInt.empty();

  private LanguageModel(Backend backend, Family family, ObjectNode config, Precision precision) {
    this(backend, config, new ParameterLayout(family, acceptedSpec(family, config)), precision);
  }

  private LanguageModel(
      Backend backend, ObjectNode config, ParameterLayout layout, Precision precision) {
    this.config = config.deepCopy();
    this.spec = layout.spec();
    this.precision = precision;
    this.manager = backend.newManager();
    this.workers = backend.newWorkers();
    this.kernels = backend.kernels();
    this.parameters = new Parameters(backend, manager, layout);
    this.forKernels = parameters.forKernels();
    this.rotary = new RotaryTables(spec.attention().rope(), manager);
    this.block = new LanguageModelBlock(this);
  }

  private static MoeSpec acceptedSpec(Family family, ObjectNode config) {
    family
        .refusalToRun(config)
        .ifPresent(
            reason -> {
              throw new CoppiceException(ErrorKind.INPUT_INVALID, reason);
            });
    return family.spec(config);
  }

  /** A model of any shape, even one that no family has, with zeros for weights. */
  public static LanguageModel blank(MoeSpec spec, Precision precision) {
    ObjectNode noConfig = JsonNodeFactory.instance.objectNode();
    return new LanguageModel(
        Backend.forThisMachine(), noConfig, new ParameterLayout(spec), precision);
  }

  /**
   * Loads a checkpoint, whatever float type it is stored in. Next-token-prediction layers are left
   * out, with a warning; the configuration of what is written counts none.
   *
   * @param checkpoint may be closed afterwards
   * @param precision what to compute in
   * @throws CoppiceException if the kernels cannot run the model, or tensors do not fit
   */
  public static LanguageModel open(Checkpoint checkpoint, Precision precision) throws IOException {
    return open(Backend.forThisMachine(), checkpoint, precision);
  }

  /** The same on a backend. */
  public static LanguageModel open(Backend backend, Checkpoint checkpoint, Precision precision)
      throws IOException {
    checkpoint.checkRuns();
    ObjectNode config = checkpoint.family().configOfMainModel(checkpoint.config());
    LanguageModel model = new LanguageModel(backend, checkpoint.family(), config, precision);
    try {
      WeightTransfer.load(checkpoint, model.parameters);
      return model;
    } catch (IOException | RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /**
   * A new model: matrices from N(0, {@code initializer_range}²), norms 1.
   *
   * @param config a {@code config.json}
   * @param seed the same seed gives the same bits
   * @param precision what to compute in
   * @throws CoppiceException if the kernels cannot run the model
   */
  public static LanguageModel fresh(ObjectNode config, long seed, Precision precision) {
    LanguageModel model =
        new LanguageModel(Backend.forThisMachine(), Family.of(config), config, precision);
    double deviation = config.path("initializer_range").asDouble(DEFAULT_DEVIATION);
    FreshWeights.fill(model.parameters, seed, deviation);
    return model;
  }

  /** Shape of the model. */
  public MoeSpec spec() {
    return spec;
  }

  /** A copy of the configuration that it was made from. */
  public ObjectNode config() {
    return config.deepCopy();
  }

  /** The precision of matrix products. */
  public Precision precision() {
    return precision;
  }

  /**
   * The model as a DJL block: int64 ids [B, S] to float32 logits [B, S, V].
   *
   * <p>It shares the weights and is initialised. Inside a gradient collector, with training on,
   * every parameter gets its gradient; the hand-written pass of {@link Learner} is faster.
   */
  public Block block() {
    return block;
  }

  /** Computes with so many threads from now on; until then {@link ThreadRule} holds. */
  public void threads(int count) {
    checkArgument(count > 0, "threads must be positive, got %s", count);
    threads = OptionalInt.of(count);
  }

  /** Threads that compute a batch. */
  public int threads(TokenBatch batch) {
    return threads.orElseGet(
        () -> ThreadRule.threads(parameters.backend(), spec, batch.batch(), batch.sequence()));
  }

  /** Threads that compute a step of so many tokens of one text. */
  int stepThreads(int tokens) {
    return threads.orElseGet(() -> ThreadRule.threadsOfStep(parameters.backend(), spec, tokens));
  }

  /**
   * Logits, float32, row-major [B, S, V]; for small uses.
   *
   * @throws IllegalArgumentException if an id or the length does not fit the model
   */
  public float[] logits(TokenBatch batch) {
    check(batch);
    return workers.alone(threads(batch), () -> logitsHere(batch));
  }

  private float[] logitsHere(TokenBatch batch) {
    try (NDManager scratch = manager.newSubManager();
        NDArray logits = kernels.logits(ids(scratch, batch), inputs(batch))) {
      return logits.toFloatArray();
    }
  }

  /**
   * Losses and hits of every token, without gradients.
   *
   * @throws IllegalArgumentException if an id, a label or the length does not fit the model
   */
  public TokenScores score(TokenBatch batch) {
    check(batch);
    List<Callable<float[]>> tasks = new ArrayList<>();
    int used = threads(batch);
    for (TokenBatch share : batch.shares(workers.shares(used, batch.batch()))) {
      KernelLibrary.Inputs inputs = inputs(share);
      tasks.add(() -> score(share, inputs));
    }
    float[] losses = new float[batch.ids().length];
    boolean[] correct = new boolean[losses.length];
    int at = 0;
    for (float[] both : workers.run(used, tasks)) {
      int tokens = both.length / 2;
      System.arraycopy(both, 0, losses, at, tokens);
      for (int i = 0; i < tokens; i++) {
        correct[at + i] = both[tokens + i] != 0;
      }
      at += tokens;
    }
    return new TokenScores(losses, correct);
  }

  private float[] score(TokenBatch share, KernelLibrary.Inputs inputs) {
    try (NDManager scratch = manager.newSubManager();
        NDArray scores = kernels.score(tokens(scratch, share), inputs)) {
      return scores.toFloatArray();
    }
  }

  /**
   * The routers' decisions on a batch.
   *
   * @throws IllegalArgumentException if an id or the length does not fit the model
   */
  public RouterHealth routers(TokenBatch batch) {
    check(batch);
    return workers.alone(threads(batch), () -> routersHere(batch));
  }

  private RouterHealth routersHere(TokenBatch batch) {
    try (NDManager scratch = manager.newSubManager();
        NDArray rows = kernels.routers(ids(scratch, batch), inputs(batch))) {
      int experts = spec.firstMoe().map(LayerSpec.Moe::experts).orElse(0);
      return new RouterHealth(
          experts, batch.ids().length, ImmutableDoubleArray.copyOf(rows.toDoubleArray()));
    }
  }

  /**
   * Starts to generate text: tokens go in, and what may follow comes out, without computing anew
   * what went before.
   *
   * @param capacity most tokens, prompt included
   * @throws IllegalArgumentException if it is more than the model's positions
   */
  public Generation generation(int capacity) {
    checkArgument(
        capacity > 0 && capacity <= spec.maxPositions(),
        "capacity must lie in 1..%s (the model's positions), got %s",
        spec.maxPositions(),
        capacity);
    return new Generation(this, capacity);
  }

  /**
   * Writes weights, index and {@code config.json}, all in float32, under the family's own names.
   *
   * @param writer what else the folder holds is the caller's to write, as is the commit
   * @param maxShardBytes most bytes of one file
   */
  public void writeTo(CheckpointWriter writer, long maxShardBytes) throws IOException {
    ModelFiles.write(parameters, config, writer, maxShardBytes);
  }

  public NDManager manager() {
    return manager;
  }

  public KernelLibrary kernels() {
    return kernels;
  }

  public Parameters parameters() {
    return parameters;
  }

  public ModelTensors forKernels() {
    return forKernels;
  }

  public Workers workers() {
    return workers;
  }

  RotaryTables rotary() {
    return rotary;
  }

  /** Inputs of a call on a batch beside its tokens. */
  public KernelLibrary.Inputs inputs(TokenBatch batch) {
    return new KernelLibrary.Inputs(
        forKernels,
        rotary.of(batch.batch(), batch.sequence()),
        call(batch.batch(), batch.sequence(), batch.segments()));
  }

  /** The same, for whole sequences. */
  public KernelLibrary.Inputs inputs(int batch, int sequence) {
    return new KernelLibrary.Inputs(
        forKernels, rotary.of(batch, sequence), call(batch, sequence, ImmutableList.of()));
  }

  DecoderCall call(int batch, int sequence, ImmutableList<Integer> segments) {
    return new DecoderCall(spec, batch, sequence, segments, options(false, false));
  }

  /**
   * How calls are computed.
   *
   * @param recompute whether backward computes each layer anew
   * @param taught whether the head holds a teacher's logits as well
   */
  public DecoderCall.Options options(boolean recompute, boolean taught) {
    int most = LOGITS_AT_ONCE / spec.vocabularySize() / (taught ? 2 : 1);
    int chunk = Math.max(MIN_CHUNK, Math.min(MAX_CHUNK, most));
    return new DecoderCall.Options(precision == Precision.BF16_MIXED, chunk, recompute);
  }

  public static NDArray ids(NDManager scratch, TokenBatch batch) {
    return scratch.create(Arrays.stream(batch.ids()).asLongStream().toArray());
  }

  public static KernelLibrary.Tokens tokens(NDManager scratch, TokenBatch batch) {
    long[] labels = Arrays.stream(batch.labels()).asLongStream().toArray();
    return new KernelLibrary.Tokens(ids(scratch, batch), scratch.create(labels));
  }

  /** Refuses what does not fit the model. */
  public void check(TokenBatch batch) {
    checkArgument(
        batch.sequence() <= spec.maxPositions(),
        "sequence must be at most the model's %s positions, got %s",
        spec.maxPositions(),
        batch.sequence());
    int vocabulary = spec.vocabularySize();
    for (int i = 0; i < batch.ids().length; i++) {
      int id = batch.ids()[i];
      checkArgument(
          id >= 0 && id < vocabulary,
          "token id must lie in 0..%s, got %s (position %s)",
          vocabulary - 1,
          id,
          i);
      int label = batch.labels()[i];
      checkArgument(
          label == TokenBatch.IGNORED || (label >= 0 && label < vocabulary),
          "label must lie in 0..%s or be -100, got %s (position %s)",
          vocabulary - 1,
          label,
          i);
    }
  }

  @Override
  public void close() {
    workers.close();
    rotary.close();
    parameters.close();
    manager.close();
  }
}
