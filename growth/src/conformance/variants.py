"""Layouts that are met on the Hub but that transformers does not write itself.

Each variant rewrites a tiny folder. Where transformers cannot read the result as it is, `loadable` turns a
folder - the source or a grown one - into one that it can read, so that the logits can still be compared.
"""

import dataclasses
import json
import re
import shutil
import typing
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import models

FP4 = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0])


@dataclasses.dataclass(frozen=True)
class Variant:
    """A rewriting of a tiny folder: `rewrite(tensors, config)` changes both in place."""

    base: str
    rewrite: typing.Callable
    loadable: typing.Optional[typing.Callable] = None
    logits: bool = True
    extra: str = "$^"  # tensors that transformers does not expect, such as the MTP part; LAYERS = the layer count
    shards: int = 1
    spec: typing.Optional[dict] = None  # further configuration of the tiny model
    expect: typing.Optional[typing.Callable] = None  # expect(tensors, config, width, depth) raises
    refuses: typing.Optional[tuple] = None  # instead of the base's


def read(folder):
    tensors = {}
    for file in sorted(Path(folder).glob("*.safetensors")):
        tensors.update(load_file(file))
    return tensors, json.loads((Path(folder) / "config.json").read_text())


def write(folder, tensors, config, shards=1):
    """Writes a folder; with two shards, `*_scale*` tensors stand apart from what they scale."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("model*"):
        file.unlink()
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tensors = {name: tensor.clone().contiguous() for name, tensor in tensors.items()}
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    scales = {name for name in tensors if "scale" in name}
    files = {
        "model-00001-of-00002.safetensors": {n: t for n, t in tensors.items() if n not in scales},
        "model-00002-of-00002.safetensors": {n: t for n, t in tensors.items() if n in scales},
    }
    index = {"metadata": {"total_size": 0}, "weight_map": {}}
    for file, part in files.items():
        save_file(part, folder / file, metadata={"format": "pt"})
        index["weight_map"].update({name: file for name in part})
        index["metadata"]["total_size"] += sum(t.numel() * t.element_size() for t in part.values())
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


def make(variant, base_folder, folder):
    shutil.copytree(base_folder, folder)
    tensors, config = read(base_folder)
    variant.rewrite(tensors, config)
    write(folder, tensors, config, variant.shards)


def stack_experts(tensors, gate="gate_proj", up="up_proj", down="down_proj", transpose=False):
    """Per-expert tensors -> `experts.gate_up_proj` and `experts.down_proj`."""
    found = {}
    for name in list(tensors):
        match = re.match(r"(.*experts)\.(\d+)\.(\w+)\.weight$", name)
        if match and "shared" not in match[1]:
            found.setdefault(match[1], {}).setdefault(int(match[2]), {})[match[3]] = tensors.pop(name)
    for prefix, experts in found.items():
        rows = [experts[e] for e in range(len(experts))]
        gate_up = torch.stack([torch.cat([row[gate], row[up]]) for row in rows])
        out = torch.stack([row[down] for row in rows])
        tensors[prefix + ".gate_up_proj"] = gate_up.transpose(1, 2).contiguous() if transpose else gate_up
        tensors[prefix + ".down_proj"] = out.transpose(1, 2).contiguous() if transpose else out


def fused(tensors, config):
    stack_experts(tensors)


def fused_transposed(tensors, config):
    for name in list(tensors):
        if name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            tensors[name] = tensors[name].transpose(1, 2).contiguous()


def mixtral_in_memory(tensors, config):
    stack_experts(tensors, "w1", "w3", "w2")
    for name in list(tensors):
        tensors[name.replace("block_sparse_moe", "mlp")] = tensors.pop(name)


def two_counts(tensors, config):
    config["num_experts"] = config["num_local_experts"]


def mtp_block(tensors, source_layer, target, root, head=True):
    """An MTP layer made of a copy of one layer and the usual extra tensors."""
    pattern = f"{root}layers.{source_layer}."
    for name in list(tensors):
        if name.startswith(pattern):
            tensors[target + name[len(pattern) :]] = tensors[name].clone()
    hidden = models.HIDDEN
    tensors[target + "enorm.weight"] = torch.ones(hidden)
    tensors[target + "hnorm.weight"] = torch.ones(hidden)
    tensors[target + "eh_proj.weight"] = torch.full((hidden, 2 * hidden), 0.1)
    if head:
        tensors[target + "embed_tokens.weight"] = tensors["model.embed_tokens.weight"].clone()
        tensors[target + "shared_head.norm.weight"] = torch.ones(hidden)
        tensors[target + "shared_head.head.weight"] = tensors["lm_head.weight"].clone()


def mtp_after(tensors, config):
    layers = config["num_hidden_layers"]
    mtp_block(tensors, layers - 1, f"model.layers.{layers}.", "model.")
    config["num_nextn_predict_layers"] = 1


def mtp_own(tensors, config):
    mtp_block(tensors, config["num_hidden_layers"] - 1, "mtp.layers.0.", "model.", head=False)
    tensors["mtp.fc.weight"] = torch.full((models.HIDDEN, 2 * models.HIDDEN), 0.1)
    tensors["mtp.norm.weight"] = torch.ones(models.HIDDEN)


def expect_mtp(prefix):
    """The MTP layer stands at its new place, with every expert, and nowhere else."""

    def check(tensors, config, width, depth):
        at = prefix.format(layer=4 * depth)
        root = config.get("text_config", config)
        experts = next(root[key] for key in ("n_routed_experts", "num_local_experts", "num_experts") if key in root)
        found = {int(m[1]) for n in tensors if (m := re.match(re.escape(at) + r"mlp\.experts\.(\d+)\.down_proj", n))}
        assert found == set(range(experts)), f"MTP experts at {at}: {sorted(found)}"
        assert tensors[at + "mlp.gate.weight"].shape[0] == experts
        assert at + "eh_proj.weight" in tensors
        assert len([n for n in tensors if n.endswith("eh_proj.weight")]) == 1
        assert config.get("num_nextn_predict_layers", 1) == 1

    return check


def longcat_hub(tensors, config):
    """The Hub's files have no weights at all for identity experts."""
    for name in list(tensors):
        match = re.search(r"\.experts\.(\d+)\.", name)
        if match and int(match[1]) >= config["n_routed_experts"]:
            del tensors[name]


def longcat_loadable(tensors, config):
    """5.18 wants gate and up projections for identity experts too, which it never uses."""
    first = config["n_routed_experts"]
    for layer in range(config["num_layers"]):
        for part in ("gate_proj", "up_proj"):
            like = tensors[f"model.layers.{layer}.mlp.experts.0.{part}.weight"]
            for expert in range(first, first + config["zero_expert_num"]):
                tensors[f"model.layers.{layer}.mlp.experts.{expert}.{part}.weight"] = torch.zeros_like(like)


def deepseek_v4_root(tensors, config):
    """The Hub's files have no `model.` before the layers."""
    for name in list(tensors):
        renamed = name.replace("model.embed_tokens", "embed").replace("model.hc_head.", "hc_head_")
        renamed = renamed.replace("hc_head_hc_", "hc_head_").removeprefix("model.")
        tensors[renamed] = tensors.pop(name)
    config["compress_ratios"] = [128, 4, 0, 4, 0]
    config["num_hash_layers"] = 1
    config["num_nextn_predict_layers"] = 1
    for key in ("layer_types", "mlp_layer_types"):
        config.pop(key)
    for name in list(tensors):
        if name.startswith("layers.2.") and "hc_" not in name:
            tensors["mtp.0." + name.removeprefix("layers.2.")] = tensors[name].clone()


def deepseek_v4_loadable(tensors, config):
    for name in list(tensors):
        if name.startswith(("layers.", "norm.", "hc_head_")):
            tensors["model." + name] = tensors.pop(name)
        elif name == "embed.weight":
            tensors["model.embed_tokens.weight"] = tensors.pop(name)
    for name in list(tensors):
        if name.startswith("model.hc_head_"):
            tensors[name.replace("hc_head_", "hc_head.hc_")] = tensors.pop(name)


def kimi_hub(tensors, config):
    """The Hub's files keep dense layers under `mlp.` and say layer kinds in 1-based lists."""
    for name in list(tensors):
        if re.search(r"block_sparse_moe\.(gate|up|down)_proj", name):
            tensors[name.replace("block_sparse_moe", "mlp")] = tensors.pop(name)
    kinds = config.pop("layer_types")
    config["first_k_dense_replace"] = config.pop("mlp_layer_types").index("sparse")
    config["linear_attn_config"] = {
        "full_attn_layers": [i + 1 for i, kind in enumerate(kinds) if kind == "full_attention"],
        "kda_layers": [i + 1 for i, kind in enumerate(kinds) if kind == "linear_attention"],
        "head_dim": config["linear_head_dim"],
        "num_heads": config["linear_num_heads"],
        "short_conv_kernel_size": config["linear_conv_kernel_dim"],
    }


def nemotron_pattern(tensors, config):
    """The Hub says layer kinds with a string."""
    letters = {"linear_attention": "M", "moe": "E", "full_attention": "*", "mlp": "-"}
    config["hybrid_override_pattern"] = "".join(letters[kind] for kind in config.pop("layers_block_type"))
    config["num_hidden_layers"] = len(config["hybrid_override_pattern"])


def drop(*keys, **put):
    """Takes keys from the config (of the text model) and puts others, tensors as they are."""

    def rewrite(tensors, config):
        root = config.get("text_config", config)
        for key in keys:
            root.pop(key, None)
        root.update(put)

    return rewrite


def quantize_fp8(tensors, config):
    """Block FP8 as DeepSeek-V3 is stored: blocks of 16 here, scales in another shard."""
    skipped = ["lm_head"]
    for layer in range(config["num_hidden_layers"]):
        skipped += [f"model.layers.{layer}.mlp.gate", f"model.layers.{layer}.self_attn.kv_a_proj_with_mqa"]
    for name in list(tensors):
        if re.search(r"(experts?\.(\d+\.)?|mlp\.)(gate|up|down)_proj\.weight$|o_proj\.weight$", name):
            tensors[name], tensors[name + "_scale_inv"] = to_fp8(tensors[name], 16)
    config["quantization_config"] = {
        "quant_method": "fp8",
        "activation_scheme": "dynamic",
        "fmt": "e4m3",
        "weight_block_size": [16, 16],
        "modules_to_not_convert": skipped,
    }


def to_fp8(weight, block):
    rows, columns = -(-weight.shape[0] // block), -(-weight.shape[1] // block)
    scale = torch.zeros(rows, columns)
    out = torch.zeros(weight.shape, dtype=torch.float8_e4m3fn)
    for r in range(rows):
        for c in range(columns):
            at = (slice(r * block, (r + 1) * block), slice(c * block, (c + 1) * block))
            scale[r, c] = weight[at].abs().max() / 448.0
            out[at] = (weight[at] / scale[r, c]).to(torch.float8_e4m3fn)
    return out, scale


def fp8_loadable(tensors, config):
    block = config.pop("quantization_config")["weight_block_size"][0]
    for name in [n for n in tensors if n.endswith("_scale_inv")]:
        scale = tensors.pop(name)
        weight = tensors[name.removesuffix("_scale_inv")].float()
        wide = scale.repeat_interleave(block, 0).repeat_interleave(block, 1)
        tensors[name.removesuffix("_scale_inv")] = weight * wide[: weight.shape[0], : weight.shape[1]]


def expect_fp8(tensors, config, width, depth):
    """Every quantized weight has its scale, and the list of plain modules names every layer."""
    plain = set(config["quantization_config"]["modules_to_not_convert"])
    for layer in range(4 * depth):
        assert f"model.layers.{layer}.mlp.gate" in plain, f"layer {layer} is missing from modules_to_not_convert"
    assert "lm_head" in plain and len(plain) == 1 + 2 * 4 * depth, sorted(plain)
    for name, tensor in tensors.items():
        if tensor.dtype == torch.float8_e4m3fn:
            scale = tensors[name + "_scale_inv"]
            assert list(scale.shape) == [-(-side // 16) for side in tensor.shape], name


def quantize_mxfp4(tensors, config):
    """gpt-oss as it ships: blocks and scales in (E, out, in) order, gate and up alternating."""
    draw = torch.Generator().manual_seed(5)
    for name in list(tensors):
        if name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            experts, inputs, outputs = tensors.pop(name).shape
            shape = (experts, outputs, inputs // 32)
            tensors[name + "_blocks"] = torch.randint(0, 256, (*shape, 16), generator=draw, dtype=torch.uint8)
            tensors[name + "_scales"] = torch.randint(121, 125, shape, generator=draw, dtype=torch.uint8)
    config["quantization_config"] = {
        "quant_method": "mxfp4",
        "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"],
    }
    config["experts_per_token"] = config["num_experts_per_tok"]


def mxfp4_loadable(tensors, config):
    config.pop("quantization_config")
    for name in [n for n in tensors if n.endswith("_blocks")]:
        blocks, scales = tensors.pop(name).long(), tensors.pop(name.replace("_blocks", "_scales")).float()
        values = torch.stack([FP4[blocks & 15], FP4[blocks >> 4]], -1).flatten(-2)
        values = values * torch.exp2(scales - 127).unsqueeze(-1)
        tensors[name.removesuffix("_blocks")] = values.flatten(-2).transpose(1, 2).contiguous()


def expect_mxfp4(tensors, config, width, depth):
    assert config["experts_per_token"] == config["num_experts_per_tok"]
    assert tensors["model.layers.0.mlp.experts.gate_up_proj_blocks"].shape[0] == 6 * width


def quantize_int4(tensors, config):
    """compressed-tensors' packed INT4: eight numbers a word, a scale a group, the shape beside them."""
    draw = torch.Generator().manual_seed(5)
    for name in list(tensors):
        if ".experts." in name:
            out, inputs = tensors.pop(name).shape
            stem = name.removesuffix(".weight")
            tensors[stem + ".weight_packed"] = torch.randint(
                -(2**31), 2**31 - 1, (out, inputs // 8), generator=draw, dtype=torch.int32
            )
            tensors[stem + ".weight_scale"] = torch.rand(out, inputs // 8, generator=draw)
            tensors[stem + ".weight_shape"] = torch.tensor([out, inputs], dtype=torch.int32)
    config["quantization_config"] = {"quant_method": "compressed-tensors", "ignore": ["lm_head"]}


def expect_int4(tensors, config, width, depth):
    found = {}
    for name in tensors:
        match = re.search(r"layers\.(\d+)\.mlp\.experts\.(\d+)\.up_proj\.weight_packed", name)
        if match:
            found.setdefault(int(match[1]), set()).add(int(match[2]))
    assert len(found) == 2 * depth, sorted(found)
    assert all(experts == set(range(6 * width)) for experts in found.values()), found
    shapes = [tensor.tolist() for name, tensor in tensors.items() if name.endswith("weight_shape")]
    assert all(min(shape) > 0 for shape in shapes), "a weight_shape was zeroed"


def hunyuan_lists(tensors, config):
    """Hunyuan-A13B's own code takes a list with one entry a layer."""
    config["num_experts"] = [6, 6, 6, 6]
    config["moe_intermediate_size"] = [24, 24, 24, 24]
    config["num_shared_expert"] = [1, 1, 1, 1]


def expect_hunyuan(tensors, config, width, depth):
    assert config["num_experts"] == [6 * width] * (4 * depth), config["num_experts"]
    assert config["moe_topk"] == [2 * width] * (4 * depth), config["moe_topk"]
    assert config["moe_intermediate_size"] == [24] * (4 * depth)
    assert config["num_shared_expert"] == [1] * (4 * depth)


VARIANTS = {
    "qwen3_moe: stacked as transformers 5 keeps it": Variant("qwen3_moe", fused),
    "qwen3_moe: num_experts and num_local_experts": Variant("qwen3_moe", two_counts),
    "qwen3_moe: compressed-tensors INT4": Variant("qwen3_moe", quantize_int4, logits=False, expect=expect_int4, refuses=("noise",)),
    "mixtral: stacked as transformers 5 keeps it": Variant("mixtral", mixtral_in_memory),
    "qwen2_moe: no layer_types": Variant("qwen2_moe", drop("layer_types")),
    "qwen3_5_moe: stacked [E,2M,H] as on the Hub": Variant("qwen3_5_moe", fused),
    "qwen3_5_moe: no layer_types": Variant("qwen3_5_moe", drop("layer_types", full_attention_interval=2)),
    "qwen3_vl_moe: stacked [E,H,2M] as on the Hub": Variant("qwen3_vl_moe", fused_transposed),
    "qwen3_next: MTP under mtp., no layer_types": Variant(
        "qwen3_next",
        lambda t, c: (mtp_own(t, c), drop("layer_types", full_attention_interval=2)(t, c)),
        extra=r"mtp\.",
        expect=expect_mtp("mtp.layers.0."),
    ),
    "deepseek_v3: MTP at layer L": Variant(
        "deepseek_v3", mtp_after, extra=r"model\.layers\.LAYERS\.", expect=expect_mtp("model.layers.{layer}.")
    ),
    "deepseek_v3: block FP8, scales in another shard": Variant(
        "deepseek_v3", quantize_fp8, loadable=fp8_loadable, shards=2, expect=expect_fp8, refuses=("stack", "noise")
    ),
    "deepseek_v32: first_k_dense_replace only": Variant(
        "deepseek_v32", drop("mlp_layer_types", "layer_types", first_k_dense_replace=1)
    ),
    "deepseek_v4: root names, compress_ratios, MTP": Variant(
        "deepseek_v4", deepseek_v4_root, loadable=deepseek_v4_loadable, extra=r"mtp\.", refuses=("identity",)
    ),
    "glm4_moe_lite: first_k_dense_replace only": Variant(
        "glm4_moe_lite", drop("mlp_layer_types", first_k_dense_replace=1)
    ),
    "mimo_v2_flash: lists of the Hub": Variant(
        "mimo_v2_flash",
        drop("layer_types", "mlp_layer_types", hybrid_layer_pattern=[0, 1, 1, 1], moe_layer_freq=[0, 1, 1, 1]),
        spec=dict(layer_types=["full_attention"] + ["sliding_attention"] * 3),
    ),
    "ernie4_5_moe: last MoE layer -1": Variant(
        "ernie4_5_moe", drop(moe_layer_end_index=-1), spec=dict(moe_layer_end_index=3), refuses=("stack",)
    ),
    "gpt_oss: MXFP4": Variant(
        "gpt_oss", quantize_mxfp4, loadable=mxfp4_loadable, spec=dict(intermediate_size=32), expect=expect_mxfp4, refuses=("noise",)
    ),
    "gpt_oss: no layer_types": Variant("gpt_oss", drop("layer_types", experts_per_token=2)),
    "llama4: no_rope_layers empty": Variant(
        "llama4",
        lambda t, c: drop("layer_types", "moe_layers", no_rope_layers=[], no_rope_layer_interval=2)(t, c),
    ),
    "llama4_text: interleave step 2": Variant(
        "llama4_text", drop("moe_layers", "no_rope_layers", "layer_types", interleave_moe_layer_step=2, no_rope_layer_interval=2)
    ),
    "hunyuan_v1_moe: lists": Variant(
        "hunyuan_v1_moe", hunyuan_lists, logits=False, spec=dict(moe_topk=[2, 2, 2, 2]), expect=expect_hunyuan
    ),
    "longcat_flash: as on the Hub": Variant(
        "longcat_flash", longcat_hub, loadable=longcat_loadable, refuses=("identity",)
    ),
    "nemotron_h: hybrid_override_pattern": Variant("nemotron_h", nemotron_pattern),
    "kimi_linear: as on the Hub": Variant("kimi_linear", kimi_hub),
}
