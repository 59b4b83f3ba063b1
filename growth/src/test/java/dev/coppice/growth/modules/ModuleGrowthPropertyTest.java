package dev.coppice.growth.modules;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Each grown module is meant exactly if its source was, in every spelling. */
class ModuleGrowthPropertyTest {
  private static final ImmutableList<String> RESTS =
      ImmutableList.of("mlp.gate", "self_attn.q_proj", "mlp.shared.up_proj");

  @Provide
  Arbitrary<TinyModules> models() {
    Arbitrary<Integer> layers = Arbitraries.integers().between(1, 24);
    Arbitrary<Integer> experts = Arbitraries.integers().between(1, 12);
    return Combinators.combine(
            layers, experts, Arbitraries.integers().between(1, 3), Arbitraries.longs())
        .as(ModuleGrowthPropertyTest::model);
  }

  private static TinyModules model(int layers, int experts, int width, long seed) {
    Random random = new Random(seed);
    List<Integer> sources = new ArrayList<>(IntStream.range(0, layers).boxed().toList());
    IntStream.range(0, random.nextInt(2 * layers))
        .forEach(i -> sources.add(random.nextInt(layers)));
    if (random.nextBoolean()) {
      Collections.sort(sources);
    }
    boolean interleaved = random.nextBoolean();
    List<Integer> grown =
        IntStream.range(0, experts * width)
            .map(i -> interleaved ? i / width : i % experts)
            .boxed()
            .toList();
    return new TinyModules(layers, sources, experts, grown);
  }

  @Provide
  Arbitrary<String> wildcards() {
    Arbitrary<String> heads = Arbitraries.of("model.layers.", "*.layers.", "*layers.", "model.*.");
    Arbitrary<String> indices =
        Arbitraries.of("0*", "1*", "2*", "1?", "?", "[0-3]", "[!0]", "1[02]", "*", "24*")
            .edgeCases(config -> config.none());
    Arbitrary<String> rests =
        Arbitraries.of(
            "",
            ".*",
            ".mlp*",
            ".mlp.experts.[0-3].*",
            ".mlp.experts.1*",
            "*gate",
            ".mlp.gate",
            ".mlp.experts.?.up_proj",
            "*.experts.*.down_proj");
    return Combinators.combine(heads, index(indices), rests)
        .as((head, i, rest) -> head + i + rest)
        .filter(text -> text.matches(".*[*?\\[].*"));
  }

  private static Arbitrary<String> index(Arbitrary<String> others) {
    return Arbitraries.oneOf(others, Arbitraries.integers().between(0, 24).map(String::valueOf));
  }

  @Provide
  Arbitrary<String> expressions() {
    Arbitrary<String> heads =
        Arbitraries.of(
            "model\\.layers\\.",
            ".*\\.layers\\.",
            ".*layers.",
            "^model[.]layers[.]",
            "(?:model\\.)?layers\\.");
    Arbitrary<String> indices =
        Arbitraries.of(
            "(0|1|2)", "[0-3]", "\\d", "\\d+", "(?:1[0-9]|2)", "[0-9]{2}", "1.*", "(1\\.mlp|2)");
    Arbitrary<String> rests =
        Arbitraries.of(
            "",
            "\\..*",
            "\\.mlp\\.gate",
            "\\.mlp\\.gate$",
            ".self_attn.*",
            "\\.mlp\\.experts\\.(0|1)\\..*",
            "\\.mlp\\.experts\\.[0-4]\\.up_proj$",
            "\\.(self_attn|mlp).*");
    return Combinators.combine(heads, index(indices), rests)
        .as((head, i, rest) -> "re:" + head + i + rest);
  }

  @Provide
  Arbitrary<String> names() {
    Arbitrary<Integer> layers = Arbitraries.integers().between(0, 24);
    Arbitrary<Integer> experts = Arbitraries.integers().between(0, 11);
    Arbitrary<String> heads =
        Arbitraries.of("model.layers.", "layers.", "vision_tower.encoder.layers.");
    Arbitrary<String> rests =
        Arbitraries.oneOf(
            Arbitraries.of(RESTS).map(rest -> "." + rest),
            Arbitraries.of(".", ".mlp", ".mlp.experts", ".self_attn"),
            Combinators.combine(experts, Arbitraries.of("", ".up_proj", ".down_proj"))
                .as((expert, part) -> ".mlp.experts." + expert + part));
    return Combinators.combine(heads, layers, rests).as((head, layer, rest) -> head + layer + rest);
  }

  @Property(tries = 600)
  void wildcardsKeepTheirMeaning(
      @ForAll("models") TinyModules model, @ForAll("wildcards") String entry) {
    assertSameMeaning(model, entry);
  }

  @Property(tries = 600)
  void expressionsKeepTheirMeaning(
      @ForAll("models") TinyModules model, @ForAll("expressions") String entry) {
    assertSameMeaning(model, entry);
  }

  @Property(tries = 600)
  void namesKeepTheirMeaning(@ForAll("models") TinyModules model, @ForAll("names") String entry) {
    assertSameMeaning(model, entry);
  }

  @Property(tries = 500)
  void fullNamesAreExactForEveryReader(
      @ForAll("models") TinyModules model, @ForAll("names") String entry) {
    List<String> grown = model.grown(entry);
    if (model.before().contains(entry)) {
      model
          .sources()
          .forEach(
              (name, source) ->
                  assertThat(grown.contains(name)).as(name).isEqualTo(source.equals(entry)));
    }
  }

  private static void assertSameMeaning(TinyModules model, String entry) {
    List<String> grown = model.grown(entry);
    model
        .sources()
        .forEach(
            (name, source) ->
                assertThat(NaiveMeaning.means(grown, name))
                    .as("%s -> %s: %s", entry, grown, name)
                    .isEqualTo(NaiveMeaning.means(List.of(entry), source)));
  }
}
