package dev.coppice.growth.cli;

import static dev.coppice.growth.cli.Run.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.TestFolder;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.testing.PackedForms;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where packed tensors cannot be counted no command shows a number that rests on their count. */
class UncountedTest {
  private static final String GAP =
      "parameters are not counted: no rule gives the count of numbers that ";

  /** Keys of numbers that rest on the count. */
  private static final ImmutableList<String> KEYS =
      ImmutableList.of("parameters", "active_parameters", "flops_per_token");

  /** Ways to pack of which nothing says how many numbers there are. */
  enum Form {
    /** MLX without its bits, in attention. */
    MLX_WITHOUT_BITS("o_proj") {
      @Override
      void pack(List<TensorSlot> slots, String name) {
        slots.addAll(PackedForms.MLX.module(name, 128, 128));
      }
    },
    /** The same of the head, which is no layer's. */
    HEAD("lm_head") {
      @Override
      void pack(List<TensorSlot> slots, String name) {
        slots.addAll(PackedForms.MLX.module(name, 256, 128));
      }
    },
    /** Experts of which the configuration's widths say another count than the tensors. */
    EXPERTS(".up_proj") {
      @Override
      void pack(List<TensorSlot> slots, String name) {
        slots.add(new TensorSlot(name + ".weight", Dtype.U8, ImmutableList.of(64L, 7L)));
        slots.add(new TensorSlot(name + ".weight_scale", Dtype.U8, ImmutableList.of(64L, 1L)));
      }
    },
    /** Three bits with one scale a row. */
    THREE_BITS("q_proj") {
      @Override
      void pack(List<TensorSlot> slots, String name) {
        slots.add(new TensorSlot(name + ".weight_packed", Dtype.I32, ImmutableList.of(128L, 12L)));
        slots.add(new TensorSlot(name + ".weight_scale", Dtype.BF16, ImmutableList.of(128L, 1L)));
      }

      @Override
      void configure(ObjectNode quantization) {
        quantization.put("num_bits", 3).put("group_size", -1);
      }
    },
    /** Integers of which no rule knows the form. */
    UNKNOWN("k_proj") {
      @Override
      void pack(List<TensorSlot> slots, String name) {
        slots.add(new TensorSlot(name + ".weight_bits", Dtype.U8, ImmutableList.of(64L, 48L)));
      }
    };

    private final String packed;

    Form(String packed) {
      this.packed = packed;
    }

    abstract void pack(List<TensorSlot> slots, String name);

    void configure(ObjectNode quantization) {}

    Path write(TestFolder folder) throws IOException {
      Path source = folder.of("source");
      List<TensorSlot> slots = new ArrayList<>();
      for (TensorSlot slot : PackedForms.FP8.slots(module -> false)) {
        String module = slot.name().replaceFirst("[.]weight$", "");
        if (module.endsWith(packed)) {
          pack(slots, module);
        } else {
          slots.add(slot);
        }
      }
      ObjectNode config = Family.named("qwen3_moe").configFor(PackedForms.SPEC);
      configure(config.putObject("quantization_config").put("quant_method", "any"));
      TinyCheckpoints.write(
          source,
          slots,
          config,
          new TinyCheckpoints.Options(Dtype.BF16, 3, ShardLayout.DEFAULT_MAX_BYTES));
      return source;
    }
  }

  @ParameterizedTest
  @EnumSource
  void inspectSaysSoInsteadOfNumbers(Form form) throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = form.write(folder);
      Run json = run("inspect", source, "--json", "-q");
      assertThat(json.code()).as(json.err()).isZero();
      notCounted(json.json());
      Run text = run("inspect", source, "-q");
      assertThat(text.out())
          .containsPattern("parameters +packed, not counted")
          .containsPattern("active_parameters +packed, not counted")
          .containsPattern("flops_per_token +packed, not counted")
          .contains("warning: " + GAP);
    }
  }

  @ParameterizedTest
  @EnumSource
  void adviceIsRefused(Form form) throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = form.write(folder);
      for (String more : List.of("--json", "--no-norms")) {
        Run run = run("advise", source, "--budget", "1e15", "--tokens", "1e6", "-q", more);
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("advice needs the count of active parameters, but " + GAP);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void growthAndItsCardSaySoInsteadOfNumbers(Form form) throws IOException {
    try (TestFolder folder = new TestFolder()) {
      Path source = form.write(folder);
      Path grown = folder.of("grown");
      Object[] arguments = {
        "grow", source, grown, "--depth", "2", "--width", "2", "--noise", "0", "-q"
      };
      Run plan = run(with(arguments, "--dry-run"));
      assertThat(plan.out())
          .containsPattern("\nparameters +not counted +not counted")
          .containsPattern("active parameters +not counted +not counted")
          .containsPattern("training FLOPs a token +not counted +not counted")
          .contains(GAP);
      Run json = run(with(arguments, "--json"));
      assertThat(json.code()).as(json.err()).isZero();
      notCounted(json.json().path("source"));
      notCounted(json.json());
      assertThat(Files.readString(grown.resolve("README.md")))
          .contains(
              "| parameters | packed, not counted | packed, not counted |",
              "| active parameters | packed, not counted | packed, not counted |",
              "| training FLOPs a token | packed, not counted | packed, not counted |");
      notCounted(run("inspect", grown, "--json", "-q").json());
    }
  }

  private static Object[] with(Object[] arguments, Object more) {
    List<Object> all = new ArrayList<>(List.of(arguments));
    all.add(more);
    return all.toArray();
  }

  private static void notCounted(JsonNode json) {
    for (String key : KEYS) {
      assertThat(json.path(key).isNull()).as(key).isTrue();
    }
    assertThat(json.path("packed_not_counted").asInt()).isPositive();
  }
}
