package dev.coppice.growth;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
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
          .importUrl(GrowthProbe.class.getProtectionDomain().getCodeSource().getLocation());

  @Test
  void dependsOnMoeAlone() {
    assertThat(CLASSES.size()).isGreaterThan(40);
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.coppice.growth..",
            "dev.coppice.moe..",
            "java..",
            "com.google.common..",
            "com.google.errorprone..",
            "com.fasterxml.jackson..",
            "org.jspecify..",
            "org.yaml.snakeyaml..",
            "picocli..")
        .check(CLASSES);
  }

  @Test
  void packagesFormNoCycle() {
    slices().matching("dev.coppice.growth.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  /** The probe runs both models; the rest of growth streams bytes. */
  @Test
  void onlyTheProbeKnowsTheEngine() {
    noClasses()
        .that()
        .doNotHaveSimpleName("GrowthProbe")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "ai.djl..",
            "dev.coppice.moe.kernel",
            "dev.coppice.moe.backend",
            "dev.coppice.moe.parameter",
            "dev.coppice.moe.model..",
            "dev.coppice.moe.train")
        .check(CLASSES);
  }

  @Test
  void packagesHaveFiveToTwentyFourFiles() throws IOException {
    PackageSizes.assertBounded(Set.of("dev.coppice.growth.norm"));
  }
}
