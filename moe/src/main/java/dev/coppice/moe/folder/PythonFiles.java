package dev.coppice.moe.folder;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Python files of a folder, and what they import by relative paths. They are read as text.
 *
 * @param found files that are there
 * @param missing paths in the folder of those that are not
 */
record PythonFiles(ImmutableSortedSet<Path> found, ImmutableSortedSet<String> missing) {
  private static final int LARGEST = 10_000_000;
  private static final String CODE = ".py";
  private static final String PACKAGE = "__init__.py";

  private static final Pattern FROM =
      Pattern.compile(
          "(?m)^[ \\t]*from[ \\t]*(\\.+)[ \\t]*([\\w.]*)[ \\t]*\\bimport\\b[ \\t]*(\\([^)]*\\)|[^\\n]*)");

  /** What Python skips inside a statement: a comment, or the end of a continued line. */
  private static final Pattern SKIPPED = Pattern.compile("#[^\\n]*|\\\\[ \\t]*\\n");

  private static final Splitter NAMES =
      Splitter.on(Pattern.compile("\\s+as\\s+\\w+|[^\\w]+")).omitEmptyStrings();

  /**
   * Finds modules and their imports.
   *
   * @param modules with dots between folders
   */
  static PythonFiles of(Path folder, Set<String> modules) throws IOException {
    Walk walk = new Walk(folder);
    for (String module : modules) {
      walk.need(folder.resolve(module.replace('.', '/') + CODE).normalize());
    }
    walk.follow();
    return new PythonFiles(
        ImmutableSortedSet.copyOf(walk.found), ImmutableSortedSet.copyOf(walk.missing));
  }

  /** Takes files, and what they import. */
  private static final class Walk {
    private final Path folder;
    private final Set<Path> found = new TreeSet<>();
    private final Set<String> missing = new TreeSet<>();
    private final Deque<Path> open = new ArrayDeque<>();

    Walk(Path folder) {
      this.folder = folder;
    }

    void need(Path file) throws IOException {
      if (isCode(file)) {
        open.add(file);
      } else {
        missing.add(folder.relativize(file).toString());
      }
    }

    void follow() throws IOException {
      while (!open.isEmpty()) {
        Path file = open.remove();
        if (isCode(file) && found.add(file)) {
          String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
          Matcher imports = FROM.matcher(SKIPPED.matcher(text).replaceAll(" "));
          while (imports.find()) {
            addImported(file, imports);
          }
        }
      }
    }

    private boolean isCode(Path file) throws IOException {
      return file.startsWith(folder)
          && Files.isRegularFile(file)
          && Files.size(file) <= LARGEST
          && !FolderFiles.leadsOut(folder, file);
    }

    /** Files that an import may mean: a module, a package, or a module of a package. */
    private void addImported(Path file, Matcher imports) throws IOException {
      Path base = file.resolveSibling("");
      for (int up = 1; up < imports.group(1).length(); up++) {
        base = base.resolve("..");
      }
      Path module = base;
      for (String part : Splitter.on('.').omitEmptyStrings().split(imports.group(2))) {
        open.add(module.resolve(PACKAGE).normalize());
        module = module.resolve(part);
      }
      Path whole = module.resolve(PACKAGE).normalize();
      open.add(whole);
      if (!imports.group(2).isEmpty()) {
        Path single = module.resolveSibling(module.getFileName() + CODE).normalize();
        open.add(single);
        missing.addAll(absent(module.normalize(), ImmutableList.of(single, whole)));
      }
      for (String name : NAMES.split(imports.group(3))) {
        open.add(module.resolve(name + CODE).normalize());
      }
    }

    /** The first of the forms of a module in the folder, if it has none of them. */
    private ImmutableList<String> absent(Path module, ImmutableList<Path> forms)
        throws IOException {
      if (!module.startsWith(folder) || Files.isDirectory(module)) {
        return ImmutableList.of();
      }
      for (Path form : forms) {
        if (isCode(form)) {
          return ImmutableList.of();
        }
      }
      return ImmutableList.of(folder.relativize(forms.get(0)).toString());
    }
  }
}
