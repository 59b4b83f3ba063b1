package dev.coppice.moe.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.io.Resources;
import com.google.common.primitives.Longs;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernels' records have Java's fields, in Java's order. */
class RecordTextsTest {
  private static final MoeSpec MODEL =
      new MoeSpec(
          "qwen3_moe",
          16,
          8,
          GroupedAttention.plain(1, 1, 8, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(4, 3, 8), new LayerSpec.Dense(8)),
          1e-6,
          true,
          64);

  @Test
  void aLayerHasAFieldForEveryParameter() {
    String text = RecordTexts.parameters();
    int at = text.indexOf("class Layer(NamedTuple):");
    for (LayerParameter parameter : LayerParameter.values()) {
      int next = text.indexOf("  " + parameter.field() + " : Tensor\n");
      assertThat(next).as(parameter.field()).isGreaterThan(at);
      at = next;
    }
    assertThat(text).contains("p[at + 20]))").doesNotContain("p[at + 21]");
  }

  @Test
  void aCallIsMadeOfAsManyNumbersAsAreSent() {
    DecoderCall call =
        new DecoderCall(
            MODEL, 2, 5, ImmutableList.of(), new DecoderCall.Options(false, 128, false));
    long[] integers = call.integers(true);
    long whole = Stream.of(CallField.values()).filter(CallField::whole).count();
    assertThat(integers).hasSize((int) whole + 4);
    assertThat(Longs.asList(integers)).endsWith(3L, 0L, 0L, 0L).startsWith(2L, 5L);
    assertThat(call.numbers(DecoderCall.Factors.NONE))
        .hasSize(CallField.values().length - (int) whole);
    assertThat(RecordTexts.calls())
        .contains("integers[" + (whole - 1) + "] == 1, ")
        .contains("integers[" + whole + ":windows]");
  }

  static Stream<String> texts() {
    return Stream.concat(
        ScriptArchive.FUNCTIONS.stream(), Stream.of("kernels", "product_blas", "product_onednn"));
  }

  /** A value has a name, and a line can be read. */
  @ParameterizedTest
  @MethodSource("texts")
  void noTextReadsAValueByItsPlace(String name) throws IOException {
    String text =
        Resources.toString(
            Resources.getResource(KernelVersion.class, name + ".py"), StandardCharsets.UTF_8);
    Pattern places = Pattern.compile("\\b(p|g|shape|numbers|kept|common|back|own|state)\\[");
    assertThat(text).doesNotContainPattern(places);
    assertThat(text.lines()).allMatch(line -> line.length() <= 120);
  }
}
