package dev.coppice.moe.checkpoint;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.ImmutableSortedSet;
import dev.coppice.moe.folder.FolderFiles;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import dev.coppice.moe.safetensors.PlainText;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which shards a folder has, and which tensors its index promises in them.
 *
 * @param folder the checkpoint
 * @param shards the shard files, sorted by name, each a plain file inside the folder
 * @param index what the index says; empty where there is none
 */
record ShardIndex(Path folder, ImmutableList<Path> shards, Optional<IndexFile> index) {

  static ShardIndex read(Path folder) throws IOException {
    Path file = folder.resolve(FolderFiles.INDEX);
    Path single = folder.resolve(FolderFiles.WEIGHTS);
    if (!FolderFiles.exists(folder, FolderFiles.INDEX)) {
      if (!FolderFiles.exists(folder, FolderFiles.WEIGHTS)) {
        throw new CheckpointFormatException(
            Reason.MISSING_FILE,
            folder,
            "folder must hold "
                + FolderFiles.WEIGHTS
                + " or "
                + FolderFiles.INDEX
                + ", got neither");
      }
      return new ShardIndex(
          folder, ImmutableList.of(FolderFiles.inside(folder, single)), Optional.empty());
    }
    IndexFile index = IndexFile.read(FolderFiles.inside(folder, file));
    if (Files.exists(single) && !index.weightMap().containsValue(FolderFiles.WEIGHTS)) {
      throw mismatch(
          file,
          "folder must hold one set of weights, got an index and an unlisted "
              + FolderFiles.WEIGHTS);
    }
    ImmutableList.Builder<Path> shards = ImmutableList.builder();
    for (String name : ImmutableSortedSet.copyOf(index.weightMap().values())) {
      shards.add(shard(folder, file, name));
    }
    return new ShardIndex(folder, shards.build(), Optional.of(index));
  }

  private static Path shard(Path folder, Path index, String name) throws IOException {
    Path shard = plainPath(folder, index, name);
    if (!Files.exists(shard)) {
      throw new CheckpointFormatException(
          Reason.MISSING_FILE, shard, "shard must exist (the index names it), got none");
    }
    return FolderFiles.inside(folder, shard);
  }

  /**
   * The path that a name in the index stands for: always a child of the folder.
   *
   * @throws CheckpointFormatException if the name is more than a file name, on any system
   */
  static Path plainPath(Path folder, Path index, String name) {
    boolean plain =
        name.endsWith(".safetensors") && name.chars().noneMatch(c -> "/\\:\0".indexOf(c) >= 0);
    if (!plain) {
      throw badName(index, name);
    }
    try {
      return folder.resolve(name);
    } catch (InvalidPathException e) {
      throw badName(index, name);
    }
  }

  private static CheckpointFormatException badName(Path index, String name) {
    return new CheckpointFormatException(
        Reason.BAD_SHARD_NAME,
        index,
        "shard must be a plain .safetensors file name, got '" + name + "'");
  }

  private static CheckpointFormatException mismatch(Path index, String detail) {
    return new CheckpointFormatException(Reason.INDEX_MISMATCH, index, detail);
  }

  /** Checks that the shards hold the tensors that the index says, each once. */
  void check(List<SafetensorsFile> files) {
    if (index.isEmpty()) {
      return;
    }
    Path indexFile = folder.resolve(FolderFiles.INDEX);
    int found = 0;
    for (SafetensorsFile file : files) {
      String shard = file.path().getFileName().toString();
      for (String tensor : file.tensors().keySet()) {
        String promised = index.get().weightMap().get(tensor);
        if (!shard.equals(promised)) {
          throw mismatch(
              indexFile,
              "tensor '"
                  + tensor
                  + "' lies in "
                  + shard
                  + ", but the index "
                  + (promised == null ? "does not name it" : "says " + promised));
        }
        found++;
      }
    }
    if (found != index.get().weightMap().size()) {
      throw mismatch(
          indexFile,
          "shards must hold every indexed tensor, but lack " + missing(files, index.get()));
    }
  }

  private static String missing(List<SafetensorsFile> files, IndexFile index) {
    ImmutableSet<String> present =
        files.stream()
            .flatMap(file -> file.tensors().keySet().stream())
            .collect(ImmutableSet.toImmutableSet());
    return index.weightMap().entrySet().stream()
        .filter(e -> !present.contains(e.getKey()))
        .map(e -> "'" + e.getKey() + "' of " + e.getValue())
        .findFirst()
        .orElse("none");
  }

  /** Harmless oddities, a line each. */
  ImmutableList<String> warnings(List<SafetensorsFile> files) throws IOException {
    List<String> warnings = new ArrayList<>();
    for (SafetensorsFile file : files) {
      file.warnings().forEach(warning -> warnings.add(file.path() + ": " + warning));
    }
    index.ifPresent(read -> totalSize(files, read).ifPresent(warnings::add));
    try (Stream<Path> all = Files.list(folder)) {
      all.filter(file -> file.getFileName().toString().endsWith(".safetensors"))
          .filter(file -> !shards.contains(file))
          .sorted()
          .map(file -> file + ": weight file is not part of the checkpoint; it is passed over")
          .map(PlainText::of)
          .forEach(warnings::add);
    }
    return ImmutableList.copyOf(warnings);
  }

  private Optional<String> totalSize(List<SafetensorsFile> files, IndexFile read) {
    long actual =
        files.stream()
            .flatMap(file -> file.tensors().values().stream())
            .mapToLong(TensorInfo::byteSize)
            .sum();
    return read.totalSize().isPresent() && read.totalSize().getAsLong() != actual
        ? Optional.of(
            folder.resolve(FolderFiles.INDEX)
                + ": total_size should be "
                + actual
                + ", got "
                + read.totalSize().getAsLong())
        : Optional.empty();
  }
}
