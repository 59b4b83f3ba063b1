package dev.coppice.train;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.coppice.moe.testing.PackageSizes;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .importUrl(TrainJson.class.getProtectionDomain().getCodeSource().getLocation());

  @Test
  void packagesFormNoCycle() {
    assertThat(CLASSES.size()).isGreaterThan(200);
    slices().matching("dev.coppice.train.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void computingIsLeftToModels() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("ai.djl.pytorch..", "ai.djl.ndarray..")
        .check(CLASSES);
  }

  @Test
  void growthIsUnknown() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.coppice.growth..", "dev.coppice.bench..")
        .check(CLASSES);
  }

  /** The two large ones are to be split, and the list to become shorter. */
  @Test
  void packagesHaveFiveToTwentyFourFiles() throws IOException {
    PackageSizes.assertBounded(
        Set.of(
            "dev.coppice.train",
            "dev.coppice.train.cli",
            "dev.coppice.train.distill",
            "dev.coppice.train.run",
            "dev.coppice.train.schedule"));
  }
}
