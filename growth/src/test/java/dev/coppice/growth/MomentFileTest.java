package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Iterables;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.moment.TinyState;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorInfo;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.testing.CrashCheck;
import dev.coppice.moe.testing.FaultFs;
import dev.coppice.moe.testing.FaultLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The optimizer's file through everything that may happen to it. */
class MomentFileTest {
  private static final GrowthRequest REQUEST =
      TinyGrowth.REQUEST.withMoments(Optional.of(MomentRule.SCALE));

  @TempDir Path home;
  private Path folder;
  private Checkpoint source;

  @BeforeEach
  void prepare() throws IOException {
    folder = Files.createDirectory(home.resolve("live"));
    TinyGrowth.prepare(folder);
    source = Checkpoint.open(folder.resolve("source"));
    TinyState.write(source, 4);
    // copies of files keep less of a second than the disk does
    Files.setLastModifiedTime(
        TinyState.file(source.folder()), FileTime.fromMillis(1_000_000_000_000L));
  }

  @AfterEach
  void close() throws IOException {
    source.close();
  }

  private Path grow() throws IOException {
    Path grown = folder.resolve("grown");
    GrowthExecutor.run(source, REQUEST, grown, GrowthProgress.NONE);
    return grown;
  }

  private List<String> deviations() throws IOException {
    try (Checkpoint grown = Checkpoint.open(folder.resolve("grown"))) {
      return GrowthVerifier.deviations(source, grown, GrowthProgress.NONE);
    }
  }

  private static void flip(Path file, long position) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, position);
      one.put(0, (byte) (one.get(0) ^ 4));
      channel.write(one.flip(), position);
    }
  }

  /** I9: whichever byte of the file is another, verify finds and names it. */
  @Test
  void verifyFindsEveryFlippedByte() throws IOException {
    Path state = TinyState.file(grow());
    assertThat(deviations()).isEmpty();
    long data;
    Map<String, Long> ends = new TreeMap<>();
    try (SafetensorsFile file = SafetensorsFile.open(state)) {
      data = file.dataOffset();
      for (TensorInfo info : file.tensors().values()) {
        ends.put(info.name(), data + info.end());
      }
    }
    for (Map.Entry<String, Long> tensor : Iterables.limit(ends.entrySet(), 6)) {
      flip(state, tensor.getValue() - 1);
      assertThat(deviations())
          .singleElement()
          .asString()
          .startsWith("tensor " + tensor.getKey() + " must have its planned bytes, got another")
          .contains("optimizer.safetensors");
      flip(state, tensor.getValue() - 1);
    }
    // of the header, every so many bytes: lengths, names, shapes, offsets, blanks, metadata
    for (long at = 0; at < data; at += 173) {
      flip(state, at);
      assertThat(deviations()).as("byte %s of the header", at).isNotEmpty();
      flip(state, at);
    }
    assertThat(deviations()).isEmpty();
  }

  @Test
  void verifyNamesAFileThatIsGoneTooMuchOrChangedAtTheSource() throws IOException {
    Path state = TinyState.file(grow());
    Path aside = home.resolve("aside");
    Files.move(state, aside);
    assertThat(deviations())
        .containsExactly("file coppice-training/optimizer.safetensors must be there, got none");
    Files.move(aside, state);
    long last = Files.size(TinyState.file(source.folder())) - 1;
    flip(TinyState.file(source.folder()), last);
    assertThat(deviations())
        .hasSizeGreaterThan(1)
        .anySatisfy(
            d ->
                assertThat(d)
                    .startsWith("source file coppice-training/optimizer.safetensors must have"));
  }

  @Test
  void verifyNamesAFileThatWasNotGrown() throws IOException {
    GrowthExecutor.run(source, TinyGrowth.REQUEST, folder.resolve("grown"), GrowthProgress.NONE);
    assertThat(deviations()).isEmpty();
    assertThat(TinyState.file(folder.resolve("grown"))).doesNotExist();
    try (Checkpoint grown = Checkpoint.open(folder.resolve("grown"))) {
      TinyState.write(grown, 5);
    }
    assertThat(deviations())
        .containsExactly("file coppice-training/optimizer.safetensors must not be there, got one");
  }

  /**
   * Lineages of before say neither what is new nor anything of moments: they verify as they did.
   */
  @Test
  void anOlderLineageStillVerifies() throws IOException {
    GrowthExecutor.run(source, TinyGrowth.REQUEST, folder.resolve("grown"), GrowthProgress.NONE);
    Path record = folder.resolve("grown/coppice.json");
    ObjectMapper json = new ObjectMapper();
    ObjectNode tree = (ObjectNode) json.readTree(record.toFile());
    ObjectNode lineage = (ObjectNode) tree.path("lineage");
    assertThat(lineage.remove("origin")).isNotNull();
    json.writeValue(record.toFile(), tree);
    assertThat(deviations()).isEmpty();
    lineage.putObject("origin").putArray("layers").add(0);
    json.writeValue(record.toFile(), tree);
    assertThat(deviations())
        .containsExactly("coppice.json must give the origin of layers and experts as planned");
  }

  /** A source's state that is not the model's: one error, and nothing changes. */
  @Test
  void refusesStateThatIsNoneOrAnothers() throws IOException {
    Path state = TinyState.file(source.folder());
    Map<String, float[]> moments = TinyState.readFile(state);
    List<TensorSlot> slots = new ArrayList<>();
    try (SafetensorsFile file = SafetensorsFile.open(state)) {
      file.tensors()
          .values()
          .forEach(i -> slots.add(new TensorSlot(i.name(), i.dtype(), i.shape())));
    }
    Files.delete(state);
    assertRefused("optimizer state must be there to grow, got none");
    Files.writeString(state, "no such file");
    assertRefused("optimizer.safetensors: header length");
    Files.delete(state);
    TinyState.write(source.folder(), slots.subList(1, slots.size()), moments);
    assertRefused("tensor '" + slots.get(0).name() + "' must be there, got none");
    Files.delete(state);
    List<TensorSlot> more = new ArrayList<>(slots);
    more.add(new TensorSlot("exp_avg.other", Dtype.F32, slots.get(0).shape()));
    moments.put("exp_avg.other", moments.get(slots.get(0).name()));
    TinyState.write(source.folder(), more, moments);
    assertRefused("tensor 'exp_avg.other' must not be there, got one");
    Files.delete(state);
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(state, slots, ImmutableMap.of("steps", "-1"))) {
      for (TensorSlot slot : slots) {
        writer.write(slot.name(), 0, ByteBuffer.allocate((int) slot.byteSize()));
      }
      writer.finish();
    }
    assertRefused("metadata 'steps' must be a step count, got '-1'");
    Path outside = home.resolve("outside");
    Files.move(state, outside);
    Files.createSymbolicLink(state, outside);
    assertRefused("it must lie inside its folder");
  }

  private void assertRefused(String message) throws IOException {
    assertThatThrownBy(this::grow)
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
        .hasMessageContaining(message);
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(source.folder());
    }
  }

  /** Wherever it is killed, a growth with moments goes on and ends with the same files. */
  @Test
  void aStoppedGrowthGoesOn() throws IOException {
    GrowthRequest request =
        new GrowthRequest(Interpose.times(2).then(DuplicateExperts.times(2, 0.01)), 5, 3000, 1)
            .withMoments(Optional.of(MomentRule.COPY));
    Path reference = home.resolve("reference");
    GrowthExecutor.run(source, request, reference, GrowthProgress.NONE);
    List<Path> stops = new ArrayList<>();
    FaultFs faults = FaultFs.over(folder);
    faults.beforeEachChange(
        () -> {
          try {
            Path stopped = home.resolve("stop-" + stops.size());
            TinyGrowth.copy(folder, stopped);
            stops.add(stopped);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    try (Checkpoint from = Checkpoint.open(faults.root().resolve("source"))) {
      GrowthExecutor.run(from, request, faults.root().resolve("grown"), GrowthProgress.NONE);
    }
    int kept = 0;
    int resumed = 0;
    for (Path stopped : stops) {
      Optional<Path> hidden =
          CheckpointWriter.leftovers(stopped.resolve("grown")).stream()
              .filter(GrowthJournal::isIn)
              .findFirst();
      if (hidden.isEmpty()) {
        continue;
      }
      boolean state = GrowthJournal.read(hidden.get()).shards().containsKey(OptimizerState.FILE);
      try (Checkpoint from = Checkpoint.open(stopped.resolve("source"))) {
        GrowthResult result =
            GrowthExecutor.resume(from, request, stopped.resolve("grown"), GrowthProgress.NONE);
        resumed++;
        kept += state ? 1 : 0;
        assertThat(result.shards()).isGreaterThan(1);
        assertThat(result.keptShards()).isGreaterThanOrEqualTo(state ? 1 : 0);
      }
      CrashCheck check = new CrashCheck(FaultFs.over(stopped), Path.of("grown"), reference, home);
      assertThat(check.difference(stopped.resolve("grown"))).isEmpty();
    }
    assertThat(resumed).isGreaterThan(10);
    assertThat(kept).isPositive();
  }

  @Test
  void anotherRuleIsAnotherGrowth() throws IOException {
    GrowthPlan plan = GrowthPlan.of(source, REQUEST.operator(), 5);
    try (GrowthSource from = GrowthSource.open(source, REQUEST.moments())) {
      GrowthFingerprint begun = GrowthFingerprint.of(from, REQUEST, plan);
      GrowthRequest other = REQUEST.withMoments(Optional.of(MomentRule.COPY));
      assertThatThrownBy(
              () -> GrowthFingerprint.of(from, other, plan).requireSame(begun.json(), folder))
          .hasMessageContaining("with_optimizer was \"scale\" and is \"copy\"");
      flip(TinyState.file(source.folder()), Files.size(TinyState.file(source.folder())) - 1);
      assertThatThrownBy(
              () -> GrowthFingerprint.of(from, REQUEST, plan).requireSame(begun.json(), folder))
          .hasMessageContaining("but coppice-training/optimizer.safetensors was {");
    }
  }

  /** A crash anywhere leaves the folder with its moments whole, or no folder. */
  @Test
  void aCrashLeavesAllOrNothing() throws IOException {
    Path loops = Files.createDirectory(home.resolve("loops"));
    FaultLoop loop =
        new FaultLoop(
            loops,
            Path.of("grown"),
            to -> TinyGrowth.copy(source.folder(), to.resolve("source")),
            in -> {
              try (Checkpoint from = Checkpoint.open(in.resolve("source"))) {
                GrowthExecutor.run(
                    from,
                    new GrowthRequest(Interpose.times(2), 5, Long.MAX_VALUE, 1)
                        .withMoments(Optional.of(MomentRule.RESET)),
                    in.resolve("grown"),
                    GrowthProgress.NONE);
              }
            });
    assertThat(TinyState.file(loop.reference())).exists();
    assertThat(loop.crashes()).isEmpty();
  }
}
