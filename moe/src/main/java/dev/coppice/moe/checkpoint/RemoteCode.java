package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.PlainText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Python files that configurations name ({@code auto_map}, {@code custom_pipelines}), and those
 * that they import by relative paths, as {@code trust_remote_code} of transformers loads them. They
 * are read as text, and never run.
 *
 * <p>A class is {@code file.Class}; {@code repository--file.Class} names code that lies elsewhere.
 *
 * @param files that are there
 * @param notes which they are, and which are missing, a sentence each
 */
record RemoteCode(ImmutableList<Path> files, ImmutableList<String> notes) {
  private static final int LARGEST = 10_000_000;
  private static final String CODE = ".py";

  private static final Pattern FROM =
      Pattern.compile(
          "(?m)^[ \\t]*from[ \\t]*(\\.+)[ \\t]*([\\w.]*)[ \\t]*\\bimport\\b[ \\t]*(\\([^)]*\\)|[^\\n]*)");

  /** What Python skips inside a statement: a comment, or the end of a line that goes on. */
  private static final Pattern SKIPPED = Pattern.compile("#[^\\n]*|\\\\[ \\t]*\\n");

  private static final Splitter NAMES =
      Splitter.on(Pattern.compile("\\s+as\\s+\\w+|[^\\w]+")).omitEmptyStrings();

  /**
   * Finds the code.
   *
   * @param side files that are carried on anyhow; those named {@code *config.json} are asked
   */
  static RemoteCode of(Path folder, List<Path> side) throws IOException {
    Set<String> named = new TreeSet<>();
    addNamed(folder.resolve(FolderFiles.CONFIG), named);
    for (Path file : side) {
      boolean top = folder.equals(file.getParent());
      if (top && file.getFileName().toString().endsWith("config.json")) {
        addNamed(file, named);
      }
    }
    Set<String> missing = new TreeSet<>();
    Set<Path> found = new TreeSet<>();
    for (String module : named) {
      Path file = folder.resolve(module.replace('.', '/') + CODE).normalize();
      if (isCode(folder, file)) {
        follow(folder, file, found);
      } else {
        missing.add(folder.relativize(file).toString());
      }
    }
    return new RemoteCode(ImmutableList.copyOf(found), notes(folder, found, missing));
  }

  private static ImmutableList<String> notes(Path folder, Set<Path> found, Set<String> missing) {
    ImmutableList.Builder<String> notes = ImmutableList.builder();
    if (!found.isEmpty()) {
      List<String> names = found.stream().map(file -> folder.relativize(file).toString()).toList();
      notes.add(
          PlainText.of(
              "code that auto_map names is carried on, unrun: " + String.join(", ", names)));
    }
    if (!missing.isEmpty()) {
      notes.add(
          PlainText.of(
              "auto_map names code that is not in the folder: "
                  + String.join(", ", missing)
                  + "; trust_remote_code needs it"));
    }
    return notes.build();
  }

  private static void addNamed(Path file, Set<String> modules) throws IOException {
    try {
      ObjectNode config = JsonFiles.readObject(file);
      for (JsonNode map : config.findValues("auto_map")) {
        map.forEach(value -> addClass(value, modules));
      }
      config.path("custom_pipelines").forEach(value -> addClass(value.path("impl"), modules));
    } catch (CheckpointFormatException e) {
      // says nothing that can be read; what depends on the file reports it
      return;
    }
  }

  private static void addClass(JsonNode value, Set<String> modules) {
    if (value.isArray()) {
      value.forEach(each -> addClass(each, modules));
    } else if (value.isTextual() && !value.asText().contains("--")) {
      String name = value.asText();
      int dot = name.lastIndexOf('.');
      if (dot > 0) {
        modules.add(name.substring(0, dot));
      }
    }
  }

  private static boolean isCode(Path folder, Path file) throws IOException {
    return file.startsWith(folder)
        && Files.isRegularFile(file)
        && Files.size(file) <= LARGEST
        && !FolderFiles.leadsOut(folder, file);
  }

  /** Takes a file, and what it imports. */
  private static void follow(Path folder, Path first, Set<Path> found) throws IOException {
    Deque<Path> open = new ArrayDeque<>(List.of(first));
    while (!open.isEmpty()) {
      Path file = open.remove();
      if (isCode(folder, file) && found.add(file)) {
        String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        Matcher imports = FROM.matcher(SKIPPED.matcher(text).replaceAll(" "));
        while (imports.find()) {
          open.addAll(imported(file, imports));
        }
      }
    }
  }

  /** Files that an import may mean: a module, a package, or a module of a package. */
  private static ImmutableList<Path> imported(Path file, Matcher imports) {
    Path base = file.resolveSibling("");
    for (int up = 1; up < imports.group(1).length(); up++) {
      base = base.resolve("..");
    }
    ImmutableList.Builder<Path> files = ImmutableList.builder();
    Path module = base;
    for (String part : Splitter.on('.').omitEmptyStrings().split(imports.group(2))) {
      files.add(module.resolve("__init__.py").normalize());
      module = module.resolve(part);
    }
    files.add(module.resolve("__init__.py").normalize());
    if (!imports.group(2).isEmpty()) {
      files.add(module.resolveSibling(module.getFileName() + CODE).normalize());
    }
    for (String name : NAMES.split(imports.group(3))) {
      files.add(module.resolve(name + CODE).normalize());
    }
    return files.build();
  }
}
