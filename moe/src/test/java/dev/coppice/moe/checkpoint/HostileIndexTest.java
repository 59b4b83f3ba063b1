package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Indexes that lie, links that lead away, and what is only worth a warning. */
class HostileIndexTest extends ShardedFolder {
  private static final String INDEX = "model.safetensors.index.json";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x.safetensors",
        "a/../../x.safetensors",
        "sub/x.safetensors",
        "/etc/passwd",
        "/x.safetensors",
        "\\\\host\\x.safetensors",
        "..\\x.safetensors",
        "C:x.safetensors",
        "C:\\x.safetensors",
        "x.safetensors\0.bin",
        "x\0.safetensors",
        ".",
        "..",
        "",
        "x.bin",
        "x.SAFETENSORS",
        "x.safetensors/",
        "file:x.safetensors"
      })
  void aNameThatIsNotPlainIsRefused(String name) throws IOException {
    index(map -> map.put("model.norm.weight", name));
    String shown = name.replace("\0", "\\u0000");
    assertRefused(Reason.BAD_SHARD_NAME, "must be a plain .safetensors file name, got '" + shown);
  }

  @Test
  void aPlainNameOfAFileThatIsNotThereIsNamed() throws IOException {
    for (String name :
        List.of("...safetensors", ".safetensors", " .safetensors", "\uD83C\uDF33.safetensors")) {
      index(map -> map.put("model.norm.weight", name));
      assertRefusedFor(Reason.MISSING_FILE, Reason.BAD_SHARD_NAME);
    }
  }

  @Test
  void aLinkOutOfTheFolderIsRefused() throws IOException {
    Path shard = shards().get(0);
    Path outside = parent.resolve("outside.safetensors");
    Files.move(shard, outside);
    Files.createSymbolicLink(shard, outside);
    assertRefused(
        Reason.BAD_SHARD_NAME,
        "file must lie inside its folder or the blobs of its hub cache, got " + outside);
  }

  @Test
  void anIndexThatNamesTheWrongShardIsRefused() throws IOException {
    String other = shards().get(1).getFileName().toString();
    index(map -> map.put("lm_head.weight", other).put("model.embed_tokens.weight", other));
    assertRefused(Reason.INDEX_MISMATCH, "but the index says " + other);
  }

  @Test
  void anIndexThatPromisesTooMuchIsRefused() throws IOException {
    String shard = shards().get(0).getFileName().toString();
    index(map -> map.put("model.layers.0.extra", shard));
    assertRefused(Reason.INDEX_MISMATCH, "but lack 'model.layers.0.extra'");
  }

  @Test
  void weightsBesideTheIndexAreRefused() throws IOException {
    Files.copy(shards().get(0), folder.resolve("model.safetensors"));
    assertRefused(Reason.INDEX_MISMATCH, "unlisted model.safetensors");
  }

  @Test
  void aFolderWithoutWeightsIsRefused() throws IOException {
    Files.delete(folder.resolve("model.safetensors.index.json"));
    assertRefused(Reason.MISSING_FILE, "got neither");
  }

  @Test
  void aTensorInTwoShardsIsRefused() throws IOException {
    Path twin = folder.resolve("twin.safetensors");
    Files.copy(shards().get(0), twin);
    index(map -> map.put("model.layers.0.extra", "twin.safetensors"));
    assertRefused(Reason.INDEX_MISMATCH, "lies in twin.safetensors, but the index says model-0");
  }

  @Test
  void aTensorThatTheIndexDoesNotNameIsRefused() throws IOException {
    index(map -> map.remove("model.norm.weight"));
    assertRefused(Reason.INDEX_MISMATCH, "but the index does not name it");
  }

  @Test
  void aFolderUnderAShardsNameIsRefused() throws IOException {
    Path shard = shards().get(0);
    Files.delete(shard);
    Files.createDirectory(shard);
    assertRefused(Reason.BAD_SHARD_NAME, "file must lie inside its folder");
  }

  @Test
  void aLinkInsideTheFolderIsFollowed() throws IOException {
    Path shard = shards().get(0);
    Files.createDirectory(folder.resolve("data"));
    Files.move(shard, folder.resolve("data/blob"));
    Files.createSymbolicLink(shard, Path.of("data/blob"));
    assertOpens();
  }

  @Test
  void theLinksOfAHubCacheAreFollowed() throws IOException {
    Path repository = parent.resolve("models--org--tiny");
    linkIntoBlobs(repository, "snapshots");
    assertOpens();
  }

  @Test
  void blobsBesideAnythingButASnapshotAreRefused() throws IOException {
    linkIntoBlobs(parent.resolve("other"), "revisions");
    assertRefused(Reason.BAD_SHARD_NAME, "config.json: file must lie inside its folder");
  }

  @Test
  void blobsOfAnotherRepositoryAreRefused() throws IOException {
    Path repository = parent.resolve("models--org--tiny");
    linkIntoBlobs(repository, "snapshots");
    Path foreign = Files.createDirectories(parent.resolve("models--org--other/blobs"));
    Path shard = shards().get(0);
    Files.move(shard.toRealPath(), foreign.resolve("f"));
    Files.delete(shard);
    Files.createSymbolicLink(shard, foreign.resolve("f"));
    assertRefused(Reason.BAD_SHARD_NAME, "file must lie inside its folder");
  }

  /** Turns the folder into a snapshot whose files are links to blobs, as the hub has them. */
  private void linkIntoBlobs(Path repository, String snapshots) throws IOException {
    Path blobs = Files.createDirectories(repository.resolve("blobs"));
    Path snapshot = Files.createDirectories(repository.resolve(snapshots).resolve("0123abcd"));
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        Files.move(file, blobs.resolve("hash-of-" + name));
        Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs/hash-of-" + name));
      }
    }
    folder = snapshot;
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.json", INDEX, "coppice.json"})
  void aLinkOutOfTheFolderIsNotReadWhateverItIs(String name) throws IOException {
    Path outside = Files.writeString(parent.resolve("secret"), "secret");
    Files.deleteIfExists(folder.resolve(name));
    Files.createSymbolicLink(folder.resolve(name), outside);
    assertRefused(Reason.BAD_SHARD_NAME, name + ": file must lie inside its folder");
  }

  @Test
  void aLinkThatLeadsNowhereIsRefused() throws IOException {
    Path index = folder.resolve(INDEX);
    Files.delete(index);
    Files.createSymbolicLink(index, index);
    assertRefused(Reason.MISSING_FILE, INDEX + ": file must exist");
  }

  @Test
  void aSideFileThatIsALinkOutIsNotCarriedOn() throws IOException {
    Path outside = Files.writeString(parent.resolve("secret"), "secret");
    Files.createSymbolicLink(folder.resolve("tokenizer.json"), outside);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.sideFiles()).isEmpty();
      assertThat(checkpoint.warnings()).isEmpty();
      assertThat(checkpoint.carryingNotes())
          .containsExactly(
              folder + ": tokenizer.json is a link out of the folder; it is not copied");
    }
  }

  @Test
  void strayWeightsAndAWrongTotalAreOnlyWarnedOf() throws IOException {
    Path stray = folder.resolve("old.safetensors");
    Files.copy(shards().get(0), stray);
    edit(
        folder.resolve(INDEX), tree -> tree.putObject("metadata").put("total_size", 5).put("x", 1));
    Logger logger = (Logger) LoggerFactory.getLogger(Checkpoint.class);
    ListAppender<ILoggingEvent> heard = new ListAppender<>();
    heard.start();
    logger.setLevel(Level.WARN);
    logger.addAppender(heard);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.warnings())
          .containsExactly(
              folder.resolve(INDEX) + ": total_size should be " + checkpoint.byteSize() + ", got 5",
              stray + ": weight file is not part of the checkpoint; it is passed over");
      assertThat(heard.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .containsExactlyElementsOf(checkpoint.warnings());
    } finally {
      logger.detachAppender(heard);
    }
  }

  @Test
  void aWholeFolderGivesNoWarning() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.warnings()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "null",
        "",
        "{'weight_map':{}}",
        "{'weight_map':[]}",
        "{'weight_map':null}",
        "{'weight_map':{'a':1}}",
        "{'weight_map':{'a':{}}}",
        "{'weight_map':{'a':null}}",
        "{'weight_map':{'a':'b.safetensors'}",
        "{'weight_map':{'a':'b.safetensors'}}x",
        "{'weight_map':{'a':'b.safetensors'}}{}"
      })
  void anIndexThatIsNoneIsRefused(String json) throws IOException {
    Files.writeString(folder.resolve(INDEX), json.replace('\'', '"'));
    assertRefused(Reason.MALFORMED_JSON, INDEX);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'weight_map':{'a':'b.safetensors','a':'c.safetensors'}}",
        "{'weight_map':{'a':'b.safetensors','\\u0061':'b.safetensors'}}",
        "{'weight_map':{'a':'b.safetensors'},'weight_map':{}}",
        "{'metadata':{'total_size':1,'total_size':2}}"
      })
  void aNameTwiceInAnIndexIsRefused(String json) throws IOException {
    Files.writeString(folder.resolve(INDEX), json.replace('\'', '"'));
    assertRefused(Reason.DUPLICATE_NAME, " at line 1, column ");
  }
}
