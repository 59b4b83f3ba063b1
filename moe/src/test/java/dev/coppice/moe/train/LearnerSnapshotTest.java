package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.hash.HashCode;
import com.google.common.hash.Hashing;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.testing.Goldens;
import dev.coppice.moe.testing.SmallModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LearnerSnapshotTest {
  private static final AdamWSettings ADAM = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1.0);
  private static final int SNAPSHOTS = 20;

  @TempDir Path folder;

  /** Another thread writes what was, while this one goes on. */
  @Test
  void whatWasTakenIsWrittenWhileTrainingGoesOn() throws Exception {
    ExecutorService saver = Executors.newSingleThreadExecutor();
    Optional<LearnerSnapshot> last = Optional.empty();
    try (LanguageModel model = open("deepseek_v3_groups");
        Learner learner = Learner.fresh(model)) {
      learner.average(0.5);
      for (int round = 0; round < 3; round++) {
        train(model, learner, round);
        Path direct = folder.resolve("direct" + round);
        Path later = folder.resolve("later" + round);
        write(model, learner, direct);
        LearnerSnapshot snapshot = learner.snapshot(last);
        last.ifPresent(used -> assertThat(snapshot).isSameAs(used));
        last = Optional.of(snapshot);
        Future<?> saved = saver.submit(() -> write(snapshot, later));
        for (int i = 0; i < 5; i++) {
          train(model, learner, 10 + i);
        }
        saved.get();
        assertThat(hashes(later)).isEqualTo(hashes(direct)).hasSizeGreaterThan(4);
        assertThat(snapshot.steps()).isEqualTo(6 * round + 1);
      }
      last.orElseThrow().close();
    } finally {
      saver.shutdown();
    }
  }

  @Test
  void snapshotOutlivesItsModel() throws Exception {
    LearnerSnapshot snapshot;
    Path direct = folder.resolve("direct");
    try (LanguageModel model = open("gpt_oss");
        Learner learner = Learner.fresh(model)) {
      learner.average(0.5);
      train(model, learner, 1);
      write(model, learner, direct);
      snapshot = learner.snapshot(Optional.empty());
    }
    Path later = folder.resolve("later");
    try (snapshot) {
      write(snapshot, later);
    }
    assertThat(hashes(later)).isEqualTo(hashes(direct));
  }

  @Test
  void averageIsThatOfTheLastTime() throws IOException {
    try (LanguageModel model = open("mixtral");
        Learner learner = Learner.fresh(model)) {
      learner.average(0.5);
      try (LearnerSnapshot snapshot = learner.snapshot(Optional.empty())) {
        snapshot.state().saveAverage(folder.resolve("with"));
        learner.average(0);
        learner.snapshot(Optional.of(snapshot));
        assertThatThrownBy(() -> snapshot.state().saveAverage(folder.resolve("without")))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("average of weights must be kept, got none");
      }
    }
  }

  @Test
  void memoryOfAnotherModelIsRefused() throws IOException {
    try (LanguageModel model = open("mixtral");
        LanguageModel other = open("gpt_oss");
        Learner learner = Learner.fresh(model);
        Learner others = Learner.fresh(other);
        LearnerSnapshot snapshot = others.snapshot(Optional.empty())) {
      assertThatThrownBy(() -> learner.snapshot(Optional.of(snapshot)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("snapshot must be of the same model to be used again");
    }
  }

  /** Each is 30 MB or more; twenty that were closed, and twenty in one memory, leave nothing. */
  @Test
  void snapshotsLeakNothing() throws IOException {
    ObjectNode config = SmallModel.config().put("vocab_size", 40_000).put("hidden_size", 64);
    try (LanguageModel model = LanguageModel.fresh(config, 1, Precision.FLOAT32);
        Learner learner = Learner.fresh(model);
        LearnerSnapshot kept = learner.snapshot(Optional.empty())) {
      model.manager().cap();
      learner.manager().cap();
      learner.snapshot(Optional.empty()).close();
      long before = resident();
      for (int i = 0; i < SNAPSHOTS; i++) {
        learner.snapshot(Optional.empty()).close();
        learner.snapshot(Optional.of(kept));
      }
      assertThat(resident() - before).isLessThan(150L << 20);
    }
  }

  private static long resident() throws IOException {
    System.gc();
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .findFirst()
        .orElseThrow();
  }

  private static void train(LanguageModel model, Learner learner, int seed) {
    int[] ids = new Random(seed).ints(24, 0, model.spec().vocabularySize()).toArray();
    learner.accumulate(new TokenBatch(ids, ids.clone(), 2, 12), LossWeights.NONE, 1);
    learner.update(ADAM, 1e-2);
  }

  private static void write(LanguageModel model, Learner learner, Path to) throws IOException {
    Files.createDirectory(to);
    try (CheckpointWriter writer = CheckpointWriter.begin(to.resolve("model"))) {
      model.writeTo(writer, 20_000);
      writer.commit();
    }
    try (CheckpointWriter writer = CheckpointWriter.begin(to.resolve("average"))) {
      learner.state().writeAverage(writer, 20_000);
      writer.commit();
    }
    learner.state().saveMoments(to.resolve("moments"));
    learner.state().saveAverage(to.resolve("tensors"));
  }

  private static Path write(LearnerSnapshot snapshot, Path to) throws IOException {
    Files.createDirectory(to);
    try (CheckpointWriter writer = CheckpointWriter.begin(to.resolve("model"))) {
      snapshot.state().writeModel(writer, 20_000);
      writer.commit();
    }
    try (CheckpointWriter writer = CheckpointWriter.begin(to.resolve("average"))) {
      snapshot.state().writeAverage(writer, 20_000);
      writer.commit();
    }
    snapshot.state().saveMoments(to.resolve("moments"));
    snapshot.state().saveAverage(to.resolve("tensors"));
    return to;
  }

  private static Map<String, HashCode> hashes(Path folder) throws IOException {
    Map<String, HashCode> hashes = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        hashes.put(
            folder.relativize(file).toString(),
            Hashing.sha256().hashBytes(Files.readAllBytes(file)));
      }
    }
    return hashes;
  }

  private static LanguageModel open(String name) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Goldens.folder(name))) {
      return LanguageModel.open(checkpoint, Precision.FLOAT32);
    }
  }
}
