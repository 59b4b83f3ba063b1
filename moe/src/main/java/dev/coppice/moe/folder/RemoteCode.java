package dev.coppice.moe.folder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.PlainText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The Python files that configurations name ({@code auto_map}, {@code custom_pipelines}), and those
 * that they import by relative paths, as {@code trust_remote_code} of transformers loads them. They
 * are read as text, and never run.
 *
 * <p>A class is {@code file.Class}; {@code repository--file.Class} names code that lies elsewhere.
 * Where some of a key's code is missing, a copy of the folder leaves the key out if transformers
 * needs no code, or else points all of it at the repository that the folder is a snapshot of. The
 * code of one key stays together, since a model's class must be made for its configuration's.
 *
 * @param files that are there, and are still named in a copy
 * @param references what a copy says instead
 * @param notes which they are, and which are missing, a sentence each
 */
record RemoteCode(
    ImmutableList<Path> files, CodeReferences references, ImmutableList<String> notes) {
  private static final ImmutableList<String> KEYS =
      ImmutableList.of("auto_map", "custom_pipelines");

  private static final Pattern CLASS = Pattern.compile("[^\\s.-][^\\s]*[.]\\w+");

  /**
   * Finds the code.
   *
   * @param side files that are carried on anyhow; those named {@code *config.json} are asked
   * @param known what transformers reads without code
   */
  static RemoteCode of(Path folder, List<Path> side, NativeCode known) throws IOException {
    Search search = new Search(folder, known);
    search.add(folder.resolve(FolderFiles.CONFIG));
    for (Path file : side) {
      boolean top = folder.equals(file.getParent());
      if (top && file.getFileName().toString().endsWith("config.json")) {
        search.add(file);
      }
    }
    return search.result();
  }

  /** Whether a text names a class in the folder: no repository is named before it. */
  static boolean isLocalClass(String text) {
    return !text.contains("--") && CLASS.matcher(text).matches();
  }

  /** Gathers code file by file. */
  private static final class Search {
    private final Path folder;
    private final NativeCode known;
    private final Optional<String> repository;
    private final Set<Path> found = new TreeSet<>();
    private final Set<String> missing = new TreeSet<>();
    private final ImmutableListMultimap.Builder<String, CodeChange> changes =
        ImmutableListMultimap.builder();
    private final ImmutableList.Builder<String> changed = ImmutableList.builder();

    Search(Path folder, NativeCode known) {
      this.folder = folder;
      this.known = known;
      // two dashes part a repository from its class
      this.repository = ModelCard.hubId(folder).filter(id -> !id.contains("--"));
    }

    void add(Path file) throws IOException {
      ObjectNode tree;
      try {
        tree = JsonFiles.readObject(file);
      } catch (CheckpointFormatException e) {
        // says nothing that can be read; what depends on the file reports it
        return;
      }
      for (String key : KEYS) {
        Set<String> modules = new TreeSet<>();
        tree.findValues(key).forEach(named -> addModules(named, modules));
        PythonFiles code = PythonFiles.of(folder, modules);
        Optional<CodeChange> change =
            code.missing().isEmpty() ? Optional.empty() : change(key, file, tree);
        if (change.isPresent()) {
          String name = file.getFileName().toString();
          changes.put(name, change.get());
          changed.add(note(name, change.get(), code.missing()));
        } else {
          found.addAll(code.found());
          missing.addAll(code.missing());
        }
      }
    }

    private Optional<CodeChange> change(String key, Path file, ObjectNode tree) {
      Optional<CodeChange> leftOut =
          known
              .known(file, tree)
              .filter(type -> key.equals("auto_map"))
              .map(type -> new CodeChange.LeftOut(key, type));
      return leftOut.or(() -> repository.map(id -> new CodeChange.PointedAt(key, id)));
    }

    private static String note(String file, CodeChange change, Set<String> missing) {
      return PlainText.of(
          file
              + ": "
              + change.verb()
              + ", as its code is not in the folder: "
              + String.join(", ", missing));
    }

    RemoteCode result() {
      return new RemoteCode(
          ImmutableList.copyOf(found),
          new CodeReferences(changes.build()),
          ImmutableList.<String>builder().addAll(notes()).addAll(changed.build()).build());
    }

    private ImmutableList<String> notes() {
      ImmutableList.Builder<String> notes = ImmutableList.builder();
      if (!found.isEmpty()) {
        List<String> names =
            found.stream().map(file -> folder.relativize(file).toString()).toList();
        notes.add(
            PlainText.of(
                "code that auto_map names is copied without being run: "
                    + String.join(", ", names)));
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

    /** Modules of all classes below a node; other texts have no dot or a repository. */
    private static void addModules(JsonNode node, Set<String> modules) {
      if (node.isContainerNode()) {
        node.forEach(each -> addModules(each, modules));
      } else if (node.isTextual() && isLocalClass(node.asText())) {
        modules.add(node.asText().substring(0, node.asText().lastIndexOf('.')));
      }
    }
  }
}
