package dev.coppice.train.data.folder;

import dev.coppice.train.data.text.TextFault;

/**
 * A file or folder below a path of data that was not read.
 *
 * @param name as a record of the data names files
 * @param reason why not, as the end of "left out: …"
 */
public record LeftOut(String name, String reason) {
  /** The reason without the place of a fault, which is the same for files alike. */
  String kind() {
    return TextFault.withoutPlace(reason);
  }

  /** Its name, and the place of a fault behind it. */
  String words() {
    return name + TextFault.placeOf(reason);
  }
}
