package dev.coppice.moe.folder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableListMultimap;
import com.google.common.collect.ImmutableSet;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What configurations say of code in a copy of a folder, where the folder itself lacks the code
 * that they name: nothing, if transformers needs no code; or where the code is on the Hub.
 */
public final class CodeReferences {
  /** All stay as they are. */
  public static final CodeReferences AS_THEY_ARE = new CodeReferences(ImmutableListMultimap.of());

  private final ImmutableListMultimap<String, CodeChange> changes;

  CodeReferences(ImmutableListMultimap<String, CodeChange> changes) {
    this.changes = changes;
  }

  /** Names of the files that change, {@code config.json} among them if it does. */
  public ImmutableSet<String> files() {
    return changes.keySet();
  }

  /**
   * A file's object as the copy has it.
   *
   * @param file name in the folder
   * @param tree what it holds; not changed
   */
  public ObjectNode in(String file, ObjectNode tree) {
    ObjectNode copy = tree.deepCopy();
    changes.get(file).forEach(change -> change.apply(copy));
    return copy;
  }

  /** The same for a file that is still to be read. */
  public ObjectNode in(Path file) throws IOException {
    return in(file.getFileName().toString(), JsonFiles.readObject(file));
  }
}
