package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedSet;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import dev.coppice.moe.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which shards a folder has, and which tensors its index promises in them.
 *
 * @param shards the shard files, sorted by name, each a plain file inside the folder
 * @param weightMap tensor to shard name as the index says; empty where there is no index
 */
record ShardIndex(ImmutableList<Path> shards, Optional<ImmutableMap<String, String>> weightMap) {

  static ShardIndex read(Path folder) throws IOException {
    Path index = folder.resolve(FolderFiles.INDEX);
    Path single = folder.resolve(FolderFiles.WEIGHTS);
    if (!Files.exists(index)) {
      if (!Files.exists(single)) {
        throw new CheckpointFormatException(
            Reason.MISSING_FILE,
            folder,
            "folder must hold "
                + FolderFiles.WEIGHTS
                + " or "
                + FolderFiles.INDEX
                + ", got neither");
      }
      return new ShardIndex(ImmutableList.of(inside(folder, single)), Optional.empty());
    }
    ImmutableMap<String, String> weightMap = weightMap(index);
    if (Files.exists(single) && !weightMap.containsValue(FolderFiles.WEIGHTS)) {
      throw new CheckpointFormatException(
          Reason.INDEX_MISMATCH,
          index,
          "folder must hold one set of weights, got an index and an unlisted "
              + FolderFiles.WEIGHTS);
    }
    ImmutableList.Builder<Path> shards = ImmutableList.builder();
    for (String name : ImmutableSortedSet.copyOf(weightMap.values())) {
      shards.add(inside(folder, folder.resolve(plainName(index, name))));
    }
    return new ShardIndex(shards.build(), Optional.of(weightMap));
  }

  private static ImmutableMap<String, String> weightMap(Path index) throws IOException {
    JsonNode map = JsonFiles.readObject(index).path("weight_map");
    if (!(map instanceof ObjectNode) || map.isEmpty()) {
      throw new CheckpointFormatException(
          Reason.MALFORMED_JSON, index, "weight_map must map tensors to shards, got " + map);
    }
    ImmutableMap.Builder<String, String> entries = ImmutableMap.builder();
    for (Map.Entry<String, JsonNode> field : map.properties()) {
      if (!field.getValue().isTextual()) {
        throw new CheckpointFormatException(
            Reason.MALFORMED_JSON,
            index,
            "weight_map entry '" + field.getKey() + "' must name a file, got " + field.getValue());
      }
      entries.put(field.getKey(), field.getValue().textValue());
    }
    return entries.buildOrThrow();
  }

  private static String plainName(Path index, String name) {
    boolean plain =
        name.endsWith(".safetensors") && name.chars().noneMatch(c -> "/\\:\0".indexOf(c) >= 0);
    if (!plain) {
      throw new CheckpointFormatException(
          Reason.BAD_SHARD_NAME,
          index,
          "shard must be a plain .safetensors file name, got '" + name + "'");
    }
    return name;
  }

  /**
   * A shard may be a link, but only within the folder or into the blobs of the same hub cache
   * entry.
   */
  private static Path inside(Path folder, Path shard) throws IOException {
    if (!Files.exists(shard)) {
      throw new CheckpointFormatException(
          Reason.MISSING_FILE, shard, "shard must exist (the index names it), got none");
    }
    Path real = shard.toRealPath();
    Path realFolder = folder.toRealPath();
    Path blobs = realFolder.resolve("../../blobs").normalize();
    if (!Files.isRegularFile(real) || !(real.startsWith(realFolder) || real.startsWith(blobs))) {
      throw new CheckpointFormatException(
          Reason.BAD_SHARD_NAME, shard, "shard must be a file inside its folder, got " + real);
    }
    return shard;
  }

  /** Checks that the shards hold the tensors that the index says, each once. */
  void check(Path folder, List<SafetensorsFile> files) {
    if (weightMap.isEmpty()) {
      return;
    }
    Path index = folder.resolve(FolderFiles.INDEX);
    ImmutableMap<String, String> map = weightMap.get();
    int found = 0;
    for (SafetensorsFile file : files) {
      String shard = file.path().getFileName().toString();
      for (String tensor : file.tensors().keySet()) {
        String promised = map.get(tensor);
        if (!shard.equals(promised)) {
          throw new CheckpointFormatException(
              Reason.INDEX_MISMATCH,
              index,
              "tensor '" + tensor + "' lies in " + shard + ", but the index says " + promised);
        }
        found++;
      }
    }
    if (found != map.size()) {
      throw new CheckpointFormatException(
          Reason.INDEX_MISMATCH,
          index,
          "shards must hold every indexed tensor, but lack " + missing(files, map));
    }
  }

  private static String missing(List<SafetensorsFile> files, ImmutableMap<String, String> map) {
    return map.entrySet().stream()
        .filter(e -> files.stream().noneMatch(f -> f.tensors().containsKey(e.getKey())))
        .map(e -> "'" + e.getKey() + "' of " + e.getValue())
        .findFirst()
        .orElse("none");
  }
}
