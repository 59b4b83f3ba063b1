package dev.coppice.growth.modules;

/**
 * A module of the grown model.
 *
 * @param name its name
 * @param source name of the module that it is, or is a copy of
 * @param layer index in its name that counts layers; -1 without one
 * @param expert index in its name that counts experts; -1 without one
 */
public record GrownModule(String name, String source, int layer, int expert) {
  /** The same module beside it, such as the readers' product of several: another last part. */
  GrownModule sibling(String last) {
    return new GrownModule(parent(name) + "." + last, parent(source) + "." + last, layer, expert);
  }

  /** The name without its last part. */
  static String parent(String name) {
    int at = name.lastIndexOf('.');
    return at < 0 ? name : name.substring(0, at);
  }

  /** The last part of the name. */
  String last() {
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
