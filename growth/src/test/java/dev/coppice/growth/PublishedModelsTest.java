package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Iterables;
import com.google.common.io.Resources;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.Counts;
import dev.coppice.moe.family.Families;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/**
 * Counts of published models are the published ones: names, types and shapes of all their tensors,
 * without a weight. {@code published/generate.py} wrote the lists; {@code published/figures.csv}
 * says what the Hub's safetensors totals and the model cards say.
 */
class PublishedModelsTest {
  private static final Splitter LINES = Splitter.on('\n').omitEmptyStrings();
  private static final Splitter WORDS = Splitter.on(' ');
  private static final Splitter COMMAS = Splitter.on(',').omitEmptyStrings();
  private static final Splitter RANGE = Splitter.on('-');

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(resources = "/published/figures.csv", numLinesToSkip = 1)
  void countsAreThePublishedOnes(
      String model, int tensors, long parameters, double active, double lookUp, double published)
      throws IOException {
    ObjectNode config = (ObjectNode) new ObjectMapper().readTree(read(model + ".json"));
    List<TensorSlot> slots = slots(read(model + ".tensors"));
    assertThat(slots).hasSize(tensors);
    Family family = Families.builtIn().of(config);
    Counts counts =
        Anatomy.of(
                family.name(),
                family.traits(),
                config,
                new Anatomy.TensorSet(slots, name -> "published model"))
            .counts();
    assertThat(counts.parameters()).isEqualTo(parameters);
    assertThat(counts.active() / 1e9).isCloseTo(active, within(0.005));
    assertThat(counts.flopsPerToken()).isEqualTo(6 * counts.active());
    // names of models round, and some of them count the look-up
    double ours = counts.active() / 1e9;
    assertThat(Math.min(Math.abs(ours - published), Math.abs(ours + lookUp - published)))
        .isLessThan(0.1 * published);
  }

  private static String read(String name) throws IOException {
    return Resources.toString(Resources.getResource("published/" + name), StandardCharsets.UTF_8);
  }

  private static List<TensorSlot> slots(String text) {
    List<TensorSlot> slots = new ArrayList<>();
    for (String line : LINES.split(text)) {
      List<String> words = WORDS.splitToList(line);
      ImmutableList<Long> shape =
          ImmutableList.copyOf(
              Iterables.transform(
                  COMMAS.split(words.size() > 2 ? words.get(2) : ""), Long::parseLong));
      for (String name : names(words.get(0))) {
        slots.add(new TensorSlot(name, Dtype.valueOf(words.get(1)), shape));
      }
    }
    return slots;
  }

  /** Names of a pattern: each {@code {0-3,5}} stands for its numbers. */
  private static List<String> names(String pattern) {
    int from = pattern.indexOf('{');
    if (from < 0) {
      return List.of(pattern);
    }
    int to = pattern.indexOf('}');
    List<String> rests = names(pattern.substring(to + 1));
    List<String> all = new ArrayList<>();
    for (String range : COMMAS.split(pattern.substring(from + 1, to))) {
      List<String> ends = RANGE.splitToList(range);
      for (int i = Integer.parseInt(ends.get(0));
          i <= Integer.parseInt(Iterables.getLast(ends));
          i++) {
        for (String rest : rests) {
          all.add(pattern.substring(0, from) + i + rest);
        }
      }
    }
    return all;
  }
}
