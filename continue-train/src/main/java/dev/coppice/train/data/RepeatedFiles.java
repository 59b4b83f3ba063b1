package dev.coppice.train.data;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Finds files that are, byte for byte, in more than one part of the data. */
final class RepeatedFiles {
  /** For each file by its SHA-256, the part that has it first, and its name there. */
  private final Map<String, Named> first = new HashMap<>();

  private final Map<String, Meeting> meetings = new LinkedHashMap<>();
  private final String consequence;

  /**
   * A file of a part.
   *
   * @param part as messages name it
   * @param file its name
   */
  private record Named(String part, String file) {}

  /**
   * Files that two parts share.
   *
   * @param example a sentence on the first of them
   * @param count of them
   */
  private record Meeting(String example, int count) {
    Meeting plus(Meeting other) {
      return new Meeting(example, count + other.count);
    }
  }

  private RepeatedFiles(String consequence) {
    this.consequence = consequence;
  }

  /**
   * A note for every two parts of a mixture that share files.
   *
   * @param parts paths of each part, in order
   */
  static List<String> inMixture(List<List<PathRecord>> parts) {
    RepeatedFiles repeated = new RepeatedFiles("training draws it for both");
    for (int i = 0; i < parts.size(); i++) {
      repeated.find("data " + (i + 1), parts.get(i));
      repeated.add("data " + (i + 1), parts.get(i));
    }
    return repeated.notes();
  }

  /**
   * A note where training reads files of the run's evaluation.
   *
   * @param parts paths of each part that is trained on
   * @param judged paths of each evaluation source
   */
  static List<String> inHeldOut(List<List<PathRecord>> parts, List<List<PathRecord>> judged) {
    RepeatedFiles repeated = new RepeatedFiles("its held-out loss is of text that was trained on");
    parts.forEach(part -> repeated.add("data to train on", part));
    judged.forEach(source -> repeated.find("held-out data", source));
    return repeated.notes();
  }

  private void add(String part, List<PathRecord> paths) {
    for (PathRecord path : paths) {
      path.files().forEach(file -> first.putIfAbsent(file.sha256(), named(part, path, file)));
    }
  }

  private void find(String part, List<PathRecord> paths) {
    for (PathRecord path : paths) {
      for (FileRecord file : path.files()) {
        Named before = first.get(file.sha256());
        if (before != null) {
          String example = named(part, path, file).file() + " of " + part;
          Meeting one =
              new Meeting(example + " is also " + before.file() + " of " + before.part(), 1);
          meetings.merge(part + " and " + before.part(), one, Meeting::plus);
        }
      }
    }
  }

  private static Named named(String part, PathRecord path, FileRecord file) {
    boolean itself = path.given().endsWith(file.name());
    return new Named(part, itself ? path.given() : file.name());
  }

  private List<String> notes() {
    List<String> notes = new ArrayList<>();
    for (Meeting meeting : meetings.values()) {
      String more = meeting.count() == 1 ? "" : " (files more: %,d)";
      notes.add(
          meeting.example()
              + ", byte for byte: "
              + consequence
              + String.format(Locale.ROOT, more, meeting.count() - 1));
    }
    return notes;
  }
}
