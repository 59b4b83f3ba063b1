package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.testing.CrashCheck;
import dev.coppice.moe.testing.FaultFs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Growths in a process of their own, which is killed (SIGKILL) at random times.
 *
 * <p>A kill loses no page of the kernel's, so it says nothing of forces; for these see {@link
 * GrowthCrashTest}. {@code -Dcoppice.kills=200} sets the number of kills.
 */
class KilledGrowthTest {
  private static final int KILLS = Integer.getInteger("coppice.kills", 12);
  private static final int WINDOW_MILLIS = 120;

  /** On a disk: while files are forced there, there is something to interrupt. */
  @TempDir(factory = TempDirFactory.Standard.class)
  Path home;

  /**
   * Run in a child: grows once, waits for a word, and grows into one folder after another until it
   * is killed.
   */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws IOException {
      Path home = Path.of(arguments[0]);
      try (Checkpoint source = Checkpoint.open(home.resolve("source"))) {
        for (int i = 0; ; i++) {
          GrowthExecutor.run(
              source, TinyGrowth.REQUEST, home.resolve("grown-" + i), GrowthProgress.NONE);
          System.out.println(i);
          System.out.flush();
          if (i == 0 && System.in.read() < 0) {
            return;
          }
        }
      }
    }
  }

  @Test
  void leavesEachFolderWholeOrAbsentAndGoesOn() throws Exception {
    Path once = Files.createDirectory(home.resolve("once"));
    TinyGrowth.prepare(once);
    TinyGrowth.grow(once);
    Random random = new Random(20261121);
    int stopped = 0;
    Process next = start(once, 0);
    for (int kill = 0; kill < KILLS; kill++) {
      Process child = next;
      // it starts and grows once while the one before is killed and judged
      next = kill + 1 < KILLS ? start(once, kill + 1) : child;
      Path folder = folder(kill);
      int last = kill(child, random.nextInt(WINDOW_MILLIS * 1000));
      CrashCheck check =
          new CrashCheck(FaultFs.over(folder), Path.of("x"), once.resolve("grown"), home);
      for (int i = 0; i <= last; i++) {
        assertThat(check.difference(folder.resolve("grown-" + i))).as("reported %s", i).isEmpty();
      }
      Path cut = folder.resolve("grown-" + (last + 1));
      stopped += goOn(folder, cut) ? 1 : 0;
      assertThat(check.difference(cut)).as("kill %s", kill).isEmpty();
    }
    System.out.println("kills: " + KILLS + ", of these in the midst of a growth: " + stopped);
    assertThat(stopped).isPositive();
  }

  private Path folder(int kill) {
    return home.resolve("kill-" + kill);
  }

  /** Ends the growth that was cut short; whether there was one that could be resumed. */
  private static boolean goOn(Path folder, Path target) throws IOException {
    if (Files.exists(target)) {
      return false;
    }
    try (Checkpoint source = Checkpoint.open(folder.resolve("source"))) {
      boolean resumes = StoppedGrowth.find(target).isPresent();
      if (resumes) {
        GrowthExecutor.resume(source, TinyGrowth.REQUEST, target, GrowthProgress.NONE);
      } else {
        GrowthExecutor.run(source, TinyGrowth.REQUEST, target, GrowthProgress.NONE);
      }
      return resumes;
    }
  }

  private Process start(Path once, int kill) throws IOException {
    Path folder = Files.createDirectory(folder(kill));
    TinyGrowth.copy(once.resolve("source"), folder.resolve("source"));
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            folder.toString())
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  /** Lets a child go on, and kills it; the last growth that it reported. */
  private static int kill(Process child, int micros) throws Exception {
    var lines = child.inputReader();
    int last = Integer.parseInt(lines.readLine());
    child.getOutputStream().write('\n');
    child.getOutputStream().flush();
    TimeUnit.MICROSECONDS.sleep(micros);
    // the handle's way leaves what the child has printed to be read
    child.toHandle().destroyForcibly();
    child.waitFor();
    assertThat(child.exitValue()).isEqualTo(137);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      last = Integer.parseInt(line);
    }
    return last;
  }
}
