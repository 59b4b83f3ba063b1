"""Writes what published checkpoints hold: names, element types and shapes, one file a model, no weights.

usage: generate.py CONFIGS OUT [MODEL ...]

CONFIGS holds config.json files of the Hub by the names below. transformers builds each model on its meta device and
renames its tensors as it saves them, which is the Hub's layout; what it leaves out (next-token-prediction layers) and
what only the Hub's files have (FP8, FP4, MXFP4, NVFP4) is added here. Written with transformers 5.18, torch 2.13.

A line is a name with ranges for its numbers, an element type, and a shape:
    model.layers.{0-47}.mlp.experts.{0-127}.up_proj.weight BF16 768,2048
"""
import collections, copy, fnmatch, itertools, json, os, re, sys, warnings
from pathlib import Path

warnings.filterwarnings("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import torch, transformers
from transformers.core_model_loading import revert_weight_conversion

# what counts do not depend on, and what is long
LEFT_OUT = ["auto_map", "quantization_config", "vision_config", "transformers_version", "architectures", "torch_dtype", "dtype"]


def built(config, drop=()):
    """Names and shapes as transformers saves them."""
    config = copy.deepcopy(config)
    for key in ("auto_map", "quantization_config") + tuple(drop):
        config.pop(key, None)
    kind = config.pop("model_type")
    parsed = transformers.AutoConfig.for_model("deepseek_v3" if kind == "kimi_k2" else kind, **config)
    with torch.device("meta"):
        if "text_config" in config:
            model = transformers.AutoModelForImageTextToText.from_config(parsed)
        else:
            model = transformers.AutoModelForCausalLM.from_config(parsed)
    state = model.state_dict()
    text = config.get("text_config", {})
    if config.get("tie_word_embeddings", text.get("tie_word_embeddings", parsed.get_text_config().tie_word_embeddings)):
        state.pop("lm_head.weight", None)
    out = {}
    for name, tensor in revert_weight_conversion(model, state).items():
        out[name] = ["F32" if "correction_bias" in name or "expert_bias" in name else "BF16", list(tensor.shape)]
    return out


def layer_copy(t, last, base, more):
    """A layer behind the last one, with what marks next-token prediction."""
    out = {k.replace(f".{last}.", f".{base}.", 1): copy.deepcopy(v) for k, v in t.items() if f"layers.{last}." in k}
    t.update(out)
    t.update({f"model.layers.{base}.{k}": ["BF16", v] for k, v in more.items()})


def mtp_behind(t, c, embeds=True):
    h, v, n = c["hidden_size"], c["vocab_size"], c["num_hidden_layers"]
    more = {"enorm.weight": [h], "hnorm.weight": [h], "eh_proj.weight": [h, 2 * h], "shared_head.norm.weight": [h]}
    if embeds:
        more |= {"embed_tokens.weight": [v, h], "shared_head.head.weight": [v, h]}
    layer_copy(t, n - 1, n, more)


def own_indexer(t, c):
    """The layer behind the last one has an indexer, whatever the last one has."""
    full, n = max(i for i, k in enumerate(c["indexer_types"]) if k == "full"), c["num_hidden_layers"]
    for k in [k for k in t if f"layers.{full}.self_attn.indexer." in k]:
        t[k.replace(f".{full}.", f".{n}.", 1)] = copy.deepcopy(t[k])


def mtp_apart(t, c, layer, prefix, fused=False):
    """Qwen's: one layer of full attention, two norms, one projection."""
    c = c.get("text_config", c)
    h = c["hidden_size"]
    at = f"{prefix}layers.{layer}."
    for k in [k for k in t if k.startswith(at)]:
        t["mtp.layers.0." + k[len(at):]] = copy.deepcopy(t[k])
    if not fused:
        split_fused(t, "mtp.layers.0.mlp.experts.")
    t["mtp.fc.weight"] = ["BF16", [h, 2 * h]]
    for norm in ("norm", "pre_fc_norm_embedding", "pre_fc_norm_hidden"):
        t[f"mtp.{norm}.weight"] = ["BF16", [h]]


def split_fused(t, prefix):
    both, down = t.pop(prefix + "gate_up_proj", None), t.pop(prefix + "down_proj", None)
    if both is None:
        return
    experts, twice, h = both[1]
    for e in range(experts):
        for name, shape in (("gate_proj", [twice // 2, h]), ("up_proj", [twice // 2, h]), ("down_proj", [h, twice // 2])):
            t[f"{prefix}{e}.{name}.weight"] = ["BF16", shape]


def fuse(t):
    """Qwen3.5 as the Hub stores it: all experts of a layer in one tensor."""
    groups = collections.defaultdict(dict)
    for name in list(t):
        m = re.fullmatch(r"(.*\.mlp\.experts\.)(\d+)\.(gate|up|down)_proj\.weight", name)
        if m:
            groups[m[1]].setdefault(m[3], []).append(t.pop(name)[1])
    for prefix, parts in groups.items():
        f, h = parts["gate"][0]
        e = len(parts["gate"])
        t[prefix + "gate_up_proj"] = ["BF16", [e, 2 * f, h]]
        t[prefix + "down_proj"] = ["BF16", [e, h, f]]


def is_linear(name, shape):
    return len(shape) == 2 and name.endswith(".weight") and not re.search(
        r"embed|lm_head|shared_head|(^|\.)head\.weight|\.gate\.weight|norm|eh_proj|mtp\.fc|weights_proj|router|conv", name)


def fp8(t, scale="weight_scale_inv", kind="F32", only=None):
    for name in [n for n, (d, s) in t.items() if is_linear(n, s) and (only is None or re.search(only, n)) and d == "BF16"]:
        o, i = t[name][1]
        t[name][0] = "F8_E4M3"
        t[name[: -len("weight")] + scale] = [kind, [-(-o // 128), -(-i // 128)]]


def nvfp4(t, exempt):
    exempt = [re.compile(fnmatch.translate(e)) for e in exempt]
    for name in [n for n, (d, s) in t.items() if is_linear(n, s)]:
        module = name[: -len(".weight")]
        if any(e.match(module) for e in exempt):
            continue
        o, i = t[name][1]
        t[name] = ["U8", [o, i // 2]]
        t[module + ".weight_scale"] = ["F8_E4M3", [o, i // 16]]
        t[module + ".weight_scale_2"] = ["F32", []]
        t[module + ".input_scale"] = ["F32", []]


def mxfp4(t):
    for name in [n for n in t if n.endswith("experts.gate_up_proj") or n.endswith("experts.down_proj")]:
        e, i, o = t.pop(name)[1]
        t[name + "_blocks"] = ["U8", [e, o, i // 32, 16]]
        t[name + "_scales"] = ["U8", [e, o, i // 32]]


def fp4_in_i8(t):
    for name in [n for n in t if re.search(r"ffn\.experts\.\d+\.w[123]\.weight", n)]:
        o, i = t[name][1]
        t[name] = ["I8", [o, i // 2]]
        t[name[: -len("weight")] + "scale"] = ["F8_E8M0", [o, i // 32]]
    fp8(t, "scale", "F8_E8M0", r"attn\.w|shared_experts")


def ranges(numbers):
    numbers, out = sorted(set(numbers)), []
    for _, run in itertools.groupby(enumerate(numbers), lambda p: p[1] - p[0]):
        run = [n for _, n in run]
        out.append(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]))
    return "{" + ",".join(out) + "}"


def lines(t):
    groups = collections.defaultdict(set)
    for name, (dtype, shape) in t.items():
        numbers = tuple(int(n) for n in re.findall(r"(?<=\.)\d+(?=\.|$)", name))
        groups[re.sub(r"(?<=\.)\d+(?=\.|$)", "#", name), dtype, tuple(shape)].add(numbers)
    for (pattern, dtype, shape), found in sorted(groups.items()):
        axes = [sorted(set(axis)) for axis in zip(*found)]
        sets = [axes]
        if len(found) != max(1, len(list(itertools.product(*axes)))):
            by_rest = collections.defaultdict(list)
            for numbers in found:
                by_rest[numbers[1:]].append(numbers[0])
            by_first = collections.defaultdict(list)
            for rest, first in by_rest.items():
                by_first[tuple(sorted(first))].append(rest)
            sets = [[list(first)] + [sorted(set(axis)) for axis in zip(*rest)] for first, rest in by_first.items()]
        for axes in sets:
            name = pattern
            for axis in axes:
                name = name.replace("#", ranges(axis), 1)
            yield f"{name} {dtype} {','.join(map(str, shape))}".rstrip()


def exempt_of(c):
    q = c["quantization_config"]
    return q.get("ignore") or q.get("exclude_modules") or []


MODELS = {
    "Qwen3-30B-A3B": ("Qwen--Qwen3-30B-A3B", lambda t, c: None),
    "Qwen3-30B-A3B-FP8": ("Qwen--Qwen3-30B-A3B-FP8", lambda t, c: fp8(t)),
    "Qwen3-235B-A22B": ("Qwen--Qwen3-235B-A22B", lambda t, c: None),
    "Qwen3-235B-A22B-FP8": ("Qwen--Qwen3-235B-A22B-FP8", lambda t, c: fp8(t)),
    "Qwen3-Coder-480B-A35B": ("Qwen--Qwen3-Coder-480B-A35B-Instruct", lambda t, c: None),
    "Qwen3-Next-80B-A3B": ("Qwen--Qwen3-Next-80B-A3B", lambda t, c: mtp_apart(t, c, 3, "model.")),
    "Qwen3-VL-30B-A3B": ("Qwen--Qwen3-VL-30B-A3B-Instruct", lambda t, c: None),
    "Qwen3.5-35B-A3B": ("Qwen--Qwen3.5-35B-A3B", lambda t, c: (mtp_apart(t, c, 3, "model.language_model."), fuse_main(t))),
    "Qwen3.5-122B-A10B": ("Qwen--Qwen3.5-122B-A10B", lambda t, c: (mtp_apart(t, c, 3, "model.language_model."), fuse_main(t))),
    "Qwen3.5-397B-A17B": ("Qwen--Qwen3.5-397B-A17B", lambda t, c: (mtp_apart(t, c, 3, "model.language_model."), fuse_main(t))),
    "Qwen3.5-122B-A10B-NVFP4": ("nvidia--Qwen3.5-122B-A10B-NVFP4", lambda t, c: (mtp_apart(t, c, 3, "model.language_model."), nvfp4(t, exempt_of(c)))),
    "Mixtral-8x7B": ("mistralai--Mixtral-8x7B-v0.1", lambda t, c: None),
    "Mixtral-8x22B": ("mistralai--Mixtral-8x22B-v0.1", lambda t, c: None),
    "DeepSeek-V2-Lite": ("deepseek-ai--DeepSeek-V2-Lite", lambda t, c: None),
    "DeepSeek-R1": ("deepseek-ai--DeepSeek-V3", lambda t, c: (mtp_behind(t, c), fp8(t))),
    "DeepSeek-V3.2": ("deepseek-ai--DeepSeek-V3.2", lambda t, c: (mtp_behind(t, c), fp8(t))),
    "DeepSeek-V4-Flash": ("deepseek-ai--DeepSeek-V4-Flash", lambda t, c: fp4_in_i8(t)),
    "DeepSeek-V4-Flash-floats": ("deepseek-ai--DeepSeek-V4-Flash", lambda t, c: None),
    "Kimi-K2-Instruct": ("moonshotai--Kimi-K2-Instruct", lambda t, c: fp8(t)),
    "GLM-4.5-Air": ("zai-org--GLM-4.5-Air", lambda t, c: mtp_behind(t, c)),
    "GLM-5-FP8": ("zai-org--GLM-5-FP8", lambda t, c: (mtp_behind(t, c, False), fp8(t))),
    "GLM-5.2": ("zai-org--GLM-5.2", lambda t, c: (mtp_behind(t, c, False), own_indexer(t, c))),
    "GLM-5.2-NVFP4": ("nvidia--GLM-5.2-NVFP4", lambda t, c: nvfp4(t, exempt_of(c))),
    "GLM-5.1-NVFP4": ("nvidia--GLM-5.1-NVFP4", lambda t, c: nvfp4(t, exempt_of(c))),
    "MiniMax-M2.5": ("MiniMaxAI--MiniMax-M2.5", lambda t, c: fp8(t)),
    "MiniMax-M2.5-NVFP4": ("nvidia--MiniMax-M2.5-NVFP4", lambda t, c: nvfp4(t, exempt_of(c))),
    "MiMo-V2-Flash": ("XiaomiMiMo--MiMo-V2-Flash", lambda t, c: None),
    "gpt-oss-20b": ("openai--gpt-oss-20b", lambda t, c: mxfp4(t)),
    "gpt-oss-120b": ("openai--gpt-oss-120b", lambda t, c: mxfp4(t)),
    "Llama-4-Scout": ("meta-llama--Llama-4-Scout-17B-16E-Instruct", lambda t, c: None),
    "Llama-4-Maverick": ("meta-llama--Llama-4-Maverick-17B-128E-Instruct", lambda t, c: None),
    "Nemotron-3-Nano-30B-A3B": ("nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", lambda t, c: None),
    "Nemotron-3-Super-120B-A12B": ("nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-FP8", lambda t, c: None),
    "Nemotron-3-Ultra-550B-A55B": ("nvidia--NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16", lambda t, c: None),
    "Hunyuan-A13B": ("tencent--Hunyuan-A13B", lambda t, c: None),
    "granite-3.1-1b-a400m": ("ibm-granite--granite-3.1-1b-a400m", lambda t, c: None),
}


def fuse_main(t):
    kept = {k: t.pop(k) for k in list(t) if k.startswith("mtp.")}
    fuse(t)
    t.update(kept)


def without_defaults(c):
    c = {k: v for k, v in c.items() if k not in LEFT_OUT}
    if "text_config" in c:
        c["text_config"] = {k: v for k, v in c["text_config"].items() if k not in LEFT_OUT}
    return c


def main(configs, out, *wanted):
    for name in wanted or MODELS:
        try:
            file, post = MODELS[name]
            c = json.loads((Path(configs) / f"{file}.json").read_text())
            t = built(c)
            plain = sum(torch.Size(s).numel() for _, s in t.values())
            post(t, c)
            text = "\n".join(lines(t)) + "\n"
            (Path(out) / f"{name}.tensors").write_text(text)
            (Path(out) / f"{name}.json").write_text(json.dumps(without_defaults(c), separators=(",", ":")) + "\n")
            print(name, len(t), plain, len(text), flush=True)
        except Exception as e:
            print(name, "FAILED", type(e).__name__, str(e)[:300], flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
