package dev.coppice.bench.experiment;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * The output folder of an experiment.
 *
 * <pre>
 * results.json              written last
 * report.html
 * base/  grown/             the trained base, and what it grew to before any further training
 * arms/grown/ scratch/ kept/   each arm's last checkpoint
 * curves/NAME.jsonl         every step of every run
 * </pre>
 *
 * @param path of the folder
 */
record ExperimentFolder(Path path) {
  private static final String WORK = ".work";

  /**
   * Makes the folder.
   *
   * @throws CoppiceException when there is one already
   */
  static ExperimentFolder create(Path path) throws IOException {
    refuseExisting(path);
    Files.createDirectories(path.resolve("curves"));
    Files.createDirectories(path.resolve("arms"));
    Files.createDirectories(path.resolve(WORK));
    return new ExperimentFolder(path);
  }

  /** Refuses a folder that is there. */
  static void refuseExisting(Path path) {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID, "output folder must not exist, got " + path);
    }
  }

  Path base() {
    return path.resolve("base");
  }

  Path grown() {
    return path.resolve("grown");
  }

  Path arm(String name) {
    return path.resolve("arms").resolve(name);
  }

  Path curve(String name) {
    return path.resolve("curves").resolve(name + ".jsonl");
  }

  Path results() {
    return path.resolve("results.json");
  }

  Path report() {
    return path.resolve("report.html");
  }

  /** Folder of files that are not needed afterwards. */
  Path work(String name) {
    return path.resolve(WORK).resolve(name);
  }

  /** The path as the record names it. */
  String relative(Path file) {
    return path.relativize(file).toString().replace('\\', '/');
  }

  void deleteWork() throws IOException {
    Folders.delete(path.resolve(WORK));
  }
}
