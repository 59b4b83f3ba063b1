"""Writes the golden folders beside this file: tiny random models, and what transformers computes with them.

Made with torch 2.13.0 (CPU), transformers 5.18.0 and safetensors 0.8.0:
    python generate.py
Each folder holds a checkpoint and golden-transformers-5.18.safetensors with
    ids [B,S] int64, logits [B,S,V], loss (cross-entropy + coefficient * aux_loss), aux_loss,
    grad.<tensor> of that loss for every tensor of the checkpoint,
    after.<tensor> the weights after three AdamW steps on that batch (norms without decay, gradients clipped).
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import MixtralConfig, MixtralForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

HERE = pathlib.Path(__file__).parent
BATCH, LENGTH, VOCABULARY = 2, 14, 53
COMMON = dict(vocab_size=VOCABULARY, hidden_size=24, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
              max_position_embeddings=32, initializer_range=0.2, output_router_logits=True, rope_theta=10000.0)


def per_expert(name, tensor, expert_names):
    """Splits transformers' fused experts into the tensors that a checkpoint holds."""
    if name.endswith("experts.gate_up_proj"):
        stem = name[: -len("gate_up_proj")]
        for e in range(tensor.shape[0]):
            gate, up = tensor[e].chunk(2)
            yield f"{stem}{e}.{expert_names[0]}.weight", gate
            yield f"{stem}{e}.{expert_names[1]}.weight", up
    elif name.endswith("experts.down_proj"):
        stem = name[: -len("down_proj")]
        for e in range(tensor.shape[0]):
            yield f"{stem}{e}.{expert_names[2]}.weight", tensor[e]
    else:
        yield name, tensor


def on_disk(model, values, prefix):
    mixtral = model.config.model_type == "mixtral"
    names = ("w1", "w3", "w2") if mixtral else ("gate_proj", "up_proj", "down_proj")
    result = {}
    for name, value in values.items():
        for disk, part in per_expert(name, value, names):
            if mixtral:
                disk = disk.replace(".mlp.", ".block_sparse_moe.")
            result[prefix + disk] = part.detach().clone().contiguous()
    return result


def loss_and_gradients(model, ids):
    model.zero_grad()
    out = model(input_ids=ids, labels=ids, use_cache=False)
    out.loss.backward()
    return out


def closest_choice(out, k):
    """The smallest gap between the last chosen and the first unchosen probability, over layers and tokens."""
    gaps = []
    for logits in out.router_logits:
        top = logits.softmax(-1).topk(k + 1).values
        gaps.append((top[:, -2] - top[:, -1]).min().item())
    return min(gaps)


def draw(kind, config):
    """The first seeded model and batch whose choices are so clear that bfloat16 does not flip one."""
    for seed in range(1000):
        torch.manual_seed(seed)
        model = kind(config)
        with torch.no_grad():
            for value in model.parameters():
                if value.ndim == 1:
                    value.copy_(1 + 0.3 * torch.randn_like(value))
        ids = torch.randint(0, VOCABULARY, (BATCH, LENGTH))
        if closest_choice(model(input_ids=ids), config.num_experts_per_tok) > 0.008:
            return model, ids
    raise ValueError("no seed gives clear choices")


def write(name, kind, config, rename=None):
    model, ids = draw(kind, config)
    folder = HERE / name
    model.save_pretrained(folder)
    for extra in folder.glob("generation_config.json"):
        extra.unlink()
    if rename:
        file = folder / "config.json"
        config = json.loads(file.read_text())
        config[rename[1]] = config.pop(rename[0])
        file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    out = loss_and_gradients(model, ids)
    golden = {"ids": ids, "logits": out.logits, "loss": out.loss.reshape(1), "aux_loss": out.aux_loss.reshape(1)}
    golden.update(on_disk(model, {k: v.grad for k, v in model.named_parameters()}, "grad."))
    matrices = [p for p in model.parameters() if p.ndim > 1]
    norms = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [dict(params=matrices, weight_decay=0.1), dict(params=norms, weight_decay=0.0)],
        lr=1e-2, betas=(0.9, 0.95), eps=1e-4)
    for _ in range(3):
        loss_and_gradients(model, ids)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    golden.update(on_disk(model, dict(model.named_parameters()), "after."))
    save_file({k: v.detach().contiguous() for k, v in golden.items()},
              folder / "golden-transformers-5.18.safetensors", metadata={"format": "pt"})


def main():
    torch.set_num_threads(1)
    write("qwen3_moe_renormalized", Qwen3MoeForCausalLM, Qwen3MoeConfig(
        **COMMON, num_hidden_layers=2, num_experts=5, num_experts_per_tok=2, moe_intermediate_size=16,
        norm_topk_prob=True, router_aux_loss_coef=0.02, tie_word_embeddings=True, intermediate_size=20))
    write("qwen3_moe_dense_layer", Qwen3MoeForCausalLM, Qwen3MoeConfig(
        **COMMON, num_hidden_layers=3, num_experts=4, num_experts_per_tok=3, moe_intermediate_size=12,
        norm_topk_prob=False, router_aux_loss_coef=0.01, tie_word_embeddings=False, intermediate_size=20,
        mlp_only_layers=[1]), ("num_local_experts", "num_experts"))
    for tied in (True, False):
        write("mixtral_tied" if tied else "mixtral", MixtralForCausalLM, MixtralConfig(
            **COMMON, num_hidden_layers=2, num_local_experts=4, num_experts_per_tok=2, intermediate_size=16,
            router_aux_loss_coef=0.02, tie_word_embeddings=tied, rms_norm_eps=1e-5))


main()
