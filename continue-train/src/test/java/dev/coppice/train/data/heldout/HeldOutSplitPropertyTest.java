package dev.coppice.train.data.heldout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.hash.Hashing;
import dev.coppice.train.data.text.TextDocument;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;

class HeldOutSplitPropertyTest {
  @Provide
  Arbitrary<List<TextDocument>> documents() {
    return Arbitraries.longs()
        .between(1, 10_000)
        .list()
        .ofMinSize(2)
        .ofMaxSize(60)
        .map(HeldOutSplitPropertyTest::documents);
  }

  private static List<TextDocument> documents(List<Long> sizes) {
    List<TextDocument> documents = new ArrayList<>();
    for (int i = 0; i < sizes.size(); i++) {
      String sha256 = Hashing.sha256().hashInt(i).toString();
      documents.add(
          new TextDocument("d" + i, Path.of("d" + i), Optional.empty(), sizes.get(i), sha256));
    }
    return documents;
  }

  @Property(tries = 300)
  void partsEveryDocument(
      @ForAll("documents") List<TextDocument> documents,
      @ForAll @DoubleRange(min = 0.01, max = 0.99) double share,
      @ForAll long seed) {
    HeldOutSplit split = HeldOutSplit.of(documents, share, seed);
    assertThat(split.train()).isNotEmpty().doesNotContainAnyElementsOf(split.heldOut());
    assertThat(split.heldOut()).isNotEmpty();
    List<TextDocument> all = new ArrayList<>(split.train());
    all.addAll(split.heldOut());
    assertThat(all).containsExactlyInAnyOrderElementsOf(documents);
  }

  @Property(tries = 200)
  void holdsOutTheShareAndNoDocumentMore(
      @ForAll("documents") List<TextDocument> documents,
      @ForAll @DoubleRange(min = 0.01, max = 0.99) double share,
      @ForAll long seed) {
    HeldOutSplit split = HeldOutSplit.of(documents, share, seed);
    long held = split.heldOut().stream().mapToLong(TextDocument::bytes).sum();
    long largest = split.heldOut().stream().mapToLong(TextDocument::bytes).max().orElseThrow();
    long all = documents.stream().mapToLong(TextDocument::bytes).sum();
    if (split.train().size() > 1) {
      assertThat((double) held).isGreaterThanOrEqualTo(share * all);
    }
    assertThat((double) held - largest).isLessThan(share * all);
  }

  @Property(tries = 100)
  void doesNotDependOnTheOrder(
      @ForAll("documents") List<TextDocument> documents, @ForAll long seed) {
    List<TextDocument> shuffled = new ArrayList<>(documents);
    Collections.shuffle(shuffled, new Random(seed));
    assertThat(HeldOutSplit.of(shuffled, 0.2, seed).heldOut())
        .containsExactlyInAnyOrderElementsOf(HeldOutSplit.of(documents, 0.2, seed).heldOut());
  }

  @Example
  void anotherSeedIsAnotherSplit() {
    List<TextDocument> documents = documents(Collections.nCopies(100, 10L));
    assertThat(HeldOutSplit.of(documents, 0.2, 1).heldOut())
        .isNotEqualTo(HeldOutSplit.of(documents, 0.2, 2).heldOut())
        .hasSize(20);
  }

  @Example
  void refusesOneDocument() {
    assertThatThrownBy(() -> HeldOutSplit.of(documents(List.of(5L)), 0.5, 0))
        .hasMessage("a held-out split needs at least 2 text files, got 1");
  }
}
