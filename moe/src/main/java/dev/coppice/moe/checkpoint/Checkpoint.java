package dev.coppice.moe.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedMap;
import com.google.common.collect.Maps;
import com.google.common.io.Closer;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.Form;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.family.Families;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.folder.CarriedFiles;
import dev.coppice.moe.folder.CodeReferences;
import dev.coppice.moe.folder.FolderFiles;
import dev.coppice.moe.folder.JsonFiles;
import dev.coppice.moe.folder.NativeCode;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.TensorInfo;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.spec.MoeSpec;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An opened checkpoint folder in the Hugging Face layout, single-file or sharded.
 *
 * <p>Opening reads headers only, and checks all of them: the format's rules, index against shards,
 * tensors against configuration. Reads are positional and may come from any thread.
 */
public final class Checkpoint implements Closeable {
  private final Path folder;
  private final ObjectNode config;
  private final Family family;
  private final Optional<MoeSpec> spec;
  private final Anatomy anatomy;
  private final Optional<String> oddTensor;
  private final ExtraTensors extras;
  private final ImmutableMap<Path, SafetensorsFile> files;
  private final ImmutableSortedMap<String, StoredTensor> tensors;
  private final CarriedFiles side;
  private final Optional<CoppiceRecord> record;
  private final ImmutableList<String> warnings;

  private Checkpoint(
      ShardIndex index,
      ObjectNode config,
      CompletableFuture<Family> family,
      ImmutableMap<Path, SafetensorsFile> files)
      throws IOException {
    this.folder = index.folder();
    this.config = config;
    this.files = files;
    this.tensors = collect(files);
    CompletableFuture<ImmutableMap<String, ImmutableList<Long>>> expected;
    try {
      this.family = join(family);
      this.spec =
          this.family.refusalToRun(config).isEmpty()
              ? Optional.of(this.family.spec(config))
              : Optional.empty();
      // names are spelled out while those of the files are taken apart
      expected = TensorCheck.expected(this.family, this.spec, tensors.size());
      this.anatomy = readAnatomy();
      this.oddTensor = spec.isPresent() ? findOddTensor() : Optional.empty();
      this.extras = ExtraTensors.of(this.family, anatomy, tensors.values());
    } catch (CheckpointFormatException e) {
      throw e.isOf(FolderFiles.CONFIG) ? e.at(folder.resolve(FolderFiles.CONFIG)) : e;
    }
    this.side = CarriedFiles.of(folder, NativeCode.of(this.family, config));
    this.record = readRecord(folder);
    this.warnings =
        ImmutableList.<String>builder()
            .addAll(index.warnings(files.values().asList()))
            .addAll(extras.warning(this.family).stream().toList())
            .build();
    if (spec.isPresent() && oddTensor.isEmpty()) {
      new TensorCheck(this, spec.get()).check(mainTensors(), join(expected));
    }
  }

  private static <T> T join(CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private static Optional<CoppiceRecord> readRecord(Path folder) throws IOException {
    if (!FolderFiles.exists(folder, FolderFiles.RECORD)) {
      return Optional.empty();
    }
    Path file = FolderFiles.inside(folder, folder.resolve(FolderFiles.RECORD));
    return Optional.of(CoppiceRecord.fromJson(JsonFiles.readObject(file), file));
  }

  /**
   * Opens a folder of a family that Coppice brings, and checks all that can be checked without
   * reading weights.
   *
   * @throws CheckpointFormatException if anything is missing, malformed or at odds
   */
  public static Checkpoint open(Path folder) throws IOException {
    return open(folder, Families.builtIn());
  }

  /**
   * Opens a folder and checks all that can be checked without reading weights.
   *
   * @param folder where the checkpoint lies
   * @param families which families are known
   * @throws CheckpointFormatException if anything is missing, malformed or at odds
   */
  public static Checkpoint open(Path folder, Families families) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new CheckpointFormatException(
          Reason.MISSING_FILE, folder, "checkpoint must be a folder, got none");
    }
    ObjectNode config =
        JsonFiles.readObject(FolderFiles.inside(folder, folder.resolve(FolderFiles.CONFIG)));
    // families are read while headers are
    CompletableFuture<Family> family = CompletableFuture.supplyAsync(() -> families.of(config));
    ShardIndex index = ShardIndex.read(folder);
    List<SafetensorsFile> opened = new ArrayList<>();
    try {
      ImmutableMap.Builder<Path, SafetensorsFile> files = ImmutableMap.builder();
      for (Path shard : index.shards()) {
        SafetensorsFile file = SafetensorsFile.open(shard);
        opened.add(file);
        files.put(shard, file);
      }
      index.check(opened);
      Checkpoint checkpoint = new Checkpoint(index, config, family, files.buildOrThrow());
      checkpoint.logWarnings();
      return checkpoint;
    } catch (IOException | RuntimeException e) {
      closeAll(opened);
      throw e;
    }
  }

  private void logWarnings() {
    if (!warnings.isEmpty()) {
      // logging is set up where there is something to say: that takes as long as opening
      Logger log = LoggerFactory.getLogger(Checkpoint.class);
      warnings.forEach(log::warn);
    }
  }

  private static ImmutableSortedMap<String, StoredTensor> collect(
      Map<Path, SafetensorsFile> files) {
    // headers are sorted by name but for types, so that there is little left to sort
    ImmutableSortedMap.Builder<String, StoredTensor> tensors = ImmutableSortedMap.naturalOrder();
    files.forEach(
        (path, file) -> {
          for (TensorInfo info : file.tensors().values()) {
            long offset = file.dataOffset() + info.begin();
            tensors.put(
                info.name(),
                new StoredTensor(
                    info.name(), info.dtype(), info.shape(), path, offset, info.byteSize()));
          }
        });
    return tensors.buildOrThrow();
  }

  private Anatomy readAnatomy() {
    List<TensorSlot> slots = tensors.values().stream().map(StoredTensor::slot).toList();
    return Anatomy.of(
        family.name(),
        family.traits(),
        config,
        new Anatomy.TensorSet(slots, name -> tensor(name).file().toString(), family::isStranger));
  }

  /**
   * A tensor that is not laid out as the kernels know it: experts packed, or fused in another way
   * than the family's own. Next-token-prediction layers stand aside.
   */
  private Optional<String> findOddTensor() {
    return anatomy.sites().entrySet().stream()
        .filter(site -> !isStandard(site.getKey(), site.getValue()))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /** All tensors but those of next-token-prediction layers. */
  private Map<String, StoredTensor> mainTensors() {
    return family.traits().mtp().isEmpty()
        ? tensors
        : ImmutableMap.copyOf(
            Maps.filterKeys(tensors, name -> anatomy.site(name).region() != TensorSite.Region.MTP));
  }

  private boolean isStandard(String name, TensorSite site) {
    if (site.region() == TensorSite.Region.MTP) {
      return true;
    }
    Optional<TensorSite.PartSite> part = site.part();
    boolean single =
        part.isEmpty() || (part.get().form() == Form.SINGLE && part.get().part() != Part.QUANTIZED);
    return single || family.address(name).isPresent();
  }

  private static void closeAll(Iterable<SafetensorsFile> files) throws IOException {
    try (Closer closer = Closer.create()) {
      files.forEach(closer::register);
    }
  }

  /** Where the checkpoint lies. */
  public Path folder() {
    return folder;
  }

  /** A copy of {@code config.json} as it stands, unknown keys and their order included. */
  public ObjectNode config() {
    return config.deepCopy();
  }

  /** The family that the configuration names. */
  public Family family() {
    return family;
  }

  /** The anatomy of the checkpoint, for growth of any family. */
  public Anatomy anatomy() {
    return anatomy;
  }

  /**
   * The shape that the kernels are to run.
   *
   * @throws CoppiceException INPUT_INVALID if they do not run the family, or not in the layout that
   *     the files have, or if there are tensors that may matter and that they do not know
   */
  public MoeSpec spec() {
    checkRuns();
    return spec.orElseThrow();
  }

  /**
   * Refuses a folder that the kernels cannot run.
   *
   * @throws CoppiceException INPUT_INVALID as {@link #spec()}
   */
  public void checkRuns() {
    family.refusalToRun(config).filter(why -> spec.isEmpty()).ifPresent(Checkpoint::refuse);
    oddTensor.ifPresent(
        tensor ->
            refuse(
                "weights must lie as "
                    + family.name()
                    + " itself lays them out to run, got experts fused or packed in another way, as"
                    + " tensor '"
                    + tensor
                    + "' ("
                    + folder
                    + ")"));
    extras.refusalToRun(family).ifPresent(Checkpoint::refuse);
  }

  private static void refuse(String why) {
    throw new CoppiceException(ErrorKind.INPUT_INVALID, why);
  }

  /** All tensors by name. */
  public ImmutableSortedMap<String, StoredTensor> tensors() {
    return tensors;
  }

  /**
   * The tensor of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public StoredTensor tensor(String name) {
    StoredTensor tensor = tensors.get(name);
    checkArgument(tensor != null, "tensor must be one of %s, got '%s'", folder, name);
    return tensor;
  }

  /** The weight files, by name. */
  public ImmutableList<Path> shardFiles() {
    return files.keySet().asList();
  }

  /**
   * Tokenizer, generation settings, licence and the like, by path; some lie in sub-folders. Code is
   * among them where a configuration names it.
   */
  public ImmutableList<Path> sideFiles() {
    return side.files();
  }

  /**
   * Side files that hold a JSON object, by name; those that hold anything else are left out.
   *
   * @param named which names are wanted
   */
  public ImmutableMap<String, ObjectNode> sideObjects(Predicate<String> named) {
    return SideFiles.objects(
        side.files().stream().filter(file -> folder.equals(file.getParent())).toList(), named);
  }

  /**
   * The JSON object in a file of the folder.
   *
   * @throws CheckpointFormatException if it holds anything else
   */
  public ObjectNode sideObject(Path file) throws IOException {
    return JsonFiles.readObject(FolderFiles.inside(folder, file));
  }

  /**
   * Side files in JSON or YAML in which an expression is found; those of tokenizers are left out.
   *
   * @param sought the expression
   * @param named which names are wanted
   */
  public ImmutableList<Path> sideFilesWith(Pattern sought, Predicate<String> named) {
    return SideFiles.with(side.files(), sought, named);
  }

  /** References of a copy to code that the folder lacks. */
  public CodeReferences codeReferences() {
    return side.references();
  }

  /**
   * What a copy of the folder has and has not of the files beside the weights, a sentence each:
   * those who write a copy say so, opening does not.
   */
  public ImmutableList<String> carryingNotes() {
    return side.notes().stream()
        .map(note -> folder + ": " + note)
        .collect(ImmutableList.toImmutableList());
  }

  /** The model card, if there is one. */
  public Optional<Path> modelCard() {
    return Optional.of(folder.resolve(FolderFiles.CARD)).filter(Files::isRegularFile);
  }

  /** Coppice's record of the checkpoint, if it has one. */
  public Optional<CoppiceRecord> record() {
    return record;
  }

  /**
   * Harmless oddities of the folder, a line each: weight files that it does not use, a wrong total
   * in the index, blanks before a header. Opening logs them too.
   */
  public ImmutableList<String> warnings() {
    return warnings;
  }

  /** Size of all tensors, bytes. */
  public long byteSize() {
    return tensors.values().stream().mapToLong(StoredTensor::byteSize).sum();
  }

  /**
   * Fills a buffer from a tensor's bytes.
   *
   * @param tensor one of this checkpoint's tensors
   * @param offset first byte, counted from the start of the tensor
   * @param into filled from its position to its limit
   */
  public void read(StoredTensor tensor, long offset, ByteBuffer into) throws IOException {
    SafetensorsFile file = file(tensor);
    file.read(file.tensor(tensor.name()), offset, into);
  }

  /** The open shard that holds a tensor, for positional reads only. */
  public FileChannel channel(StoredTensor tensor) {
    return file(tensor).channel();
  }

  private SafetensorsFile file(StoredTensor tensor) {
    SafetensorsFile file = files.get(tensor.file());
    checkArgument(
        file != null && file.tensors().containsKey(tensor.name()),
        "tensor must be one of %s, got '%s'",
        folder,
        tensor.name());
    return file;
  }

  @Override
  public void close() throws IOException {
    closeAll(files.values());
  }
}
