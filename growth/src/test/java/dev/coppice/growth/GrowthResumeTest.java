package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.growth.depth.Interpose;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.testing.CrashCheck;
import dev.coppice.moe.testing.FaultFs;
import dev.coppice.moe.testing.FaultFs.Bytes;
import dev.coppice.moe.testing.FaultFs.Loss;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A growth that was stopped anywhere, and goes on. */
class GrowthResumeTest {
  @TempDir Path home;
  private Path reference;
  private final List<Path> stops = new ArrayList<>();

  /** What was left before one change of a growth. */
  private interface Stop {
    void at(FaultFs faults, Path folder) throws IOException;
  }

  @BeforeEach
  void growOnce() throws IOException {
    Path folder = Files.createDirectory(home.resolve("reference"));
    TinyGrowth.prepare(folder);
    TinyGrowth.grow(folder);
    reference = folder.resolve("grown");
  }

  private void growAndStop(Stop stop) throws IOException {
    Path folder = Files.createDirectory(home.resolve("live"));
    TinyGrowth.prepare(folder);
    FaultFs faults = FaultFs.over(folder);
    faults.beforeEachChange(
        () -> {
          try {
            stop.at(faults, folder);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    TinyGrowth.grow(faults.root());
  }

  /** Copies all there is, as a killed process leaves it. */
  private void kill(Path folder) throws IOException {
    Path stopped = home.resolve("stop-" + stops.size());
    TinyGrowth.copy(folder, stopped);
    stops.add(stopped);
  }

  private static int noted(Path folder) throws IOException {
    Optional<Path> staging = staging(folder).filter(GrowthJournal::isIn);
    return staging.isEmpty() ? -1 : GrowthJournal.read(staging.get()).shards().size();
  }

  private static Optional<Path> staging(Path folder) throws IOException {
    return CheckpointWriter.leftovers(folder.resolve("grown")).stream().findFirst();
  }

  private void assertWhole(Path folder) throws IOException {
    CrashCheck check = new CrashCheck(FaultFs.over(folder), Path.of("grown"), reference, home);
    assertThat(check.difference(folder.resolve("grown"))).isEmpty();
    assertThat(CheckpointWriter.leftovers(folder.resolve("grown"))).isEmpty();
  }

  @Test
  void endsWithTheSameFilesWhereverItWasKilled() throws IOException {
    growAndStop((faults, folder) -> kill(folder));
    int resumed = 0;
    for (Path stopped : stops) {
      int noted = noted(stopped);
      if (noted >= 0) {
        assertThat(TinyGrowth.resume(stopped, TinyGrowth.REQUEST).keptShards()).isEqualTo(noted);
        assertWhole(stopped);
        resumed++;
      }
    }
    assertThat(resumed).isGreaterThan(40);
  }

  @Test
  void keepsWhatWasNotedThroughAPowerLoss() throws IOException {
    List<Integer> promised = new ArrayList<>();
    growAndStop(
        (faults, folder) -> {
          int noted = noted(folder);
          boolean allNoted =
              staging(folder).filter(s -> Files.exists(s.resolve("config.json"))).isPresent();
          if (noted > 0) {
            Path staging = staging(folder).orElseThrow().getFileName();
            for (Bytes bytes : new Bytes[] {Bytes.DROPPED, Bytes.ZEROED}) {
              Path stopped = Files.createDirectory(home.resolve("stop-" + stops.size()));
              TinyGrowth.copy(folder.resolve("source"), stopped.resolve("source"));
              boolean there =
                  faults.crashed(staging, Loss.uniform(true, bytes), stopped.resolve(staging));
              // the last line may still be on its way to the disk
              promised.add(allNoted ? noted : noted - 1);
              stops.add(stopped);
              assertThat(there || noted == 1).isTrue();
            }
          }
        });
    for (int i = 0; i < stops.size(); i++) {
      if (promised.get(i) > 0) {
        assertThat(TinyGrowth.resume(stops.get(i), TinyGrowth.REQUEST).keptShards())
            .isGreaterThanOrEqualTo(promised.get(i));
        assertWhole(stops.get(i));
      }
    }
    assertThat(promised).contains(1, 2);
  }

  /** A growth that was killed with two files whole. */
  private Path stopped() throws IOException {
    growAndStop(
        (faults, folder) -> {
          if (stops.isEmpty() && noted(folder) == 2) {
            kill(folder);
          }
        });
    return stops.get(0);
  }

  @Test
  void writesAFileAnewThatIsNoLongerWhatWasNoted() throws IOException {
    Path folder = stopped();
    Path staging = staging(folder).orElseThrow();
    Path first = staging.resolve(GrowthJournal.read(staging).shards().keySet().asList().get(0));
    byte[] bytes = Files.readAllBytes(first);
    bytes[bytes.length - 1] ^= 1;
    Files.write(first, bytes);
    assertThat(TinyGrowth.resume(folder, TinyGrowth.REQUEST).keptShards()).isEqualTo(1);
    assertWhole(folder);
  }

  @Test
  void refusesAnotherGrowthByName() throws IOException {
    Path folder = stopped();
    GrowthRequest was = TinyGrowth.REQUEST;
    assertRefused(
        folder, new GrowthRequest(was.operator(), 6, 300, 1), "seed was \"5\" and is \"6\"");
    assertRefused(
        folder, new GrowthRequest(was.operator(), 5, 600, 1), "max_shard_bytes was \"300\"");
    assertRefused(folder, new GrowthRequest(Interpose.times(2), 5, 300, 1), "operators was [");
    assertThat(noted(folder)).isEqualTo(2);
    assertThat(TinyGrowth.resume(folder, was).keptShards()).isEqualTo(2);
  }

  private static void assertRefused(Path folder, GrowthRequest request, String message) {
    assertThatThrownBy(() -> TinyGrowth.resume(folder, request))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.REQUEST_INVALID))
        .hasMessageContaining(message);
  }

  @Test
  void refusesASourceThatHasChanged() throws IOException {
    Path folder = stopped();
    Path weights = folder.resolve("source/model.safetensors");
    Files.setLastModifiedTime(weights, FileTime.fromMillis(5000));
    assertThatThrownBy(() -> TinyGrowth.resume(folder, TinyGrowth.REQUEST))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
        .hasMessageContaining("must be as it was, but model.safetensors was {");
    assertThat(noted(folder)).isEqualTo(2);
  }

  /** A header of the same length and time that says something else. */
  @Test
  void refusesASourceWhoseHeaderHasChanged() throws IOException {
    Path folder = stopped();
    Path weights = folder.resolve("source/model.safetensors");
    FileTime was = Files.getLastModifiedTime(weights);
    String text = Files.readString(weights, StandardCharsets.ISO_8859_1);
    assertThat(text).contains("\"pt\"");
    Files.writeString(weights, text.replace("\"pt\"", "\"tp\""), StandardCharsets.ISO_8859_1);
    Files.setLastModifiedTime(weights, was);
    assertThatThrownBy(() -> TinyGrowth.resume(folder, TinyGrowth.REQUEST))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
        .hasMessageContaining("must be as it was, but model.safetensors was {");
  }

  @Test
  void refusesWhereThereIsNothingToResume() {
    assertThatThrownBy(() -> TinyGrowth.resume(home.resolve("reference"), TinyGrowth.REQUEST))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining("a growth to resume must have been begun, got none");
  }

  @Test
  void theCommandSaysWhatWasLeftAndGoesOn() throws IOException {
    Path folder = stopped();
    StringWriter err = new StringWriter();
    StringWriter out = new StringWriter();
    CommandLine line = Coppice.commandLine();
    line.setErr(new PrintWriter(err, true)).setOut(new PrintWriter(out, true));
    String grow =
        "grow %s/source %s/grown --depth 2 --width 2 --seed 5 --max-shard-size 300"
            .formatted(folder, folder);
    assertThat(line.execute(grow.split(" "))).isEqualTo(2);
    assertThat(err.toString())
        .contains("was stopped with 2 weight files complete: continue with --resume, or delete ");
    assertThat(line.execute((grow + " --seed 6 --resume").replace("--seed 5 ", "").split(" ")))
        .isEqualTo(2);
    assertThat(line.execute((grow + " --resume").split(" "))).as(err.toString()).isZero();
    assertThat(out.toString()).contains(" files (2 kept), ");
    assertWhole(folder);
    assertThat(line.execute((grow + " --resume").split(" "))).isEqualTo(2);
  }

  @Test
  void aNewGrowthRemovesWhatADeadOneLeft() throws IOException {
    Path folder = stopped();
    TinyGrowth.grow(folder);
    assertWhole(folder);
  }
}
