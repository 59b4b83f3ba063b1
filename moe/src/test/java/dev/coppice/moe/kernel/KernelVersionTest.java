package dev.coppice.moe.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.hash.Hashing;
import com.google.common.io.Resources;
import java.io.IOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs resume exactly on kernels that compute the same bits, and on no others. */
class KernelVersionTest {
  @ParameterizedTest
  @CsvSource({
    "fa2e16a367b27c835673ab4b0d3bb0d512c4e6b3b7031d8d62a85915a800b24f, BLAS",
    "7709d8b3f7bf75c1dff7543d2203bdf95300158618dd1e9ec51ab098fd3189ac, ONEDNN"
  })
  void theLastHashIsTheFirstNumberOfTheSameProducts(String hash, Products products) {
    assertThat(KernelVersion.canonical(hash)).isEqualTo("1-" + products.lowerCase());
    assertThat(KernelVersion.hashed(hash)).isTrue();
  }

  @Test
  void otherHashesStayWhatTheyAre() {
    String other = "0".repeat(64);
    assertThat(KernelVersion.canonical(other)).isEqualTo(other);
    assertThat(KernelVersion.hashed(other)).isFalse();
  }

  @ParameterizedTest
  @EnumSource(Products.class)
  void productsAreTwoVersions(Products products) {
    String version = KernelVersion.of(products);
    assertThat(KernelVersion.canonical(version)).isEqualTo(version);
    assertThat(version).endsWith("-" + products.lowerCase());
  }

  /**
   * The texts without their comments. Where this fails, show that no bit has changed (goldens, and
   * a run of 30 steps beside the version before, with both products) and set the hash; where a bit
   * has changed, raise the number too.
   */
  @Test
  void aChangeOfTheTextIsNoticed() throws Exception {
    assertThat(statements()).isEqualTo(STATEMENTS);
  }

  private static final String STATEMENTS =
      "da6d2a0a52c12e7cd8eaee708f7703780383d9c6c6f66b4bba339f701171726b";

  private static String statements() throws Exception {
    URL one = Resources.getResource(KernelVersion.class, "kernels.py");
    StringBuilder text = new StringBuilder(RecordTexts.parameters() + RecordTexts.calls());
    try (Stream<Path> files = Files.list(Path.of(one.toURI()).resolveSibling("."))) {
      for (Path file : files.sorted().toList()) {
        if (file.toString().endsWith(".py")) {
          text.append(withoutComments(Files.readAllLines(file)));
        }
      }
    }
    return Hashing.sha256().hashString(text, StandardCharsets.UTF_8).toString();
  }

  private static String withoutComments(List<String> lines) throws IOException {
    return lines.stream()
        .filter(line -> !line.isBlank() && !line.strip().startsWith("#"))
        .collect(Collectors.joining("\n", "", "\n"));
  }
}
