package dev.coppice.growth;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.coppice.growth");

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
}
