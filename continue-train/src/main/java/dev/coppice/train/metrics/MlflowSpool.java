package dev.coppice.train.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.train.TrainJson;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The file {@code mlflow-spool.jsonl}: what an MLflow server did not take yet, oldest first.
 *
 * <p>What is sent from it is forgotten when all is sent. A process that dies before that sends some
 * entries twice, with the times of the first try, which MLflow takes as the same entries.
 */
final class MlflowSpool implements Closeable {
  private static final long MAX_BYTES = 256L << 20;

  private final Path path;
  private final LineFile file;
  private long start;
  private long end;

  private MlflowSpool(Path path, LineFile file, long end) {
    this.path = path;
    this.file = file;
    this.end = end;
  }

  static MlflowSpool open(Path path) throws IOException {
    long[] whole = {0};
    if (Files.exists(path)) {
      LineFile.visit(
          path,
          (line, end) -> {
            whole[0] = end;
            return true;
          });
    }
    return new MlflowSpool(path, LineFile.openAt(path, whole[0]), whole[0]);
  }

  boolean isEmpty() {
    return start == end;
  }

  /** Keeps entries; an error when the disk refuses or the file is at its limit. */
  void add(List<ObjectNode> entries) throws IOException {
    for (ObjectNode entry : entries) {
      if (end > MAX_BYTES) {
        throw new IOException("spool must stay below " + MAX_BYTES + " bytes");
      }
      String line =
          TrainJson.mapper()
              .writer()
              .without(SerializationFeature.INDENT_OUTPUT)
              .writeValueAsString(entry);
      file.append(line);
      end = Files.size(path);
    }
  }

  /** The oldest entries, at most so many. */
  Part peek(int count) throws IOException {
    ImmutableList.Builder<ObjectNode> entries = ImmutableList.builder();
    long[] read = {0, start};
    LineFile.visitFrom(
        path,
        start,
        (line, lineEnd) -> {
          read[1] = lineEnd;
          parse(line).forEach(entries::add);
          return ++read[0] < count;
        });
    return new Part(entries.build(), read[1]);
  }

  /** An entry; none where the line is no object. */
  private static ImmutableList<ObjectNode> parse(String line) {
    try {
      return TrainJson.mapper().readTree(line) instanceof ObjectNode entry
          ? ImmutableList.of(entry)
          : ImmutableList.of();
    } catch (JsonProcessingException e) {
      return ImmutableList.of();
    }
  }

  /** Forgets a part that was sent. */
  void forget(Part part) throws IOException {
    start = part.end();
    if (start == end) {
      file.cut(0);
      start = 0;
      end = 0;
    }
  }

  /** Deletes the file if nothing is left in it. */
  @Override
  public void close() throws IOException {
    file.close();
    if (isEmpty()) {
      Files.deleteIfExists(path);
    }
  }

  /** Entries, and the place in the file after them. */
  record Part(ImmutableList<ObjectNode> entries, long end) {}
}
