"""Writes the fixtures of this folder: tiny checkpoints, and what transformers expects once they are grown.

Development only; `mvn verify` reads what lies here and needs no Python. Run it in this folder with torch,
transformers 5.18 and safetensors installed: `python generate.py`.

For each fixture the grown configuration is written down here by hand (`width` and `depth`: two experts for one,
each layer twice), a model is built from it, and its tensors are recorded as `save_pretrained` names them, together
with the keys of config.json that changed. refused.json lists what a fixture cannot be grown by.
"""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "conformance"))
sys.dont_write_bytecode = True

import models
import torch
import transformers
import variants
from safetensors import safe_open

SMALL = dict(
    vocab_size=16,
    hidden_size=8,
    d_model=8,
    intermediate_size=10,
    intermediate_size_mlp=10,
    ffn_hidden_size=10,
    moe_intermediate_size=6,
    expert_ffn_hidden_size=6,
    shared_expert_intermediate_size=5,
    shared_intermediate_size=5,
    moe_shared_expert_intermediate_size=5,
    num_attention_heads=2,
    num_key_value_heads=1,
    n_heads=2,
    kv_n_heads=1,
    head_dim=4,
    q_lora_rank=4,
    kv_lora_rank=4,
    qk_nope_head_dim=4,
    qk_rope_head_dim=4,
    v_head_dim=4,
    index_head_dim=8,
    index_n_heads=1,
    linear_key_head_dim=4,
    linear_value_head_dim=4,
    linear_num_key_heads=1,
    linear_num_value_heads=2,
    linear_head_dim=4,
    linear_num_heads=2,
    mamba_n_heads=2,
    mamba_d_head=8,
    mamba_d_state=4,
    mamba_dt_rank=2,
    mamba_num_heads=2,
    mamba_head_dim=8,
    ssm_state_size=4,
    o_lora_rank=4,
    o_groups=1,
    out_hidden_size=8,
    num_position_embeddings=4,
    projector_input_dim=4,
    projector_output_dim=4,
    vision_output_dim=4,
    n_group=2,
    topk_group=1,
    num_experts=4,
    num_local_experts=4,
    n_routed_experts=4,
    moe_num_experts=4,
    num_layers=2,
)
VISION = dict(hidden_size=4, intermediate_size=6, num_heads=1, num_attention_heads=1)
GROUPS = dict(n_group=4, topk_group=2)
LAYERS = dict(num_hidden_layers=8)


def each_twice(entries):
    return [entry for entry in entries for _ in range(2)]


def types(key, entries):
    return {key: each_twice(entries), **LAYERS}


SLIDING = types("layer_types", models.SLIDING_MIX)
LINEAR = types("layer_types", models.LINEAR_MIX)
DENSE_ONE = types("mlp_layer_types", models.DENSE_ONE)

REFUSED = None

# name: tiny model, rewriting (or None), configuration grown in width, in depth, by stacking
FIXTURES = {
    "qwen3_moe": (
        "qwen3_moe",
        None,
        dict(num_experts=8, num_experts_per_tok=4),
        dict(mlp_only_layers=[0, 1, 4, 5], **LAYERS),
        dict(mlp_only_layers=[0, 2, 4, 6], **LAYERS),
    ),
    "mixtral": ("mixtral", None, dict(num_local_experts=8, num_experts_per_tok=4), LAYERS, LAYERS),
    "phimoe": ("phimoe", None, REFUSED, LAYERS, LAYERS),
    "minimax_m2": ("minimax_m2", None, dict(num_local_experts=8, num_experts_per_tok=4), LAYERS, LAYERS),
    "qwen3_next_mtp": (
        "qwen3_next",
        variants.mtp_own,
        dict(num_experts=8, num_experts_per_tok=4),
        dict(mlp_only_layers=[2, 3], **LINEAR),
        dict(mlp_only_layers=[1, 5], layer_types=models.LINEAR_MIX * 2, **LAYERS),
    ),
    "qwen3_5_moe_stacked": (
        "qwen3_5_moe",
        variants.fused,
        dict(num_experts=8, num_experts_per_tok=4),
        LINEAR,
        dict(layer_types=models.LINEAR_MIX * 2, **LAYERS),
    ),
    "qwen3_vl_moe_transposed": (
        "qwen3_vl_moe",
        variants.fused_transposed,
        dict(num_experts=8, num_experts_per_tok=4),
        dict(mlp_only_layers=[2, 3], **LAYERS),
        dict(mlp_only_layers=[1, 5], **LAYERS),
    ),
    "deepseek_v2": (
        "deepseek_v2",
        None,
        dict(n_routed_experts=8, num_experts_per_tok=4, **GROUPS),
        dict(first_k_dense_replace=2, **LAYERS),
        REFUSED,
    ),
    "deepseek_v3_mtp": (
        "deepseek_v3",
        variants.mtp_after,
        dict(n_routed_experts=8, num_experts_per_tok=4, **GROUPS),
        dict(first_k_dense_replace=4, **LAYERS),
        REFUSED,
    ),
    "deepseek_v3_fp8": (
        "deepseek_v3",
        variants.quantize_fp8,
        dict(n_routed_experts=8, num_experts_per_tok=4, **GROUPS),
        dict(first_k_dense_replace=4, **LAYERS),
        REFUSED,
    ),
    "deepseek_v4": (
        "deepseek_v4",
        None,
        dict(n_routed_experts=8, num_experts_per_tok=4),
        dict(
            layer_types=each_twice(models.SPECS["deepseek_v4"].config["layer_types"]),
            mlp_layer_types=["hash_moe"] * 2 + ["moe"] * 6,
            **LAYERS,
        ),
        dict(
            layer_types=models.SPECS["deepseek_v4"].config["layer_types"] * 2,
            mlp_layer_types=["hash_moe", "moe", "moe", "moe"] * 2,
            **LAYERS,
        ),
    ),
    "glm_moe_dsa": (
        "glm_moe_dsa",
        None,
        dict(n_routed_experts=8, num_experts_per_tok=4, **GROUPS),
        dict(
            layer_types=["indexed_attention"] * 8,
            indexer_types=each_twice(["full", "shared", "full", "shared"]),
            first_k_dense_replace=4,
            **types("mlp_layer_types", models.DENSE_TWO),
        ),
        dict(
            layer_types=["indexed_attention"] * 8,
            indexer_types=["full", "shared"] * 4,
            mlp_layer_types=models.DENSE_TWO * 2,
            **LAYERS,
        ),
    ),
    "exaone_moe": (
        "exaone_moe",
        None,
        dict(num_experts=8, num_experts_per_tok=4, **GROUPS),
        dict(first_k_dense_replace=2, mlp_layer_types=each_twice(models.DENSE_ONE), **SLIDING),
        dict(mlp_layer_types=models.DENSE_ONE * 2, layer_types=models.SLIDING_MIX * 2, **LAYERS),
    ),
    "ernie4_5_moe": (
        "ernie4_5_moe",
        None,
        dict(moe_num_experts=8, moe_k=4),
        dict(moe_layer_start_index=2, moe_layer_end_index=5, **LAYERS),
        REFUSED,
    ),
    "gpt_oss": (
        "gpt_oss",
        None,
        dict(num_local_experts=8, num_experts_per_tok=4),
        SLIDING,
        dict(layer_types=models.SLIDING_MIX * 2, **LAYERS),
    ),
    "gpt_oss_mxfp4": (
        "gpt_oss",
        variants.quantize_mxfp4,
        dict(num_local_experts=8, num_experts_per_tok=4),
        SLIDING,
        dict(layer_types=models.SLIDING_MIX * 2, **LAYERS),
    ),
    "granitemoehybrid": (
        "granitemoehybrid",
        None,
        dict(num_local_experts=8, num_experts_per_tok=4),
        LINEAR,
        dict(layer_types=models.LINEAR_MIX * 2, **LAYERS),
    ),
    "llama4": (
        "llama4",
        None,
        dict(num_local_experts=8),
        dict(
            moe_layers=list(range(8)),
            no_rope_layers=each_twice([1, 0, 1, 0]),
            layer_types=each_twice(["chunked_attention", "full_attention"] * 2),
            **LAYERS,
        ),
        dict(
            moe_layers=list(range(8)),
            no_rope_layers=[1, 0] * 4,
            layer_types=["chunked_attention", "full_attention"] * 4,
            **LAYERS,
        ),
    ),
    "afmoe": (
        "afmoe",
        None,
        dict(num_experts=8, num_experts_per_tok=4),
        dict(num_dense_layers=2, **SLIDING),
        REFUSED,
    ),
    "hunyuan_v1_moe_lists": (
        "hunyuan_v1_moe (top-k list)",
        None,
        dict(num_experts=8, moe_topk=[4, 2, 4, 6]),
        dict(moe_topk=each_twice([2, 1, 2, 3]), **LAYERS),
        dict(moe_topk=[2, 1, 2, 3] * 2, **LAYERS),
    ),
    "lfm2_moe": (
        "lfm2_moe (not renormalized)",
        None,
        dict(num_experts=8, num_experts_per_tok=4, routed_scaling_factor=0.65),
        dict(num_dense_layers=2, **types("layer_types", ["conv", "full_attention"] * 2)),
        REFUSED,
    ),
    "jamba": ("jamba", None, dict(num_experts=8, num_experts_per_tok=4), REFUSED, LAYERS),
    "nemotron_h_pattern": (
        "nemotron_h",
        variants.nemotron_pattern,
        dict(n_routed_experts=8, num_experts_per_tok=4, **GROUPS),
        dict(layers_block_type=each_twice(models.SPECS["nemotron_h"].config["layers_block_type"])),
        dict(layers_block_type=models.SPECS["nemotron_h"].config["layers_block_type"] * 2),
    ),
    "kimi_linear_hub": (
        "kimi_linear",
        variants.kimi_hub,
        dict(num_local_experts=8, num_experts_per_tok=4, **GROUPS),
        dict(mlp_layer_types=each_twice(models.DENSE_ONE), first_k_dense_replace=2, **LINEAR),
    ),
    "dbrx": ("dbrx", None, dict(ffn_config=dict(moe_num_experts=8, moe_top_k=4)), dict(n_layers=8), dict(n_layers=8)),
    "longcat_flash_hub": (
        "longcat_flash",
        variants.longcat_hub,
        dict(n_routed_experts=8, moe_topk=4, zero_expert_num=4),
        dict(num_layers=4),
        dict(num_layers=4),
    ),
}


def shrink(config, small):
    """The same configuration with smaller sizes."""
    out = {}
    for key, value in config.items():
        if key == "vision_config":
            out[key] = shrink(value, {**small, **VISION})
        elif isinstance(value, dict) and key.endswith("_config"):
            out[key] = shrink(value, small)
        elif key in small and value is not None:
            out[key] = [small[key]] * len(value) if isinstance(value, list) else small[key]
        else:
            out[key] = value
    return out


def patched(config, patch):
    """The configuration with keys changed, in the text model where there is one."""
    out = dict(config)
    target = dict(out["text_config"]) if "text_config" in out else out
    for key, value in patch.items():
        target[key] = {**target[key], **value} if isinstance(value, dict) else value
    if "text_config" in out:
        out["text_config"] = target
    return out


def save(spec, config, rewrite):
    """The tensors and the config.json of a model built from a configuration."""
    torch.manual_seed(1)
    built = transformers.AutoConfig.for_model(spec.model_type, **config)
    model = getattr(transformers, spec.auto).from_config(built)
    models.randomize(model, 1)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        tensors, saved = variants.read(folder)
    if rewrite:
        rewrite(tensors, saved)
    return {name: narrow(name, tensor) for name, tensor in tensors.items()}, saved


def narrow(name, tensor):
    """Half the bytes; selection biases and scales stay float32, as they do on the Hub."""
    keep = tensor.dtype != torch.float32 or re.search(r"correction_bias|expert_bias|scale|gate\.bias", name)
    return tensor if keep else tensor.to(torch.bfloat16)


def described(folder):
    """Tensor name -> dtype and shape, with the experts of one kind on one line."""
    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            for name in tensors.keys():
                part = tensors.get_slice(name)
                found[name] = f"{part.get_dtype()} {part.get_shape()}"
    joined, experts = {}, {}
    for name, what in found.items():
        match = re.match(r"(.*\.experts\.)(\d+)(\..*)", name)
        if match:
            experts.setdefault((match[1], match[3], what), []).append(int(match[2]))
        else:
            joined[name] = what
    for (before, after, what), indices in experts.items():
        assert sorted(indices) == list(range(len(indices))), (before, indices)
        joined[f"{before}{{0..{len(indices) - 1}}}{after}"] = what
    return dict(sorted(joined.items()))


def changed(source, grown):
    """What differs between two config.json, nested objects included."""
    out = {}
    for key in sorted(set(source) | set(grown)):
        before, after = source.get(key), grown.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            if inner := changed(before, after):
                out[key] = inner
        elif before != after:
            out[key] = after
    return out


def main():
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for name, (base, rewrite, *grown) in FIXTURES.items():
        spec = models.SPECS[base]
        small = {**SMALL, "hidden_size": 32, "intermediate_size": 32} if rewrite is variants.quantize_mxfp4 else SMALL
        config = shrink(spec.config, small)
        models.HIDDEN = small["hidden_size"]
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        tensors, source = save(spec, config, rewrite)
        variants.write(folder, tensors, source, 2 if rewrite is variants.quantize_fp8 else 1)
        refused = []
        for label, patch in zip(("width2", "depth2", "stack2"), grown):
            if patch is REFUSED:
                refused.append(label)
                continue
            with tempfile.TemporaryDirectory() as other:
                tensors, saved = save(spec, patched(config, patch), rewrite)
                variants.write(other, tensors, saved)
                expected = {
                    "by": f"transformers {transformers.__version__}",
                    "config": changed(source, saved),
                    "tensors": described(Path(other)),
                }
            text = json.dumps(expected, indent=1)
            text = re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", text)
            (folder / f"{label}.expected.json").write_text(text + "\n")
        (folder / "refused.json").write_text(json.dumps(refused) + "\n")
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{name}: {size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
