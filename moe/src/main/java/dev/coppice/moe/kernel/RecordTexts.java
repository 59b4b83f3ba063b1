package dev.coppice.moe.kernel;

import com.google.common.collect.ImmutableList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The kernels' records whose fields are defined in Java: their text is made of Java's enums, and so
 * the two cannot part.
 */
final class RecordTexts {
  /** Parameters before those of the layers. */
  private static final ImmutableList<String> FIRST =
      ImmutableList.of("embedding_VD", "final_norm_D", "head_VD");

  private RecordTexts() {}

  /** {@code parameters.py}: the records of a layer and of a model, and how a list becomes one. */
  static String parameters() {
    List<String> fields =
        Arrays.stream(LayerParameter.values()).map(LayerParameter::field).toList();
    String values =
        IntStream.range(0, fields.size())
            .mapToObj(i -> "p[at + " + i + "]")
            .collect(Collectors.joining(", "));
    String first =
        IntStream.range(0, FIRST.size())
            .mapToObj(i -> "p[" + i + "]")
            .collect(Collectors.joining(", "));
    return record("Layer", typed(fields, "Tensor"))
        + record("Model", typed(FIRST, "Tensor") + "  layers : List[__torch__.parameters.Layer]\n")
        + "def model(p: List[Tensor]) -> __torch__.parameters.Model:\n"
        + "  layers = annotate(List[__torch__.parameters.Layer], [])\n"
        + "  at = "
        + FIRST.size()
        + "\n  while at < torch.len(p):\n    layers.append(__torch__.parameters.Layer("
        + values
        + "))\n    at = at + "
        + fields.size()
        + "\n  return __torch__.parameters.Model("
        + first
        + ", layers)\n";
  }

  /** {@code calls.py}: the record of a call's numbers, and how lists of them become one. */
  static String calls() {
    StringBuilder fields = new StringBuilder();
    StringBuilder values = new StringBuilder();
    int integers = 0;
    int numbers = 0;
    for (CallField field : CallField.values()) {
      fields.append("  ").append(field.field()).append(" : ").append(field.type().text());
      fields.append("\n");
      values.append(field.whole() ? "integers[" + integers++ + "]" : "numbers[" + numbers++ + "]");
      values.append(field.type() == CallField.Type.FLAG ? " == 1, " : ", ");
    }
    fields.append("  top_k : List[int]\n  windows : List[int]\n  segments : List[int]\n");
    return record("Call", fields.toString())
        + "def call(integers: List[int], numbers: List[float], segments: List[int])"
        + " -> __torch__.calls.Call:\n  layers = torch.floordiv(torch.len(integers) - "
        + integers
        + ", 2)\n  windows = "
        + integers
        + " + layers\n  return __torch__.calls.Call("
        + values
        + "integers["
        + integers
        + ":windows], integers[windows:], segments)\n";
  }

  private static String typed(List<String> fields, String type) {
    return fields.stream()
        .map(field -> "  " + field + " : " + type + "\n")
        .collect(Collectors.joining());
  }

  private static String record(String name, String fields) {
    return "class " + name + "(NamedTuple):\n" + fields + "\n\n";
  }
}
