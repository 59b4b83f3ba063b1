package dev.coppice.growth.moment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.coppice.growth.GrowthExecutor;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.Growths;
import dev.coppice.growth.Growths.Deeper;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.plan.DepthOperator;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.growth.width.DuplicateExperts.RouterStart;
import dev.coppice.growth.width.DuplicateExperts.TopK;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.GrowthOrigin;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsFile;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.MoeSpecs;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** I10 over random models of both families and random growths, judged from names alone. */
class MomentGrowthPropertyTest {
  private static final Set<TensorRole> OUTPUTS =
      Set.of(TensorRole.OUTPUT, TensorRole.EXPERT_DOWN, TensorRole.DENSE_DOWN);

  private static final Deeper NO_DEPTH = new Deeper(false, 2, 0, 0, false);

  @Provide
  Arbitrary<MoeSpec> specs() {
    return MoeSpecs.arbitrary().filter(spec -> spec.firstMoe().isPresent());
  }

  @Provide
  Arbitrary<Deeper> deeper() {
    return Growths.deeper();
  }

  @Provide
  Arbitrary<DuplicateExperts> wider() {
    return Growths.wider();
  }

  @Provide
  Arbitrary<Dtype> dtypes() {
    return Arbitraries.of(Dtype.BF16, Dtype.F32);
  }

  @Provide
  Arbitrary<MomentRule> rules() {
    return Arbitraries.of(MomentRule.values());
  }

  /** A width and a rule that can foretell its gradients. */
  private record Widening(MomentRule rule, DuplicateExperts wider) {}

  @Provide
  Arbitrary<Widening> widenings() {
    return Combinators.combine(rules(), wider())
        .as(Widening::new)
        .filter(each -> each.rule() != MomentRule.SCALE || each.wider().topK() != TopK.KEEP);
  }

  @Provide
  Arbitrary<Widening> repeatable() {
    return Combinators.combine(rules(), wider())
        .as(Widening::new)
        .filter(each -> each.rule() != MomentRule.RESET && each.wider().topK() != TopK.KEEP);
  }

  /** What is known of one growth without the code under test. */
  private record Judge(
      MomentRule rule, Deeper deeper, DuplicateExperts wider, MoeSpec spec, Family family) {

    int experts() {
      return spec.firstMoe().orElseThrow().experts();
    }

    boolean isNewLayer(int layer) {
      List<Integer> sources = deeper.sources(spec.layerCount());
      return sources.indexOf(sources.get(layer)) < layer;
    }

    boolean isNewExpert(int expert) {
      return wider.placement() == Placement.APPEND
          ? expert >= experts()
          : expert % wider.factor() != 0;
    }

    private int original(int expert) {
      return wider.placement() == Placement.APPEND ? expert % experts() : expert / wider.factor();
    }

    private String sourceName(TensorAddress address) {
      List<Integer> sources = deeper.sources(spec.layerCount());
      OptionalInt layer =
          address.layer().isPresent()
              ? OptionalInt.of(sources.get(address.layer().getAsInt()))
              : OptionalInt.empty();
      OptionalInt expert =
          address.expert().isPresent()
              ? OptionalInt.of(original(address.expert().getAsInt()))
              : OptionalInt.empty();
      return family.name(new TensorAddress(address.role(), layer, expert));
    }

    /** The moment of a grown tensor. */
    float[] expected(int order, String name, Map<String, float[]> before) {
      TensorAddress address = family.address(name).orElseThrow();
      float[] source = before.get((order == 1 ? "exp_avg." : "exp_avg_sq.") + sourceName(address));
      boolean router = address.role() == TensorRole.ROUTER;
      float[] expected = router ? rows(source) : Arrays.copyOf(source, source.length);
      boolean newLayer = address.layer().isPresent() && isNewLayer(address.layer().getAsInt());
      boolean identity = newLayer && deeper.identity();
      boolean newExpert = address.expert().isPresent() && isNewExpert(address.expert().getAsInt());
      boolean zero =
          (router && wider.router() == RouterStart.RANDOM)
              || (identity && (OUTPUTS.contains(address.role()) || rule == MomentRule.SCALE))
              || (rule == MomentRule.RESET && (newLayer || newExpert));
      if (zero) {
        Arrays.fill(expected, 0);
      } else if (rule == MomentRule.SCALE && (router || address.expert().isPresent())) {
        double share = order == 1 ? wider.factor() : wider.factor() * wider.factor();
        for (int i = 0; i < expected.length; i++) {
          expected[i] = (float) (expected[i] * (1 / share));
        }
      }
      return expected;
    }

    private float[] rows(float[] source) {
      int width = source.length / experts();
      float[] rows = new float[source.length * wider.factor()];
      for (int row = 0; row < experts() * wider.factor(); row++) {
        if (rule != MomentRule.RESET || !isNewExpert(row)) {
          System.arraycopy(source, original(row) * width, rows, row * width, width);
        }
      }
      return rows;
    }
  }

  /**
   * Every moment is its original's whatever the noise, a share of it, or zero, as the rule says;
   * names, shapes and steps are those that training wants.
   */
  @Property(tries = 25)
  void momentsFollowTheRule(
      @ForAll("specs") MoeSpec spec,
      @ForAll("deeper") Deeper deeper,
      @ForAll("widenings") Widening widening,
      @ForAll("dtypes") Dtype dtype)
      throws IOException {
    MomentRule rule = widening.rule();
    DuplicateExperts wider = widening.wider();
    GrowthOperator growth = deeper.of(spec.layerCount()).then(wider);
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, dtype)) {
      TinyState.write(source, 11);
      Judge judge = new Judge(rule, deeper, wider, spec, source.family());
      GrowthRequest request = GrowthRequest.of(growth, 5).withMoments(Optional.of(rule));
      try (Checkpoint grown = folder.grow(source, request, "grown")) {
        Map<String, float[]> before = TinyState.read(source.folder());
        Map<String, float[]> after = TinyState.read(grown.folder());
        Set<String> names = new TreeSet<>();
        try (SafetensorsFile file = SafetensorsFile.open(TinyState.file(grown.folder()))) {
          assertThat(file.metadata()).containsEntry("steps", "1234").containsEntry("format", "pt");
          for (StoredTensor tensor : grown.tensors().values()) {
            for (int order = 1; order <= 2; order++) {
              String name = (order == 1 ? "exp_avg." : "exp_avg_sq.") + tensor.name();
              names.add(name);
              assertThat(file.tensor(name).dtype()).isEqualTo(Dtype.F32);
              assertThat(file.tensor(name).shape()).isEqualTo(tensor.shape());
              assertThat(after.get(name))
                  .as(name)
                  .containsExactly(judge.expected(order, tensor.name(), before));
            }
          }
        }
        assertThat(after.keySet()).isEqualTo(names);
        assertOrigin(judge, grown);
      }
    }
  }

  private static void assertOrigin(Judge judge, Checkpoint grown) {
    GrowthOrigin origin =
        grown.record().orElseThrow().lineage().flatMap(GrowthOrigin::of).orElseThrow();
    assertThat(origin.sourceLayers()).isEqualTo(judge.deeper().sources(judge.spec().layerCount()));
    for (int layer = 0; layer < grown.spec().layerCount(); layer++) {
      assertThat(origin.newLayer(layer)).isEqualTo(judge.isNewLayer(layer));
      for (int expert = 0; expert < grown.anatomy().layers().get(layer).experts(); expert++) {
        assertThat(origin.newExpert(layer, expert)).isEqualTo(judge.isNewExpert(expert));
      }
    }
  }

  /** I6 for moments: neither the order of operators nor threads and shards change a byte. */
  @Property(tries = 8)
  void depthAndWidthCommute(
      @ForAll("specs") MoeSpec spec,
      @ForAll("deeper") Deeper deeper,
      @ForAll("widenings") Widening widening)
      throws IOException {
    MomentRule rule = widening.rule();
    DuplicateExperts wider = widening.wider();
    DepthOperator depth = deeper.of(spec.layerCount());
    Optional<MomentRule> wanted = Optional.of(rule);
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, Dtype.BF16)) {
      TinyState.write(source, 3);
      GrowthRequest one = new GrowthRequest(depth.then(wider), 5, Long.MAX_VALUE, 1);
      GrowthRequest other = new GrowthRequest(wider.then(depth), 5, 2000, 3);
      try (Checkpoint a = folder.grow(source, one.withMoments(wanted), "a");
          Checkpoint b = folder.grow(source, other.withMoments(wanted), "b")) {
        assertThat(Files.mismatch(TinyState.file(a.folder()), TinyState.file(b.folder())))
            .isEqualTo(-1);
      }
    }
  }

  /** Growing twice with the state is growing once by the product. */
  @Property(tries = 4)
  void twoGrowthsAreOne(@ForAll("specs") MoeSpec spec, @ForAll("repeatable") Widening widening)
      throws IOException {
    MomentRule rule = widening.rule();
    DuplicateExperts wider = widening.wider();
    Optional<MomentRule> wanted = Optional.of(rule);
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, Dtype.F32)) {
      TinyState.write(source, 3);
      GrowthRequest step = GrowthRequest.of(wider, 5).withMoments(wanted);
      GrowthRequest both = GrowthRequest.of(wider.then(wider), 5).withMoments(wanted);
      try (Checkpoint once = folder.grow(source, step, "once");
          Checkpoint twice = folder.grow(once, step, "twice");
          Checkpoint direct = folder.grow(source, both, "direct")) {
        Map<String, float[]> expected = TinyState.read(direct.folder());
        Map<String, float[]> found = TinyState.read(twice.folder());
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        for (String name : expected.keySet()) {
          float[] values = found.get(name);
          for (int i = 0; i < values.length; i++) {
            // two roundings against one
            assertThat((double) values[i]).as(name).isCloseTo(expected.get(name)[i], within(1e-6));
          }
        }
        GrowthOrigin last =
            twice.record().orElseThrow().lineage().flatMap(GrowthOrigin::of).orElseThrow();
        int experts = spec.firstMoe().orElseThrow().experts() * wider.factor();
        Judge judge = new Judge(rule, NO_DEPTH, wider, once.spec(), source.family());
        int mixture = spec.layers().indexOf(spec.firstMoe().orElseThrow());
        for (int expert = 0; expert < experts * wider.factor(); expert++) {
          assertThat(last.newExpert(mixture, expert)).isEqualTo(judge.isNewExpert(expert));
        }
      }
    }
  }

  /** With top-k kept, no share of the gradient is foretold: that is said, and nothing written. */
  @Property(tries = 2)
  void scaleIsRefusedWhereTopKIsKept(@ForAll("specs") MoeSpec spec) throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, Dtype.F32)) {
      TinyState.write(source, 3);
      GrowthRequest request =
          GrowthRequest.of(DuplicateExperts.times(2, 0).withTopK(TopK.KEEP), 0)
              .withMoments(Optional.of(MomentRule.SCALE));
      assertThatThrownBy(
              () -> GrowthExecutor.run(source, request, folder.of("g"), GrowthProgress.NONE))
          .isInstanceOf(CoppiceException.class)
          .hasMessageContaining("cannot scale the optimizer's state")
          .hasMessageEndingWith("copy or reset it");
      assertThat(folder.names()).containsExactly("source");
    }
  }
}
