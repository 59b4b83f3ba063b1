package dev.coppice.growth.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.growth.moment.TrainingState;
import dev.coppice.moe.checkpoint.OptimizerState;
import dev.coppice.moe.io.PlainJson;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.JsonFault;
import dev.coppice.moe.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Damage of a folder that cannot be opened, file by file. */
final class FolderDamage {
  private static final ImmutableList<String> JSON_FILES =
      ImmutableList.of("config.json", "coppice.json", "model.safetensors.index.json");

  private FolderDamage() {}

  /**
   * Every problem that can be named without a model.
   *
   * @param folder the folder
   * @param first why it could not be opened
   */
  static ImmutableList<String> problems(Path folder, CheckpointFormatException first)
      throws IOException {
    ImmutableSet.Builder<String> problems = ImmutableSet.builder();
    problems.add(String.valueOf(first.getMessage()));
    for (String name : JSON_FILES) {
      Path file = folder.resolve(name);
      if (Files.isRegularFile(file)) {
        problems.addAll(parse(file, first));
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        if (file.toString().endsWith(".safetensors")) {
          problems.addAll(open(file));
        }
      }
    }
    if (TrainingState.isIn(folder)) {
      problems.addAll(open(folder.resolve(OptimizerState.FILE)));
    }
    return problems.build().asList();
  }

  private static ImmutableList<String> open(Path file) throws IOException {
    try {
      SafetensorsFile.open(file).close();
      return ImmutableList.of();
    } catch (CheckpointFormatException e) {
      return ImmutableList.of(String.valueOf(e.getMessage()));
    }
  }

  private static ImmutableList<String> parse(Path file, CheckpointFormatException first)
      throws IOException {
    try {
      PlainJson.python().readTree(file.toFile());
      return ImmutableList.of();
    } catch (JsonProcessingException e) {
      boolean said =
          String.valueOf(first.getMessage()).contains(String.valueOf(file.getFileName()));
      return said
          ? ImmutableList.of()
          : ImmutableList.of("file must be JSON, got " + JsonFault.of(e) + " (" + file + ")");
    }
  }
}
