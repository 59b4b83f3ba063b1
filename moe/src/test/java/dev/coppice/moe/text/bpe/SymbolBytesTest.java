package dev.coppice.moe.text.bpe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Symbols with a blank before words and bytes as a fallback, as SentencePiece has them. */
class SymbolBytesTest {
  private static final List<String> SYMBOLS =
      List.of("<unk>", "a", "\u2581the", "<0xE2>", "\u4E2D", "<s>");

  /** Leaves out the blank at a text's beginning, and takes a byte alone for a damaged letter. */
  private static String decode(int... ids) {
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      String symbol = SYMBOLS.get(id);
      text.append(
          symbol.equals("<s>")
              ? ""
              : symbol.equals("<0xE2>") ? "\uFFFD" : symbol.replace('\u2581', ' '));
    }
    return text.toString().replaceFirst("^ ", "");
  }

  @Test
  void blanksCountAndBytesAreOne() throws IOException {
    String json =
        "{\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"}]},"
            + "\"model\":{\"vocab\":{\"<unk>\":0,\"a\":1,\"\u2581the\":2,\"<0xE2>\":3,"
            + "\"\u4E2D\":4}},"
            + "\"added_tokens\":[{\"id\":5,\"content\":\"<s>\",\"special\":true}]}";
    SymbolBytes bytes =
        SymbolBytes.of(new ObjectMapper().readTree(json), SymbolBytesTest::decode, 1);
    assertThat(bytes.of(1)).isEqualTo(1);
    assertThat(bytes.of(2)).isEqualTo(4);
    assertThat(bytes.of(3)).isEqualTo(1);
    assertThat(bytes.of(4)).isEqualTo(3);
    assertThat(bytes.of(5)).isZero();
  }
}
