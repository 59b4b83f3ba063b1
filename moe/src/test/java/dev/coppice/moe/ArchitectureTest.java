package dev.coppice.moe;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
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
          .importUrl(CoppiceVersion.class.getProtectionDomain().getCodeSource().getLocation());

  private static final String[] ENGINE_HALF = {
    "dev.coppice.moe.kernel",
    "dev.coppice.moe.backend",
    "dev.coppice.moe.parameter",
    "dev.coppice.moe.model..",
    "dev.coppice.moe.train",
    "dev.coppice.moe.text.."
  };

  @Test
  void packagesFormNoCycle() {
    assertThat(CLASSES.size()).isGreaterThan(200);
    slices().matching("dev.coppice.moe.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  /** A package uses those below it; the lowest come first. */
  @Test
  void engineHalfHasNoArrowUp() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("kernel")
        .definedBy("dev.coppice.moe.kernel")
        .layer("backend")
        .definedBy("dev.coppice.moe.backend")
        .layer("parameter")
        .definedBy("dev.coppice.moe.parameter")
        .layer("model")
        .definedBy("dev.coppice.moe.model")
        .layer("train")
        .definedBy("dev.coppice.moe.train")
        .layer("text")
        .definedBy("dev.coppice.moe.text..")
        .layer("cli")
        .definedBy("dev.coppice.moe.cli", "dev.coppice.moe.model.cli")
        .whereLayer("cli")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("train")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("text")
        .mayOnlyBeAccessedByLayers("cli")
        .whereLayer("model")
        .mayOnlyBeAccessedByLayers("train", "text", "cli")
        .whereLayer("parameter")
        .mayOnlyBeAccessedByLayers("model", "train")
        .whereLayer("backend")
        .mayOnlyBeAccessedByLayers("parameter", "model", "train", "cli")
        .check(CLASSES);
  }

  @Test
  void onlyTheBackendKnowsTheEngine() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.coppice.moe.backend")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.djl.pytorch..")
        .check(CLASSES);
  }

  @Test
  void checkpointsAreReadWithoutTheEngine() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ENGINE_HALF)
        .should()
        .dependOnClassesThat(resideInAnyPackage(ENGINE_HALF).or(resideInAPackage("ai.djl..")))
        .check(CLASSES);
  }

  /** The encoder may be dropped as soon as the library is as fast. */
  @Test
  void onlyTokenizersKnowTheBytePairEncoder() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.coppice.moe.text", "dev.coppice.moe.text.bpe")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.coppice.moe.text.bpe")
        .check(CLASSES);
  }

  @Test
  void packagesHaveFiveToTwentyFourFiles() throws IOException {
    PackageSizes.assertBounded(
        Set.of(
            "dev.coppice.moe",
            "dev.coppice.moe.model.cli",
            "dev.coppice.moe.number",
            "dev.coppice.moe.random",
            "dev.coppice.moe.report"));
  }
}
