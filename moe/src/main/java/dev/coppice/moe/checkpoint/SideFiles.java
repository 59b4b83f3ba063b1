package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.folder.JsonFiles;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Reads side files. */
final class SideFiles {
  private static final long MAX_BYTES = 10_000_000L;
  private static final Pattern TEXT = Pattern.compile("(?i).*[.](?:json|ya?ml)");

  /** Files of tokenizers and of their like, which may hold any text. */
  private static final Pattern TOKENS =
      Pattern.compile("(?:tokenizer|vocab|added_tokens|special_tokens|merges|chat_template).*");

  private SideFiles() {}

  /** Those that hold a JSON object, by name. */
  static ImmutableMap<String, ObjectNode> objects(List<Path> files, Predicate<String> named) {
    ImmutableMap.Builder<String, ObjectNode> objects = ImmutableMap.builder();
    for (Path file : files) {
      String name = file.getFileName().toString();
      if (named.test(name)) {
        object(file).ifPresent(tree -> objects.put(name, tree));
      }
    }
    return objects.buildOrThrow();
  }

  private static Optional<ObjectNode> object(Path file) {
    try {
      return Optional.of(JsonFiles.readObject(file));
    } catch (CheckpointFormatException e) {
      return Optional.empty(); // something else: it is copied
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Those in whose text an expression is found. */
  static ImmutableList<Path> with(List<Path> files, Pattern sought, Predicate<String> named) {
    return files.stream()
        .filter(file -> isWanted(file.getFileName().toString(), named))
        .filter(file -> sought.matcher(text(file)).find())
        .collect(ImmutableList.toImmutableList());
  }

  private static boolean isWanted(String name, Predicate<String> named) {
    return named.test(name) && TEXT.matcher(name).matches() && !TOKENS.matcher(name).matches();
  }

  private static String text(Path file) {
    try {
      return Files.size(file) > MAX_BYTES
          ? ""
          : new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
