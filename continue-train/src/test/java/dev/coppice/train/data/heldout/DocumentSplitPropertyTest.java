package dev.coppice.train.data.heldout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.io.Folders;
import dev.coppice.train.data.token.TestTokens;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class DocumentSplitPropertyTest {
  /** Documents of these lengths that count on from 0, but every third repeats the first token. */
  private static List<int[]> documents(List<Integer> lengths) {
    List<int[]> made = new ArrayList<>();
    int next = 0;
    for (int length : lengths) {
      int[] document = new int[length];
      for (int i = 0; i < length; i++) {
        document[i] = made.size() % 3 == 2 ? 7 : next++;
      }
      made.add(document);
    }
    return made;
  }

  @Property(tries = 150)
  void whatIsLeftIsAllButTheHeldOutDocuments(
      @ForAll @Size(min = 2, max = 30) List<@IntRange(min = 0, max = 9) Integer> lengths,
      @ForAll @DoubleRange(min = 0.01, max = 0.99) double share,
      @ForAll long seed)
      throws IOException {
    Path folder = Files.createTempDirectory("split");
    List<Integer> filled = new ArrayList<>(lengths);
    filled.add(11);
    filled.add(12);
    List<int[]> documents = documents(filled);
    try (DocumentSplit split =
        DocumentSplit.of(TestTokens.write(folder.resolve("t"), 1000, documents), share, seed)) {
      List<Long> heldOut = split.heldOut().asList();
      List<int[]> left = new ArrayList<>();
      TreeSet<Long> leftKeys = new TreeSet<>();
      for (int d = 0; d < documents.size(); d++) {
        if (!heldOut.contains((long) d)) {
          left.add(documents.get(d));
          leftKeys.add(split.all().documentKey(d));
        }
      }
      assertSame(split, left);
      assertThat(left).isNotEmpty();
      assertThat(heldOut).isNotEmpty();
      for (long d : heldOut) {
        assertThat(leftKeys).doesNotContain(split.all().documentKey(d));
      }
    } finally {
      Folders.delete(folder);
    }
  }

  private static void assertSame(TokenSequence tokens, List<int[]> documents) {
    assertThat(tokens.documentCount()).isEqualTo(documents.size());
    long at = 0;
    for (int d = 0; d < documents.size(); d++) {
      assertThat(tokens.documentStart(d)).isEqualTo(at);
      for (int token : documents.get(d)) {
        assertThat(tokens.documentOf(at)).isEqualTo(d);
        assertThat(tokens.token(at++)).isEqualTo(token);
      }
    }
    assertThat(tokens.tokenCount()).isEqualTo(at);
    assertThat(tokens.documentStart(documents.size())).isEqualTo(at);
  }

  /** Of 400 documents of one length, the share is met to the document. */
  @Example
  void holdsOutTheShareByAnOrderOfTheSeed() throws IOException {
    Path folder = Files.createTempDirectory("split");
    List<int[]> documents = new ArrayList<>();
    for (int d = 0; d < 400; d++) {
      documents.add(new int[] {d, d + 1, 3});
    }
    try (TokenFile file = TestTokens.write(folder.resolve("t"), 1000, documents)) {
      DocumentSplit one = DocumentSplit.of(file, 0.1, 1);
      assertThat(one.heldOut().length()).isEqualTo(40);
      assertThat(DocumentSplit.of(file, 0.1, 1).heldOut()).isEqualTo(one.heldOut());
      assertThat(DocumentSplit.of(file, 0.1, 2).heldOut()).isNotEqualTo(one.heldOut());
      assertThat(DocumentSplit.of(file, 0.2, 1).heldOut().asList())
          .containsAll(one.heldOut().asList());
      assertThat(DocumentSplit.of(file, 0.1, 2).fingerprint()).isNotEqualTo(one.fingerprint());
    } finally {
      Folders.delete(folder);
    }
  }

  @Example
  void refusesDocumentsThatAreAllAlike() throws IOException {
    Path folder = Files.createTempDirectory("split");
    List<int[]> alike = List.of(new int[] {1, 2}, new int[] {1, 2});
    try (TokenFile file = TestTokens.write(folder.resolve("t"), 1000, alike)) {
      assertThatThrownBy(() -> DocumentSplit.of(file, 0.1, 1))
          .hasMessage(
              "held-out text needs at least 2 different documents in the data, got 2"
                  + " (a file of text is one document, a line of JSON is one)");
    } finally {
      Folders.delete(folder);
    }
  }
}
