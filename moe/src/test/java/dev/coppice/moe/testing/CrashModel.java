package dev.coppice.moe.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Which names and bytes of a folder are durable.
 *
 * <p>Files and folders are nodes that keep their identity when they are renamed. A folder has the
 * names it has and the names it had when it was last forced; a file is clean, or has the bytes it
 * had when it was last forced.
 */
final class CrashModel {
  /** A file or a folder. */
  abstract static class Node {}

  /** A file; durable bytes are held only while they differ from the real ones. */
  static final class FileNode extends Node {
    private Optional<byte[]> durable;

    FileNode(Optional<byte[]> durable) {
      this.durable = durable;
    }
  }

  /** A folder. */
  static final class FolderNode extends Node {
    private final Map<String, Node> live = new TreeMap<>();
    private Map<String, Node> durable = new TreeMap<>();
  }

  private final Path root;
  private final FolderNode tree;

  private CrashModel(Path root, FolderNode tree) {
    this.root = root;
    this.tree = tree;
  }

  /** The model of a folder in which everything is durable. */
  static CrashModel of(Path root) throws IOException {
    return new CrashModel(root, (FolderNode) scan(root));
  }

  private static Node scan(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return new FileNode(Optional.empty());
    }
    FolderNode folder = new FolderNode();
    try (Stream<Path> children = Files.list(path)) {
      for (Path child : (Iterable<Path>) children::iterator) {
        folder.live.put(child.getFileName().toString(), scan(child));
      }
    }
    folder.durable = new TreeMap<>(folder.live);
    return folder;
  }

  Path root() {
    return root;
  }

  /** The node of a real path; empty if it is not below the root, or not there. */
  Optional<Node> node(Path real) {
    Path path = real.toAbsolutePath().normalize();
    if (!path.startsWith(root)) {
      return Optional.empty();
    }
    Node node = tree;
    for (Path name : root.relativize(path)) {
      if (!name.toString().isEmpty()) {
        Node child = node instanceof FolderNode folder ? folder.live.get(name.toString()) : null;
        if (child == null) {
          return Optional.empty();
        }
        node = child;
      }
    }
    return Optional.of(node);
  }

  private Optional<FolderNode> parent(Path real) {
    return Optional.ofNullable(real.toAbsolutePath().normalize().getParent())
        .flatMap(this::node)
        .map(FolderNode.class::cast);
  }

  void created(Path real) {
    add(real, new FileNode(Optional.of(new byte[0])));
  }

  void createdFolder(Path real) {
    add(real, new FolderNode());
  }

  private void add(Path real, Node node) {
    parent(real).ifPresent(folder -> folder.live.put(real.getFileName().toString(), node));
  }

  void deleted(Path real) {
    parent(real).ifPresent(folder -> folder.live.remove(real.getFileName().toString()));
  }

  void moved(Path from, Path to) {
    Node node = node(from).orElseThrow();
    deleted(from);
    add(to, node);
  }

  /** Remembers a file's durable bytes before they are changed; an open file may be renamed. */
  void willWrite(Node node) throws IOException {
    if (node instanceof FileNode file && file.durable.isEmpty()) {
      IdentityHashMap<Node, Path> places = new IdentityHashMap<>();
      locate(tree, root, places);
      Path place = places.get(node);
      file.durable = Optional.of(place == null ? new byte[0] : Files.readAllBytes(place));
    }
  }

  void forced(Node node) {
    if (node instanceof FileNode file) {
      file.durable = Optional.empty();
    } else if (node instanceof FolderNode folder) {
      folder.durable = new TreeMap<>(folder.live);
    }
  }

  boolean image(Path target, FaultFs.Loss loss, Path into) throws IOException {
    Node node = tree;
    for (Path name : target) {
      Map<String, Node> names = names((FolderNode) node, loss);
      if (!names.containsKey(name.toString())) {
        return false;
      }
      node = names.get(name.toString());
    }
    IdentityHashMap<Node, Path> places = new IdentityHashMap<>();
    locate(tree, root, places);
    lay(node, loss, into, places);
    return true;
  }

  private static Map<String, Node> names(FolderNode folder, FaultFs.Loss loss) {
    return loss.losesNames() ? folder.durable : folder.live;
  }

  private static void locate(Node node, Path at, IdentityHashMap<Node, Path> places) {
    places.put(node, at);
    if (node instanceof FolderNode folder) {
      folder.live.forEach((name, child) -> locate(child, at.resolve(name), places));
    }
  }

  private static void lay(
      Node node, FaultFs.Loss loss, Path into, IdentityHashMap<Node, Path> places)
      throws IOException {
    if (node instanceof FolderNode folder) {
      Files.createDirectory(into);
      for (Map.Entry<String, Node> child : names(folder, loss).entrySet()) {
        lay(child.getValue(), loss, into.resolve(child.getKey()), places);
      }
      return;
    }
    Files.write(into, bytes((FileNode) node, loss, Optional.ofNullable(places.get(node))));
  }

  private static byte[] bytes(FileNode file, FaultFs.Loss loss, Optional<Path> place)
      throws IOException {
    if (place.isEmpty()) {
      return file.durable.orElse(new byte[0]);
    }
    byte[] live = Files.readAllBytes(place.get());
    if (file.durable.isEmpty()) {
      return live;
    }
    byte[] durable = file.durable.get();
    int mismatch = Arrays.mismatch(durable, live);
    int common = mismatch < 0 ? live.length : mismatch;
    return switch (loss.bytes()) {
      case DROPPED -> durable;
      case TORN -> Arrays.copyOf(live, Math.max(common, live.length / 2));
      case ZEROED -> Arrays.copyOf(Arrays.copyOf(live, common), live.length);
      case KEPT -> live;
    };
  }
}
