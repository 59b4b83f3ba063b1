package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.Growths.Deeper;
import dev.coppice.growth.plan.DepthOperator;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.growth.width.DuplicateExperts.RouterStart;
import dev.coppice.growth.width.DuplicateExperts.TopK;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.MoeSpecs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** I1, I6, I7 and I8 over random models of both families and random growths. */
class GrowthPropertyTest {
  private static final Set<TensorRole> OUTPUTS =
      Set.of(TensorRole.OUTPUT, TensorRole.EXPERT_DOWN, TensorRole.DENSE_DOWN);

  @Provide
  Arbitrary<MoeSpec> specs() {
    return MoeSpecs.arbitrary();
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

  /** I1 and I2 in depth: every tensor is its source's, bit for bit, or zero in an identity copy. */
  @Property(tries = 40)
  void depthKeepsEveryBit(
      @ForAll("specs") MoeSpec spec, @ForAll("deeper") Deeper deeper, @ForAll("dtypes") Dtype dtype)
      throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, dtype);
        Checkpoint grown =
            folder.grow(source, GrowthRequest.of(deeper.of(spec.layerCount()), 1), "grown")) {
      List<Integer> sources = deeper.sources(spec.layerCount());
      assertThat(grown.spec().layerCount()).isEqualTo(sources.size());
      for (StoredTensor tensor : grown.tensors().values()) {
        TensorAddress address = grown.family().address(tensor.name()).orElseThrow();
        if (address.layer().isEmpty()) {
          assertSame(source, tensor.name(), grown, tensor.name());
          continue;
        }
        int layer = address.layer().getAsInt();
        boolean copy = sources.indexOf(sources.get(layer)) < layer;
        if (copy && deeper.identity() && OUTPUTS.contains(address.role())) {
          assertThat(TestFolder.floats(grown, tensor.name())).containsOnly(0f);
        } else {
          OptionalInt from = OptionalInt.of(sources.get(layer));
          TensorAddress original = new TensorAddress(address.role(), from, address.expert());
          assertSame(source, source.family().name(original), grown, tensor.name());
        }
      }
    }
  }

  /** I1 in width: originals keep every bit, copies without noise too, and noised copies do not. */
  @Property(tries = 40)
  void widthKeepsOriginals(
      @ForAll("specs") MoeSpec spec,
      @ForAll("wider") DuplicateExperts wider,
      @ForAll("dtypes") Dtype dtype)
      throws IOException {
    Assume.that(spec.firstMoe().isPresent());
    int experts = spec.firstMoe().orElseThrow().experts();
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, dtype);
        Checkpoint grown = folder.grow(source, GrowthRequest.of(wider, 1), "grown")) {
      for (StoredTensor tensor : grown.tensors().values()) {
        TensorAddress address = grown.family().address(tensor.name()).orElseThrow();
        if (address.role() == TensorRole.ROUTER) {
          assertRouter(wider, experts, source, grown, tensor.name());
        } else if (address.expert().isEmpty()) {
          assertSame(source, tensor.name(), grown, tensor.name());
        } else {
          int index = address.expert().getAsInt();
          OptionalInt original = OptionalInt.of(original(wider, experts, index));
          TensorAddress from = new TensorAddress(address.role(), address.layer(), original);
          boolean noised = isCopy(wider, experts, index) && wider.noise() > 0;
          assertThat(same(source, source.family().name(from), grown, tensor.name()))
              .as(tensor.name())
              .isEqualTo(!noised);
        }
      }
    }
  }

  private static void assertRouter(
      DuplicateExperts wider, int experts, Checkpoint source, Checkpoint grown, String name)
      throws IOException {
    float[] before = TestFolder.floats(source, name);
    float[] after = TestFolder.floats(grown, name);
    int width = before.length / experts;
    assertThat(after).hasSize(before.length * wider.factor());
    for (int row = 0; row < experts * wider.factor(); row++) {
      int from = original(wider, experts, row);
      boolean kept =
          wider.router() == RouterStart.COPY
              && (!isCopy(wider, experts, row) || Growths.routerNoise(wider) == 0);
      for (int i = 0; kept && i < width; i++) {
        assertThat(after[row * width + i]).isEqualTo(before[from * width + i]);
      }
    }
  }

  /**
   * I6: both orders make one plan and, for one seed, one file; threads and shards change nothing.
   */
  @Property(tries = 30)
  void depthAndWidthCommute(
      @ForAll("specs") MoeSpec spec,
      @ForAll("deeper") Deeper deeper,
      @ForAll("wider") DuplicateExperts wider,
      @ForAll("dtypes") Dtype dtype)
      throws IOException {
    Assume.that(spec.firstMoe().isPresent());
    DepthOperator depth = deeper.of(spec.layerCount());
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, dtype)) {
      assertThat(GrowthPlan.of(source, depth.then(wider), 5))
          .isEqualTo(GrowthPlan.of(source, wider.then(depth), 5));
      GrowthRequest one = new GrowthRequest(depth.then(wider), 5, Long.MAX_VALUE, 1);
      GrowthRequest other = new GrowthRequest(wider.then(depth), 5, 2000, 3);
      try (Checkpoint a = folder.grow(source, one, "a");
          Checkpoint b = folder.grow(source, other, "b")) {
        assertThat(b.tensors().keySet()).isEqualTo(a.tensors().keySet());
        for (String name : a.tensors().keySet()) {
          assertSame(a, name, b, name);
        }
        assertThat(b.config()).isEqualTo(a.config());
      }
    }
  }

  /** I7: parameters, active parameters and FLOPs of the spec are those counted from headers. */
  @Property(tries = 30)
  void countsAgreeWithHeaders(
      @ForAll("specs") MoeSpec spec,
      @ForAll("deeper") Deeper deeper,
      @ForAll("wider") DuplicateExperts wider)
      throws IOException {
    Assume.that(spec.firstMoe().isPresent());
    GrowthOperator growth = deeper.of(spec.layerCount()).then(wider);
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, Dtype.BF16);
        Checkpoint grown = folder.grow(source, GrowthRequest.of(growth, 3), "grown")) {
      LayerSpec.Moe moe = grown.spec().firstMoe().orElseThrow();
      long all = 0;
      long active = 0;
      for (StoredTensor tensor : grown.tensors().values()) {
        TensorAddress address = grown.family().address(tensor.name()).orElseThrow();
        long count = tensor.shape().stream().mapToLong(extent -> extent).reduce(1, (a, b) -> a * b);
        all += count;
        boolean lookedUp = address.role() == TensorRole.EMBEDDING && !spec.tiedHead();
        boolean chosen = address.expert().isEmpty() || address.expert().getAsInt() < moe.topK();
        active += lookedUp || !chosen ? 0 : count;
      }
      assertThat(grown.spec().parameterCount()).isEqualTo(all);
      assertThat(grown.spec().activeParameterCount()).isEqualTo(active);
      assertThat(grown.spec().flopsPerToken()).isEqualTo(6 * active);
      GrowthReport report = GrowthReport.of(source, GrowthRequest.of(growth, 3), folder.of("x"));
      assertThat(report.after()).isEqualTo(GrowthReport.Side.of(grown));
    }
  }

  /** I8: every alias and list agrees with the tensors, and unknown keys keep value and order. */
  @Property(tries = 40)
  void configDescribesTheTensors(
      @ForAll("specs") MoeSpec spec,
      @ForAll("deeper") Deeper deeper,
      @ForAll("wider") DuplicateExperts wider,
      @ForAll boolean secondAlias)
      throws IOException {
    Assume.that(spec.firstMoe().isPresent());
    LayerSpec.Moe moe = spec.firstMoe().orElseThrow();
    Family family = Family.named(spec.family());
    ObjectNode config = family.configFor(spec);
    if (secondAlias) {
      config.put("num_local_experts", moe.experts());
      config.put("num_experts", moe.experts());
      config.put("n_layer", spec.layerCount());
    }
    config.putObject("vendor_note").put("unknown", 1);
    GrowthOperator growth = deeper.of(spec.layerCount()).then(wider);
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, config, Dtype.BF16);
        Checkpoint grown = folder.grow(source, GrowthRequest.of(growth, 3), "grown")) {
      List<Integer> sources = deeper.sources(spec.layerCount());
      int factor = wider.factor();
      int topK = wider.topK() != TopK.KEEP ? moe.topK() * factor : moe.topK();
      for (int layer = 0; layer < sources.size(); layer++) {
        LayerSpec before = spec.layers().get(sources.get(layer));
        LayerSpec expected =
            before instanceof LayerSpec.Moe m
                ? new LayerSpec.Moe(m.experts() * factor, topK, m.expertWidth())
                : before;
        assertThat(grown.spec().layers().get(layer)).isEqualTo(expected);
      }
      ObjectNode after = grown.config();
      for (String alias : List.of("num_local_experts", "num_experts")) {
        assertThat(after.has(alias)).isEqualTo(config.has(alias));
        if (after.has(alias)) {
          assertThat(after.get(alias).intValue()).isEqualTo(moe.experts() * factor);
        }
      }
      if (secondAlias) {
        assertThat(after.get("n_layer").intValue()).isEqualTo(sources.size());
      }
      assertThat(after.get("vendor_note")).isEqualTo(config.get("vendor_note"));
      assertThat(after.fieldNames()).toIterable().startsWith(names(config));
    }
  }

  private static String[] names(ObjectNode config) {
    return config.properties().stream().map(entry -> entry.getKey()).toArray(String[]::new);
  }

  private static boolean isCopy(DuplicateExperts wider, int experts, int index) {
    return wider.placement() == Placement.APPEND ? index >= experts : index % wider.factor() != 0;
  }

  private static int original(DuplicateExperts wider, int experts, int index) {
    return wider.placement() == Placement.APPEND ? index % experts : index / wider.factor();
  }

  private static boolean same(Checkpoint a, String nameA, Checkpoint b, String nameB)
      throws IOException {
    ByteBuffer bytesA = TestFolder.bytes(a, nameA);
    return bytesA.equals(TestFolder.bytes(b, nameB));
  }

  private static void assertSame(Checkpoint a, String nameA, Checkpoint b, String nameB)
      throws IOException {
    assertThat(same(a, nameA, b, nameB)).as("%s is %s", nameB, nameA).isTrue();
  }
}
