package dev.coppice.bench;

import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.GeneralCodingRules;
import dev.coppice.bench.experiment.GrowVersusScratch;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.testing.PackageSizes;
import dev.coppice.train.run.TrainingRun;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** The house plan, held over all modules at once. */
final class ArchitectureTest {
  /** Fewer classes than this mean that a module was not scanned. */
  private static final int SCAN_FLOOR = 120;

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .importUrls(
              Stream.of(
                      CoppiceVersion.class,
                      GrowthPlan.class,
                      TrainingRun.class,
                      GrowVersusScratch.class)
                  .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
                  .toList());

  @Test
  void allModulesAreScanned() {
    assertThat(CLASSES).hasSizeGreaterThan(SCAN_FLOOR);
    assertThat(CLASSES.stream().map(c -> Splitter.on('.').splitToList(c.getPackageName()).get(2)))
        .contains("moe", "growth", "train", "bench");
  }

  @Test
  void modulesKnowOnlyWhatLiesBelowThem() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("moe")
        .definedBy("dev.coppice.moe..")
        .layer("growth")
        .definedBy("dev.coppice.growth..")
        .layer("train")
        .definedBy("dev.coppice.train..")
        .layer("bench")
        .definedBy("dev.coppice.bench..")
        .whereLayer("bench")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("growth")
        .mayOnlyBeAccessedByLayers("bench")
        .whereLayer("train")
        .mayOnlyBeAccessedByLayers("bench")
        .whereLayer("moe")
        .mayOnlyBeAccessedByLayers("growth", "train", "bench")
        .check(CLASSES);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("dev.coppice.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void commandLinesAreUsedByNoLibrary() {
    noClasses()
        .that()
        .resideOutsideOfPackage("..cli..")
        .should()
        .dependOnClassesThat(nameMatching("dev\\.coppice\\.(?!moe\\.cli\\.).*\\.cli\\..*"))
        .check(CLASSES);
  }

  @Test
  void everyPackageIsNullMarked() {
    Set<String> unmarked =
        CLASSES.stream()
            .map(JavaClass::getPackage)
            .filter(p -> !p.isAnnotatedWith(NullMarked.class))
            .map(p -> p.getName())
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(unmarked).isEmpty();
  }

  @Test
  void noExceptionIsGeneric() {
    GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS.check(CLASSES);
  }

  @Test
  void filesArePathsAndNothingIsDeserialised() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .belongToAnyOf(java.io.File.class, ObjectInputStream.class, ObjectOutputStream.class)
        .check(CLASSES);
  }

  @Test
  void standardOutputBelongsToTheCommandLine() {
    noClasses().should().accessField(System.class, "out").check(CLASSES);
  }

  @Test
  void packagesHaveFiveToTwentyFourFiles() throws IOException {
    PackageSizes.assertBounded(Set.of("dev.coppice.bench", "dev.coppice.bench.experiment"));
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
}
