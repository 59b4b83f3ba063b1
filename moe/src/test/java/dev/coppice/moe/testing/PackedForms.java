package dev.coppice.moe.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** A small model's tensors in the ways in which published files pack weights. */
public enum PackedForms {
  /** GPTQ, 4 bits, groups of 32. */
  GPTQ("{'bits':4,'group_size':32,'quant_method':'gptq'}", ".scales") {
    @Override
    void pack(Module m) {
      m.add(".qweight", Dtype.I32, m.in() / 8, m.out());
      m.add(".qzeros", Dtype.I32, m.in() / 32, m.out() / 8);
      m.add(".scales", Dtype.F16, m.in() / 32, m.out());
      m.add(".g_idx", Dtype.I32, m.in());
    }
  },
  /** GPTQ, 8 bits for all rows, without an index. */
  GPTQ_PLAIN("{'bits':8,'group_size':-1,'quant_method':'gptq'}", ".scales") {
    @Override
    void pack(Module m) {
      m.add(".qweight", Dtype.I32, m.in() / 4, m.out());
      m.add(".qzeros", Dtype.I32, 1, m.out() / 4);
      m.add(".scales", Dtype.F16, 1, m.out());
    }
  },
  /** AWQ, which packs the other extent. */
  AWQ("{'bits':4,'group_size':32,'quant_method':'awq'}", ".scales") {
    @Override
    void pack(Module m) {
      m.add(".qweight", Dtype.I32, m.in(), m.out() / 8);
      m.add(".qzeros", Dtype.I32, m.in() / 32, m.out() / 8);
      m.add(".scales", Dtype.F16, m.in() / 32, m.out());
    }
  },
  /** compressed-tensors, pack-quantized, 4 bits. */
  PACK_QUANTIZED(
      "{'quant_method':'compressed-tensors','config_groups':{'group_0':{'input_activations':"
          + "{'num_bits':8},'weights':{'num_bits':4,'group_size':32}}}}",
      ".weight_scale") {
    @Override
    void pack(Module m) {
      m.add(".weight_packed", Dtype.I32, m.out(), m.in() / 8);
      m.add(".weight_scale", Dtype.BF16, m.out(), m.in() / 32);
      m.add(".weight_shape", Dtype.I64, 2);
      m.add(".weight_zero_point", Dtype.I32, m.out() / 8, m.in() / 32);
      m.add(".weight_g_idx", Dtype.I32, m.in());
    }
  },
  /** NVFP4 as modelopt stores it, with a fixed scale of the input. */
  NVFP4("{'quant_method':'modelopt','quant_algo':'NVFP4'}", ".weight") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.U8, m.out(), m.in() / 2);
      m.add(".weight_scale", Dtype.F8_E4M3, m.out(), m.in() / 16);
      m.add(".weight_scale_2", Dtype.F32);
      m.add(".input_scale", Dtype.F32);
    }
  },
  /** NVFP4 as compressed-tensors stores it: its global scale divides. */
  NVFP4_COMPRESSED("{'quant_method':'compressed-tensors'}", ".weight_packed") {
    @Override
    void pack(Module m) {
      m.add(".weight_packed", Dtype.U8, m.out(), m.in() / 2);
      m.add(".weight_scale", Dtype.F8_E4M3, m.out(), m.in() / 16);
      m.add(".weight_global_scale", Dtype.F32, 1);
      m.add(".input_global_scale", Dtype.F32, 1);
    }
  },
  /** MXFP4 in bytes. */
  MXFP4("{'quant_method':'quark'}", ".weight") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.U8, m.out(), m.in() / 2);
      m.add(".weight_scale", Dtype.U8, m.out(), m.in() / 32);
    }
  },
  /** MXFP8: eight bits with scales that are powers of two. */
  MXFP8("{'quant_method':'mxfp8'}", ".weight") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.F8_E4M3, m.out(), m.in());
      m.add(".weight_scale_inv", Dtype.U8, m.out(), m.in() / 32);
    }
  },
  /** FP4 in signed bytes, as DeepSeek-V4 is stored. */
  FP4_IN_I8("{'quant_method':'fp8'}", ".weight") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.I8, m.out(), m.in() / 2);
      m.add(".scale", Dtype.F8_E8M0, m.out(), m.in() / 32);
    }
  },
  /** FP8 in blocks. */
  FP8("{'quant_method':'fp8','weight_block_size':[128,128]}", ".weight") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.F8_E4M3, m.out(), m.in());
      m.add(".weight_scale_inv", Dtype.F32, 1, 1);
    }
  },
  /** FP8 with a fixed scale of the input. */
  FP8_STATIC("{'quant_method':'modelopt','quant_algo':'FP8'}", ".weight") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.F8_E4M3, m.out(), m.in());
      m.add(".weight_scale", Dtype.F32);
      m.add(".input_scale", Dtype.F32);
    }
  },
  /** int8 weights with a scale a row. */
  W8A8("{'quant_method':'compressed-tensors'}", ".weight") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.I8, m.out(), m.in());
      m.add(".weight_scale", Dtype.BF16, m.out(), 1);
      m.add(".input_scale", Dtype.F32, 1);
      m.add(".input_zero_point", Dtype.I8, 1);
    }
  },
  /** int8 weights whose zero is not zero. */
  W8A8_ZERO_POINT("{'quant_method':'compressed-tensors'}", ".weight_scale") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.I8, m.out(), m.in());
      m.add(".weight_scale", Dtype.BF16, m.out(), 1);
      m.add(".weight_zero_point", Dtype.I8, m.out(), 1);
    }
  },
  /** bitsandbytes, NF4: zero bytes are not the number zero. */
  NF4("{'quant_method':'bitsandbytes','load_in_4bit':true}", ".weight.absmax") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.U8, m.out() * m.in() / 2, 1);
      m.add(".weight.absmax", Dtype.F32, m.out() * m.in() / 64);
      m.add(".weight.quant_map", Dtype.F32, 16);
      m.add(".weight.quant_state.bitsandbytes__nf4", Dtype.U8, 80);
    }
  },
  /** bitsandbytes, NF4 stored in bfloat16. */
  NF4_IN_BF16("{'quant_method':'bitsandbytes','load_in_4bit':true}", ".weight.absmax") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.BF16, m.out() * m.in() / 4, 1);
      m.add(".weight.absmax", Dtype.F32, m.out() * m.in() / 64);
      m.add(".weight.quant_map", Dtype.F32, 16);
      m.add(".weight.quant_state.bitsandbytes__nf4", Dtype.U8, 80);
    }
  },
  /** bitsandbytes, NF4 with packed scales: no zero can be written. */
  NF4_NESTED("{'quant_method':'bitsandbytes','load_in_4bit':true}", "") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.U8, m.out() * m.in() / 2, 1);
      m.add(".weight.absmax", Dtype.U8, m.out() * m.in() / 64);
      m.add(".weight.nested_absmax", Dtype.F32, 1);
      m.add(".weight.nested_quant_map", Dtype.F32, 256);
      m.add(".weight.quant_map", Dtype.F32, 16);
      m.add(".weight.quant_state.bitsandbytes__nf4", Dtype.U8, 80);
    }
  },
  /** bitsandbytes, int8. */
  INT8("{'quant_method':'bitsandbytes','load_in_8bit':true}", ".weight") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.I8, m.out(), m.in());
      m.add(".SCB", Dtype.F32, m.out());
      m.add(".weight_format", Dtype.U8);
    }
  },
  /** MLX, 4 bits, groups of 32; what stands below a scale is an offset. */
  MLX("{'bits':4,'group_size':32}", ".scales", ".biases") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.U32, m.out(), m.in() / 8);
      m.add(".scales", Dtype.BF16, m.out(), m.in() / 32);
      m.add(".biases", Dtype.BF16, m.out(), m.in() / 32);
    }
  },
  /** MLX, MXFP4. */
  MLX_MXFP4("{'bits':4,'group_size':32,'mode':'mxfp4'}", ".weight") {
    @Override
    void pack(Module m) {
      m.add(".weight", Dtype.U32, m.out(), m.in() / 8);
      m.add(".scales", Dtype.U8, m.out(), m.in() / 32);
    }
  },
  /** HQQ, 4 bits. */
  HQQ(
      "{'quant_method':'hqq','quant_config':{'weight_quant_params':{'nbits':4,'group_size':64}}}",
      ".scale") {
    @Override
    void pack(Module m) {
      m.add(".W_q", Dtype.U8, 32, m.out() * m.in() / 64);
      m.add(".scale", Dtype.F16, 1, m.out() * m.in() / 64);
      m.add(".zero", Dtype.F16, 1, m.out() * m.in() / 64);
      m.add(".shape", Dtype.I32, 2);
      m.add(".nbits", Dtype.I32);
    }
  },
  /** AQLM, two books for eight numbers. */
  AQLM("{'quant_method':'aqlm','in_group_size':8,'num_codebooks':2}", ".scales") {
    @Override
    void pack(Module m) {
      m.add(".codes", Dtype.I16, m.out(), m.in() / 8, 2);
      m.add(".codebooks", Dtype.F16, 2, 256, 1, 8);
      m.add(".scales", Dtype.F16, m.out(), 1, 1, 1);
    }
  };

  /** Two layers of width 128, four experts. */
  public static final MoeSpec SPEC =
      new MoeSpec(
          "qwen3_moe",
          256,
          128,
          GroupedAttention.plain(4, 2, 32, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(4, 2, 64), new LayerSpec.Moe(4, 2, 64)),
          1e-6,
          false,
          64);

  private static final Family FAMILY = Family.named("qwen3_moe");

  private final String quantization;
  private final ImmutableSet<String> zero;

  PackedForms(String quantization, String... zero) {
    this.quantization = quantization;
    this.zero = ImmutableSet.copyOf(zero);
  }

  /** A linear map and the list that its tensors go to. */
  record Module(List<TensorSlot> slots, String name, long out, long in) {

    void add(String ending, Dtype dtype, long... shape) {
      ImmutableList.Builder<Long> extents = ImmutableList.builder();
      for (long extent : shape) {
        extents.add(extent);
      }
      slots.add(new TensorSlot(name + ending, dtype, extents.build()));
    }
  }

  abstract void pack(Module module);

  /** Endings of the tensors that are zero where the weight is; {@code ""} where none can be. */
  public ImmutableSet<String> zero() {
    return zero;
  }

  /** The configuration, with what the form adds to it. */
  public ObjectNode config() {
    ObjectNode config = FAMILY.configFor(SPEC);
    try {
      config.set(
          "quantization_config", new ObjectMapper().readTree(quantization.replace('\'', '"')));
    } catch (IOException e) {
      throw new IllegalStateException("test JSON must parse: " + quantization, e);
    }
    return config;
  }

  /** The model's tensors, those modules packed. */
  public ImmutableList<TensorSlot> slots(Predicate<String> packed) {
    List<TensorSlot> slots = new ArrayList<>();
    FAMILY
        .expectedTensors(SPEC)
        .forEach(
            (name, shape) -> {
              String module = name.replaceFirst("\\.weight$", "");
              if (packed.test(module)) {
                pack(new Module(slots, module, shape.get(0), shape.get(1)));
              } else {
                slots.add(new TensorSlot(name, Dtype.BF16, shape));
              }
            });
    return ImmutableList.copyOf(slots);
  }

  /** The tensors of one module in this form. */
  public ImmutableList<TensorSlot> module(String name, long out, long in) {
    List<TensorSlot> slots = new ArrayList<>();
    pack(new Module(slots, name, out, in));
    return ImmutableList.copyOf(slots);
  }

  /** Whether a module is a projection of experts or attention. */
  public static boolean isProjection(String module) {
    return module.endsWith("_proj");
  }
}
