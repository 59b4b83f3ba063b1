package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.testing.FaultFs;
import dev.coppice.train.metrics.EventLog;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.store.CheckpointFinder;
import dev.coppice.train.store.Environment;
import dev.coppice.train.store.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every file of a checkpoint, damaged in every way. */
class DamageTest {
  private static final Path NEWEST = Path.of("step-00000006");

  @TempDir Path folder;
  private CountingRuns runs;
  private Path out;
  private List<Path> files;

  @BeforeEach
  void prepare() throws IOException {
    CountingRuns.prepare(folder);
    runs = new CountingRuns(folder);
    runs.world.averages = true;
    out = folder.resolve("run");
    runs.train(CountingRuns.spec(new SaveSpec(3, 9)), 6, out);
    try (Stream<Path> all = Files.walk(out.resolve(NEWEST))) {
      files = all.filter(Files::isRegularFile).map(out::relativize).sorted().toList();
    }
    assertThat(files).hasSizeGreaterThanOrEqualTo(8);
  }

  interface Harm {
    void to(Path file) throws IOException;
  }

  private void copy(Path to) throws IOException {
    try (Stream<Path> all = Files.walk(out)) {
      for (Path from : (Iterable<Path>) all::iterator) {
        Files.copy(from, to.resolve(out.relativize(from).toString()));
      }
    }
  }

  private Path harmed(Harm harm, Path file) throws IOException {
    Path copy = folder.resolve("copy-" + System.nanoTime());
    copy(copy);
    harm.to(copy.resolve(file.toString()));
    return copy;
  }

  /** Resumes from the one before, having named the damage, and ends with the same bytes. */
  private void assertFallsBack(Path run, Path file) throws IOException {
    try (TrainingRun resumed = runs.opener().resume(run)) {
      assertThat(resumed.spent().steps()).as("%s", file).isEqualTo(3);
      resumed.run(ProgressListener.NONE);
    }
    assertThat(run.resolve("damaged-step-00000006-1")).isDirectory();
    assertThat(EventLog.read(run.resolve("events.jsonl")))
        .filteredOn(event -> event.kind().equals(RunEvent.QUARANTINED))
        .singleElement()
        .satisfies(
            event ->
                assertThat(event.message())
                    .contains("damaged-step-00000006-1")
                    .contains(NEWEST.relativize(file).toString()));
    for (String made : List.of("model.safetensors", "coppice-training/optimizer.safetensors")) {
      assertThat(run.resolve(NEWEST).resolve(made))
          .hasSameBinaryContentAs(out.resolve(NEWEST).resolve(made));
    }
    Folders.delete(run);
  }

  @Test
  void aFlippedBitIsFoundNamedAndGoneAround() throws IOException {
    Random random = new Random(20261121);
    for (Path file : files) {
      for (int time = 0; time < 3; time++) {
        Harm flip =
            path -> {
              byte[] bytes = Files.readAllBytes(path);
              bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
              Files.write(path, bytes);
            };
        assertFallsBack(harmed(flip, file), file);
      }
    }
  }

  @Test
  void aTruncatedFileIsFoundNamedAndGoneAround() throws IOException {
    for (Path file : files) {
      Harm cut =
          path -> {
            byte[] bytes = Files.readAllBytes(path);
            Files.write(path, Arrays.copyOf(bytes, bytes.length - 1));
          };
      assertFallsBack(harmed(cut, file), file);
      assertFallsBack(harmed(path -> Files.write(path, new byte[0]), file), file);
    }
  }

  @Test
  void aMissingFileIsFoundNamedAndGoneAround() throws IOException {
    for (Path file : files) {
      assertFallsBack(harmed(Files::delete, file), file);
    }
  }

  @Test
  void aFolderInAFilesPlaceIsFound() throws IOException {
    for (Path file : files) {
      Harm folderInstead =
          path -> {
            Files.delete(path);
            Files.createDirectory(path);
          };
      assertFallsBack(harmed(folderInstead, file), file);
    }
  }

  @Test
  void aFileOfAnotherStepIsFound() throws IOException {
    for (String name :
        List.of(
            "model.safetensors",
            "coppice-training/state.json",
            "coppice-training/optimizer.safetensors",
            "coppice-training/manifest.json")) {
      Path older = out.resolve("step-00000003").resolve(name);
      Harm swap = path -> Files.write(path, Files.readAllBytes(older));
      assertFallsBack(harmed(swap, NEWEST.resolve(name)), NEWEST.resolve(name));
    }
  }

  @Test
  void swappedFilesAreFound() throws IOException {
    Path moments = NEWEST.resolve("coppice-training/optimizer.safetensors");
    Harm swap =
        path -> {
          Path other = path.resolveSibling("average.safetensors");
          byte[] bytes = Files.readAllBytes(path);
          Files.write(path, Files.readAllBytes(other));
          Files.write(other, bytes);
        };
    Path run = harmed(swap, moments);
    try (TrainingRun resumed = runs.opener().resume(run)) {
      assertThat(resumed.spent().steps()).isEqualTo(3);
    }
    assertThat(run.resolve("damaged-step-00000006-1")).isDirectory();
  }

  @Test
  void aWeightFileThatNobodyWroteIsFound() throws IOException {
    for (String name : List.of("model-00001-of-00002.safetensors", "generation_config.json")) {
      Path file = NEWEST.resolve(name);
      assertFallsBack(harmed(path -> Files.writeString(path, "{}"), file), file);
    }
    Path run = harmed(path -> Files.writeString(path, "mine"), NEWEST.resolve("notes.txt"));
    try (TrainingRun resumed = runs.opener().resume(run)) {
      assertThat(resumed.spent().steps()).isEqualTo(6);
    }
  }

  @Test
  void aManifestThatSomeoneElseWroteIsFound() throws IOException {
    Path file = NEWEST.resolve("coppice-training/manifest.json");
    for (String change : List.of("parent\" : 3,parent\" : 0", "threads\" : 1,threads\" : 2")) {
      List<String> parts = List.of(change.split(",", -1));
      Harm edit =
          path -> {
            String text = Files.readString(path);
            assertThat(text).contains(parts.get(0));
            Files.writeString(path, text.replace(parts.get(0), parts.get(1)));
          };
      assertFallsBack(harmed(edit, file), file);
    }
  }

  @Test
  void withoutFallBackDamageEndsTheResume() throws IOException {
    Path weights = NEWEST.resolve("model.safetensors");
    Path run = harmed(Files::delete, weights);
    assertThatThrownBy(() -> runs.opener().resume(run, new ResumeSpec(false, false)))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INTEGRITY))
        .hasMessageContaining("model.safetensors must exist, got none")
        .hasMessageContaining(run.resolve(NEWEST).toString());
    assertThat(run.resolve(NEWEST)).isDirectory();
  }

  @Test
  void beginsAgainWhereNoneIsWhole() throws IOException {
    Harm all =
        path -> {
          Files.delete(path);
          Files.delete(Folders.parent(Folders.parent(path)).resolve("step-00000003/config.json"));
        };
    Path run = harmed(all, NEWEST.resolve("config.json"));
    try (TrainingRun resumed = runs.opener().resume(run)) {
      assertThat(resumed.spent().steps()).isZero();
      resumed.run(ProgressListener.NONE);
    }
    assertThat(run.resolve(NEWEST).resolve("model.safetensors"))
        .hasSameBinaryContentAs(out.resolve(NEWEST).resolve("model.safetensors"));
  }

  @Test
  void whatCannotBeReadIsNoDamage() throws IOException {
    FaultFs probe = FaultFs.over(out);
    try (RunFolder held = RunFolder.hold(probe.root())) {
      assertThat(new CheckpointFinder(held, true, text -> {}).newest(step -> true)).isPresent();
    }
    int failures = 0;
    for (long n = 0; n < probe.operations(); n++) {
      var faults = FaultFs.over(out);
      faults.failAt(n, FaultFs.Fault.EIO_ONCE);
      try (RunFolder held = RunFolder.hold(faults.root())) {
        new CheckpointFinder(held, true, text -> {}).newest(step -> true);
      } catch (IOException e) {
        failures++;
      }
      assertThat(out.resolve(NEWEST)).isDirectory();
    }
    assertThat(failures).isGreaterThan(files.size());
  }

  @Test
  void anotherEnvironmentIsRefusedUnlessItMayBeInexact() throws IOException {
    runs.environment.set(new Environment("1", "others", "AVX2", "cpu", 2));
    assertThatThrownBy(() -> runs.opener().resume(out))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.REQUEST_INVALID))
        .hasMessage(
            "environment must be that of the run for an exact resume, got kernels others instead"
                + " of kernels, threads 2 instead of 1 (restore it, or use --inexact: results then"
                + " agree but for rounding)");
    try (TrainingRun resumed = runs.opener().resume(out, new ResumeSpec(true, true))) {
      resumed.run(ProgressListener.NONE);
    }
    assertThat(EventLog.read(out.resolve("events.jsonl")))
        .extracting(RunEvent::kind)
        .contains(RunEvent.WARNING);
  }

  @Test
  void aChangedSpecIsRefusedAndMovesNothing() throws IOException {
    Path manifest = out.resolve("run.json");
    Files.writeString(manifest, Files.readString(manifest).replace("\"seed\" : 3", "\"seed\" : 4"));
    assertThatThrownBy(() -> runs.opener().resume(out))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INTEGRITY))
        .hasMessageContaining("checkpoint must have the spec, budget and data of run.json");
    assertThat(out.resolve(NEWEST)).isDirectory();
  }
}
