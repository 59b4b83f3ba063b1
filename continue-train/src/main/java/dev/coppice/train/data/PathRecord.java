package dev.coppice.train.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.train.data.folder.LeftOut;
import dev.coppice.train.data.reading.DataForm;
import java.util.List;

/**
 * Record of one path of data.
 *
 * @param given the path as it was given, without its weight
 * @param path the same, absolute
 * @param form of all files that were read
 * @param files that were read, in order
 * @param leftOut what was not read, with reasons
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record PathRecord(
    String given, String path, DataForm form, List<FileRecord> files, List<LeftOut> leftOut) {
  /** Copies the lists. */
  public PathRecord {
    files = List.copyOf(files);
    leftOut = List.copyOf(leftOut);
  }
}
