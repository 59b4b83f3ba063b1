package dev.coppice.moe;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .importUrl(CoppiceVersion.class.getProtectionDomain().getCodeSource().getLocation());

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
}
