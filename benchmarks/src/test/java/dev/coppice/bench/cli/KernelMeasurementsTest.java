package dev.coppice.bench.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** {@code kernels.csv} has the form that {@code KERNELS.md} describes, and the same subjects. */
class KernelMeasurementsTest {
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");
  private static final Pattern VALUES = Pattern.compile("([0-9.]+( [0-9.]+)*)?");

  @Test
  void everyMeasurementHasTheDescribedForm() throws IOException {
    List<List<String>> lines = measurements();
    assertThat(lines).hasSizeGreaterThan(200);
    assertThat(lines)
        .allSatisfy(
            fields -> {
              assertThat(fields).hasSize(10);
              assertThat(fields.get(8)).matches(VALUES);
            });
  }

  @Test
  void theDocumentNamesEveryColumnAndStatistic() throws IOException {
    List<String> names = namesInFirstColumns();
    assertThat(names).containsAll(Splitter.on(',').splitToList(csv().get(0)));
    assertThat(names).containsAll(measurements().stream().map(fields -> fields.get(7)).toList());
  }

  @Test
  void everyVariantOfTheDocumentHasItsMeasurements() throws IOException {
    List<String> variants =
        document().stream()
            .dropWhile(line -> !line.equals("## Variants"))
            .filter(line -> line.startsWith("| `"))
            .map(line -> Splitter.on('`').splitToList(line).get(1))
            .toList();
    assertThat(variants).hasSizeGreaterThan(30);
    assertThat(subjects()).containsAll(variants);
  }

  @Test
  void everySubjectStandsInTheDocument() throws IOException {
    assertThat(namesInFirstColumns()).containsAll(subjects());
  }

  private static List<String> subjects() throws IOException {
    return measurements().stream().map(fields -> fields.get(0)).distinct().toList();
  }

  private static List<String> namesInFirstColumns() throws IOException {
    return document().stream()
        .filter(line -> line.startsWith("| `"))
        .map(line -> Splitter.on(" | ").splitToList(line).get(0))
        .flatMap(cell -> CODE.matcher(cell).results())
        .map(code -> code.group(1))
        .toList();
  }

  private static List<List<String>> measurements() throws IOException {
    return csv().stream().skip(1).map(line -> Splitter.on(',').splitToList(line)).toList();
  }

  private static List<String> csv() throws IOException {
    return Files.readAllLines(Path.of("kernels.csv"));
  }

  private static List<String> document() throws IOException {
    return Files.readAllLines(Path.of("KERNELS.md"));
  }
}
