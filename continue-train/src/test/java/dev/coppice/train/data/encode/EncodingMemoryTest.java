package dev.coppice.train.data.encode;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.testing.SentencePieceTraining;
import dev.coppice.moe.text.JsonTokenizer;
import dev.coppice.moe.text.TextPieces;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.train.data.DataTestBase;
import dev.coppice.train.data.text.TextDocument;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Texts that a library reads at once are refused where memory does not suffice. */
class EncodingMemoryTest extends DataTestBase {
  private static final String TEXT = "the old root drives new wood\nThe trees grow again\n";
  private static final String REMEDY = "; split it into documents: smaller files, or JSON lines";

  private Tokenizer tokenizer(SentencePieceTraining.Style style) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    return JsonTokenizer.open(file, SentencePieceTraining.write(file, TEXT, style));
  }

  private static TextDocument document(Path file, long bytes) {
    return new TextDocument("a.txt", file, Optional.empty(), bytes, "0".repeat(64));
  }

  @Test
  void aDocumentThatCannotBeCutIsRefusedBeforeAnyIsEncoded() throws IOException {
    Path file = folder.resolve("a.txt");
    try (Tokenizer whole = tokenizer(SentencePieceTraining.Style.UNIGRAM_WHOLE)) {
      EncodingMemory memory = EncodingMemory.of(whole, 15_000_000_000L);
      assertThatThrownBy(() -> memory.checkDocuments(List.of(document(file, 1_000_000_000))))
          .isInstanceOf(CoppiceException.class)
          .hasMessage(
              "document without a place to cut must fit into memory for this tokenizer, got 1000"
                  + " MB of text, which need about 150.0 GB of 15.0 GB ("
                  + file
                  + ")"
                  + REMEDY)
          .extracting(e -> ((CoppiceException) e).kind())
          .isEqualTo(ErrorKind.RESOURCE);
      assertThatCode(() -> memory.checkDocuments(List.of(document(file, 100_000_000))))
          .doesNotThrowAnyException();
    }
  }

  @Test
  void aDocumentThatMayBeCutIsNotRefusedForItsSize() throws IOException {
    try (Tokenizer mixtral = tokenizer(SentencePieceTraining.Style.PREPEND)) {
      EncodingMemory memory = EncodingMemory.of(mixtral, 1_000_000);
      List<TextDocument> documents = List.of(document(folder, 1L << 40));
      assertThatCode(() -> memory.checkDocuments(documents)).doesNotThrowAnyException();
    }
  }

  @Test
  void aStretchWithoutACutIsRefusedWhereItGrowsTooLong() throws IOException {
    try (Tokenizer mixtral = tokenizer(SentencePieceTraining.Style.PREPEND)) {
      EncodingMemory memory = EncodingMemory.of(mixtral, 30_000_000);
      String text = TEXT.repeat(9000) + "x".repeat(300_000);
      TextPieces pieces =
          new TextPieces(
              new StringReader(text),
              mixtral.cuts(),
              length -> memory.checkPiece("document 3", length));
      assertThatThrownBy(
              () -> {
                while (pieces.next().isPresent()) {
                  // reads on
                }
              })
          .isInstanceOf(CoppiceException.class)
          .hasMessageStartingWith("document without a place to cut must fit into memory")
          .hasMessageEndingWith("(document 3)" + REMEDY);
    }
  }
}
