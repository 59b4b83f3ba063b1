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

/**
 * Growths in a process of their own, which is killed (SIGKILL) at random times.
 *
 * <p>A kill loses no page of the kernel's, so it says nothing of forces; for these see {@link
 * GrowthCrashTest}. {@code -Dcoppice.kills=200} sets the number of kills.
 */
class KilledGrowthTest {
  private static final int KILLS = Integer.getInteger("coppice.kills", 12);
  private static final int WINDOW_MILLIS = 120;

  @TempDir Path home;

  /** Run in a child: grows into one folder after another until it is killed. */
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
    for (int kill = 0; kill < KILLS; kill++) {
      Path folder = Files.createDirectory(home.resolve("kill-" + kill));
      TinyGrowth.copy(once.resolve("source"), folder.resolve("source"));
      int last = growAndKill(folder, random.nextInt(WINDOW_MILLIS * 1000));
      CrashCheck check =
          new CrashCheck(FaultFs.over(folder), Path.of("x"), once.resolve("grown"), home);
      for (int i = 0; i <= last; i++) {
        assertThat(check.difference(folder.resolve("grown-" + i))).as("reported %s", i).isEmpty();
      }
      Path next = folder.resolve("grown-" + (last + 1));
      stopped += goOn(folder, next) ? 1 : 0;
      assertThat(check.difference(next)).as("kill %s", kill).isEmpty();
    }
    System.out.println("kills: " + KILLS + ", of these in the midst of a growth: " + stopped);
    assertThat(stopped).isPositive();
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

  private static int growAndKill(Path folder, int micros) throws Exception {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    var lines = child.inputReader();
    int last = Integer.parseInt(lines.readLine());
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
