package dev.coppice.train.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.google.common.hash.Hashing;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The manifest of a run's checkpoint: {@code coppice-training/manifest.json}, written last.
 *
 * @param schemaVersion of this JSON object, 1
 * @param step of the checkpoint
 * @param parent step of the checkpoint that this one's weights come from, 0 for the start: what
 *     lies between the two was given up by a roll back
 * @param dataSha256 fingerprint of the data
 * @param environment that the step was taken in
 * @param files all files but this one, by their path in the folder
 * @param seal SHA-256 of this object with an empty seal
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record CheckpointManifest(
    int schemaVersion,
    long step,
    long parent,
    String dataSha256,
    Environment environment,
    SortedMap<String, FileMark> files,
    String seal) {
  /** Its path in a checkpoint. */
  static final String NAME = OptimizerState.FOLDER + "/manifest.json";

  public CheckpointManifest {
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /** Marks what lies in a folder, where all but the manifest is written. */
  static CheckpointManifest of(Path folder, RunState state, long parent) throws IOException {
    CheckpointManifest open =
        new CheckpointManifest(
            1,
            state.step(),
            parent,
            state.dataSha256(),
            state.environment(),
            FileMark.allIn(folder),
            "");
    return open.sealed(open.expectedSeal());
  }

  private CheckpointManifest sealed(String with) {
    return new CheckpointManifest(
        schemaVersion, step, parent, dataSha256, environment, files, with);
  }

  private String expectedSeal() throws JsonProcessingException {
    String text = TrainJson.mapper().writeValueAsString(sealed(""));
    return Hashing.sha256().hashString(text, StandardCharsets.UTF_8).toString();
  }

  /** The file's text. */
  String text() throws JsonProcessingException {
    return TrainJson.mapper().writeValueAsString(this) + "\n";
  }

  /** Bytes of all files that it names. */
  long totalBytes() {
    return files.values().stream().mapToLong(FileMark::bytes).sum();
  }

  /**
   * Reads the manifest of a checkpoint, and checks every file against it.
   *
   * @throws DamageException naming what is not as it was written
   * @throws IOException when something cannot be read, which says nothing of damage
   */
  public static CheckpointManifest verified(Path checkpoint) throws DamageException, IOException {
    CheckpointManifest manifest = read(checkpoint.resolve(NAME));
    if (!checkpoint.equals(checkpoint.resolveSibling(RunFolder.stepName(manifest.step)))) {
      throw new DamageException(NAME + " must be of its own step, got " + manifest.step);
    }
    FileMark.check(checkpoint, manifest.files);
    return manifest;
  }

  private static CheckpointManifest read(Path file) throws DamageException, IOException {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new DamageException(
          NAME + " must exist, got none: not whole, or of an older version", e);
    } catch (IOException e) {
      throw onFailure(file, e);
    }
    return parse(bytes);
  }

  /** A folder in a file's place, or a file in a folder's, is damage; all else is not. */
  private static IOException onFailure(Path file, IOException e) throws DamageException {
    if (Files.isDirectory(file) || Files.isRegularFile(Folders.parent(file))) {
      throw new DamageException(NAME + " must be a file", e);
    }
    return e;
  }

  private static CheckpointManifest parse(byte[] bytes) throws DamageException, IOException {
    try {
      CheckpointManifest manifest = TrainJson.mapper().readValue(bytes, CheckpointManifest.class);
      if (manifest.seal.equals(manifest.expectedSeal())
          && manifest.text().equals(new String(bytes, StandardCharsets.UTF_8))) {
        return manifest;
      }
      throw new DamageException(NAME + " must be as it was written, got other bytes");
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw new DamageException(NAME + " must be a manifest, got other text", e);
    }
  }
}
