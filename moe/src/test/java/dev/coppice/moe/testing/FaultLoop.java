package dev.coppice.moe.testing;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.testing.FaultFs.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Runs one piece of work over and over: with every operation failing in turn, with a crash before
 * every change, and with every force left out in turn.
 */
public final class FaultLoop {
  /** What is put to the test. */
  public interface Work {
    /** Makes {@link #target} below a folder that already holds the inputs. */
    void run(Path folder) throws IOException;
  }

  private final Path home;
  private final Path target;
  private final Work prepare;
  private final Work work;
  private final Path reference;
  private int rounds;

  /**
   * A loop.
   *
   * @param home an empty folder of the default file system
   * @param target what the work makes, relative to its folder
   * @param prepare puts the inputs into a folder
   * @param work what is tested
   */
  public FaultLoop(Path home, Path target, Work prepare, Work work) throws IOException {
    this.home = home;
    this.target = target;
    this.prepare = prepare;
    this.work = work;
    Path folder = newFolder();
    work.run(folder);
    this.reference = folder.resolve(target);
    Files.createDirectory(home.resolve("scratch"));
  }

  /** The folder that the work makes when nothing fails. */
  public Path reference() {
    return reference;
  }

  private Path newFolder() throws IOException {
    Path folder = Files.createDirectory(home.resolve("round-" + rounds++));
    prepare.run(folder);
    return folder;
  }

  private CrashCheck check(FaultFs faults) throws IOException {
    return new CrashCheck(faults, target, reference, home.resolve("scratch"));
  }

  /**
   * Lets the power fail before every change.
   *
   * @return what goes wrong, a line each; the number of crashes comes with {@link #forces}
   */
  public List<String> crashes() throws IOException {
    return crashes(-1);
  }

  private List<String> crashes(long ignoredForce) throws IOException {
    Path folder = newFolder();
    FaultFs faults = FaultFs.over(folder);
    faults.ignoreForce(ignoredForce);
    CrashCheck check = check(faults);
    List<String> wrong = new ArrayList<>();
    faults.beforeEachChange(() -> check.fault(false).ifPresent(wrong::add));
    work.run(faults.root());
    faults.beforeEachChange(() -> {});
    check.fault(true).ifPresent(wrong::add);
    delete(folder);
    return wrong;
  }

  /**
   * Leaves every force out in turn.
   *
   * @return the forces that no crash misses, by their number
   */
  public List<Long> forcesThatNobodyMisses() throws IOException {
    List<Long> useless = new ArrayList<>();
    long count = forces();
    for (long k = 0; k < count; k++) {
      if (crashes(k).isEmpty()) {
        useless.add(k);
      }
    }
    return useless;
  }

  /** How many forces the work takes. */
  public long forces() throws IOException {
    Path folder = newFolder();
    FaultFs faults = FaultFs.over(folder);
    work.run(faults.root());
    delete(folder);
    return faults.forces();
  }

  /**
   * Lets every operation fail in turn until a run passes untouched.
   *
   * @param fault how
   * @param failures receives each failure's message
   * @return what goes wrong, a line each
   */
  public List<String> failures(Fault fault, List<String> failures) throws IOException {
    List<String> wrong = new ArrayList<>();
    for (long n = 0; ; n++) {
      Path folder = newFolder();
      FaultFs faults = FaultFs.over(folder);
      faults.failAt(n, fault);
      Optional<String> failure = attempt(faults);
      failure.ifPresent(failures::add);
      String at = fault + " at operation " + n + ": ";
      wrongAfter(folder, faults, failure.isPresent()).ifPresent(text -> wrong.add(at + text));
      delete(folder);
      if (faults.operations() <= n) {
        return wrong;
      }
    }
  }

  private Optional<String> attempt(FaultFs faults) {
    try {
      work.run(faults.root());
      return Optional.empty();
    } catch (IOException | CoppiceException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private Optional<String> wrongAfter(Path folder, FaultFs faults, boolean failed)
      throws IOException {
    Path made = folder.resolve(target);
    if (Files.exists(made)) {
      return failed ? Optional.of("it failed, yet left " + made) : check(faults).difference(made);
    }
    try (Stream<Path> left = Files.walk(folder)) {
      return failed
          ? left.filter(path -> path.getFileName().toString().contains(".tmp-"))
              .findFirst()
              .map(path -> "it left " + path)
          : Optional.of("it passed, and made nothing");
    }
  }

  private static void delete(Path folder) throws IOException {
    MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
  }
}
