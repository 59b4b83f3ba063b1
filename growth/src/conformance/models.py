"""Tiny random models of every model type that is checked: small, but with every switch on.

Routing groups, selection biases, scaling factors, shared experts, dense prefixes, tied heads and mixed
layer kinds are all switched on somewhere, so that a wrong growth recipe shows in the logits.
"""

import dataclasses
import typing

import torch
import transformers

VOCAB = 64
HIDDEN = 32

ATTENTION = dict(num_attention_heads=4, num_key_value_heads=2, head_dim=8)
MLA = dict(
    num_attention_heads=4,
    num_key_value_heads=4,
    q_lora_rank=16,
    kv_lora_rank=16,
    qk_nope_head_dim=8,
    qk_rope_head_dim=8,
    v_head_dim=8,
)
INDEXER = dict(index_topk=8, index_head_dim=16, index_n_heads=2)
LINEAR = dict(
    linear_key_head_dim=8,
    linear_value_head_dim=8,
    linear_num_key_heads=2,
    linear_num_value_heads=4,
)
GROUPS = dict(n_routed_experts=8, num_experts_per_tok=2, n_group=4, topk_group=2)
SHARED = dict(n_shared_experts=1, moe_intermediate_size=24)
LINEAR_MIX = ["linear_attention", "full_attention", "linear_attention", "full_attention"]
SLIDING_MIX = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]
DENSE_ONE = ["dense", "sparse", "sparse", "sparse"]
DENSE_TWO = ["dense", "dense", "sparse", "sparse"]


@dataclasses.dataclass(frozen=True)
class Spec:
    """One tiny model: its model type, its configuration, and what Coppice refuses for it."""

    model_type: str
    config: dict
    auto: str = "AutoModelForCausalLM"
    refuses: tuple = ()  # of width, depth (interposition), stack, identity, noise; stack where only a prefix says the kinds
    control: typing.Optional[dict] = None  # a wrong patch of a width-2 config that must change the logits
    bfloat16: bool = False


def base(**more):
    """Keys that nearly every family shares."""
    keys = dict(
        vocab_size=VOCAB,
        hidden_size=HIDDEN,
        num_hidden_layers=4,
        intermediate_size=40,
        max_position_embeddings=128,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=False,
    )
    keys.update(ATTENTION)
    keys.update(more)
    return keys


def without(keys, *names):
    return {key: value for key, value in keys.items() if key not in names}


SPECS = {
    "mixtral": Spec("mixtral", base(num_local_experts=6, num_experts_per_tok=2)),
    "phimoe": Spec(
        "phimoe",
        without(base(num_local_experts=6, attention_bias=True, lm_head_bias=True), "head_dim"),
        refuses=("width",),
    ),
    "minimax": Spec(
        "minimax",
        base(
            num_local_experts=6,
            num_experts_per_tok=2,
            layer_types=LINEAR_MIX,
            block_size=16,
            full_attn_alpha_factor=1.5,
            linear_attn_beta_factor=0.7,
        ),
        refuses=("depth", "stack", "stack kept", "identity"),
    ),
    "minimax_m2": Spec("minimax_m2", base(num_local_experts=6, num_experts_per_tok=2, intermediate_size=24)),
    "qwen2_moe": Spec(
        "qwen2_moe",
        without(
            base(
                num_experts=6,
                num_experts_per_tok=2,
                moe_intermediate_size=24,
                shared_expert_intermediate_size=20,
                mlp_only_layers=[1],
                norm_topk_prob=False,
                use_sliding_window=True,
                sliding_window=8,
                max_window_layers=3,
            ),
            "head_dim",
        ),
    ),
    "qwen3_moe": Spec(
        "qwen3_moe",
        base(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=24, mlp_only_layers=[0, 2], norm_topk_prob=True),
    ),
    "qwen3_moe (step 2, not renormalized, tied)": Spec(
        "qwen3_moe",
        base(
            num_experts=6,
            num_experts_per_tok=2,
            moe_intermediate_size=24,
            decoder_sparse_step=2,
            norm_topk_prob=False,
            tie_word_embeddings=True,
        ),
    ),
    "qwen3_moe (bfloat16)": Spec(
        "qwen3_moe",
        base(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=24, norm_topk_prob=True),
        bfloat16=True,
    ),
    "qwen3_next": Spec(
        "qwen3_next",
        base(
            num_experts=6,
            num_experts_per_tok=2,
            moe_intermediate_size=24,
            shared_expert_intermediate_size=20,
            mlp_only_layers=[1],
            layer_types=LINEAR_MIX,
            **LINEAR,
        ),
    ),
    "qwen3_5_moe_text": Spec(
        "qwen3_5_moe_text",
        base(
            num_experts=6,
            num_experts_per_tok=2,
            moe_intermediate_size=24,
            shared_expert_intermediate_size=20,
            layer_types=LINEAR_MIX,
            **LINEAR,
        ),
    ),
    "qwen3_5_moe": Spec(
        "qwen3_5_moe",
        dict(
            text_config=base(
                num_experts=6,
                num_experts_per_tok=2,
                moe_intermediate_size=24,
                shared_expert_intermediate_size=20,
                layer_types=LINEAR_MIX,
                **LINEAR,
            ),
            vision_config=dict(
                depth=1,
                hidden_size=16,
                intermediate_size=24,
                num_heads=2,
                out_hidden_size=HIDDEN,
                num_position_embeddings=16,
                patch_size=4,
            ),
            tie_word_embeddings=False,
        ),
        auto="AutoModelForImageTextToText",
    ),
    "qwen3_vl_moe": Spec(
        "qwen3_vl_moe",
        dict(
            text_config=base(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=24, mlp_only_layers=[1]),
            vision_config=dict(
                depth=1,
                hidden_size=16,
                intermediate_size=24,
                num_heads=2,
                out_hidden_size=HIDDEN,
                num_position_embeddings=16,
                patch_size=4,
                deepstack_visual_indexes=[0],
            ),
            tie_word_embeddings=False,
        ),
        auto="AutoModelForImageTextToText",
    ),
    "olmoe": Spec("olmoe", without(base(num_experts=6, num_experts_per_tok=2, norm_topk_prob=False), "head_dim")),
    "flex_olmo": Spec("flex_olmo", without(base(num_experts=6, num_experts_per_tok=2, norm_topk_prob=True), "head_dim")),
    "deepseek_v2": Spec(
        "deepseek_v2",
        base(
            **{**MLA, **GROUPS, **SHARED},
            topk_method="group_limited_greedy",
            routed_scaling_factor=1.7,
            first_k_dense_replace=1,
        ),
        refuses=("stack",),
        control={"n_group": 4, "topk_group": 2},
    ),
    "deepseek_v2 (greedy, no query rank)": Spec(
        "deepseek_v2",
        base(
            **{**MLA, "q_lora_rank": None, **SHARED},
            n_routed_experts=6,
            num_experts_per_tok=2,
            topk_method="greedy",
            first_k_dense_replace=1,
        ),
        refuses=("stack",),
    ),
    "deepseek_v3": Spec(
        "deepseek_v3",
        base(**{**MLA, **GROUPS, **SHARED}, routed_scaling_factor=2.5, first_k_dense_replace=2),
        refuses=("stack",),
        control={"n_group": 4, "topk_group": 2},
    ),
    "deepseek_v32": Spec(
        "deepseek_v32",
        base(**{**MLA, **GROUPS, **SHARED, **INDEXER}, routed_scaling_factor=2.5, first_k_dense_replace=1),
        control={"n_group": 4, "topk_group": 2},
    ),
    "deepseek_v4": Spec(
        "deepseek_v4",
        without(
            base(
                n_routed_experts=6,
                num_experts_per_tok=2,
                moe_intermediate_size=24,
                n_shared_experts=1,
                num_key_value_heads=1,
                head_dim=16,
                q_lora_rank=16,
                o_groups=2,
                o_lora_rank=8,
                hc_mult=2,
                sliding_window=8,
                partial_rotary_factor=0.5,
                layer_types=[
                    "heavily_compressed_attention",
                    "compressed_sparse_attention",
                    "sliding_attention",
                    "compressed_sparse_attention",
                ],
                mlp_layer_types=["hash_moe", "moe", "moe", "moe"],
                compress_rates={"compressed_sparse_attention": 4, "heavily_compressed_attention": 8},
                **INDEXER,
            ),
            "intermediate_size",
        ),
        refuses=("identity",),
    ),
    "glm4_moe": Spec(
        "glm4_moe",
        base(**{**GROUPS, **SHARED}, routed_scaling_factor=1.5, first_k_dense_replace=1, use_qk_norm=True, attention_bias=True),
        refuses=("stack",),
        control={"n_group": 4, "topk_group": 2},
    ),
    "glm4_moe_lite": Spec(
        "glm4_moe_lite",
        without(base(**{**MLA, **GROUPS, **SHARED}, routed_scaling_factor=1.8, mlp_layer_types=DENSE_ONE), "head_dim"),
        control={"n_group": 4, "topk_group": 2},
    ),
    "glm_moe_dsa": Spec(
        "glm_moe_dsa",
        base(
            **{**MLA, **GROUPS, **SHARED, **INDEXER},
            routed_scaling_factor=2.5,
            mlp_layer_types=DENSE_TWO,
            first_k_dense_replace=2,
            indexer_types=["full", "shared", "full", "shared"],
        ),
        refuses=("identity",),
        control={"n_group": 4, "topk_group": 2},
    ),
    "solar_open": Spec(
        "solar_open",
        base(**{**GROUPS, **SHARED}, routed_scaling_factor=1.3, norm_topk_prob=False),
        control={"n_group": 4, "topk_group": 2},
    ),
    "mimo_v2_flash": Spec(
        "mimo_v2_flash",
        base(
            **GROUPS,
            moe_intermediate_size=24,
            v_head_dim=8,
            sliding_window=8,
            layer_types=SLIDING_MIX,
            mlp_layer_types=DENSE_ONE,
            routed_scaling_factor=1.2,
        ),
        control={"n_group": 4, "topk_group": 2},
    ),
    "dots1": Spec(
        "dots1",
        base(
            **SHARED,
            n_routed_experts=6,
            num_experts_per_tok=2,
            first_k_dense_replace=1,
            norm_topk_prob=False,
            routed_scaling_factor=1.4,
            sliding_window=8,
            layer_types=SLIDING_MIX,
        ),
        refuses=("stack",),
        control={"routed_scaling_factor": 1.4},
    ),
    "exaone_moe": Spec(
        "exaone_moe",
        base(
            num_experts=8,
            num_experts_per_tok=2,
            n_group=4,
            topk_group=2,
            num_shared_experts=1,
            moe_intermediate_size=24,
            routed_scaling_factor=2.5,
            sliding_window=8,
            layer_types=SLIDING_MIX,
            mlp_layer_types=DENSE_ONE,
            first_k_dense_replace=1,
        ),
        control={"n_group": 4, "topk_group": 2},
    ),
    "ernie4_5_moe": Spec(
        "ernie4_5_moe",
        without(
            base(
                moe_num_experts=6,
                moe_k=2,
                moe_intermediate_size=24,
                moe_num_shared_experts=1,
                moe_layer_start_index=1,
                moe_layer_end_index=2,
                moe_layer_interval=1,
                tie_word_embeddings=True,
                use_bias=True,
            ),
            "head_dim",
        ),
        refuses=("stack", "stack kept"),
    ),
    "gpt_oss": Spec(
        "gpt_oss",
        base(num_local_experts=6, num_experts_per_tok=2, intermediate_size=24, sliding_window=8, layer_types=SLIDING_MIX),
    ),
    "granitemoe": Spec(
        "granitemoe",
        without(
            base(
                num_local_experts=6,
                num_experts_per_tok=2,
                intermediate_size=24,
                embedding_multiplier=2.0,
                logits_scaling=0.5,
                residual_multiplier=0.6,
                attention_multiplier=0.3,
            ),
            "head_dim",
        ),
    ),
    "granitemoeshared": Spec(
        "granitemoeshared",
        without(
            base(
                num_local_experts=6,
                num_experts_per_tok=2,
                intermediate_size=24,
                shared_intermediate_size=20,
                tie_word_embeddings=True,
                residual_multiplier=0.6,
                attention_multiplier=0.3,
            ),
            "head_dim",
        ),
    ),
    "granitemoehybrid": Spec(
        "granitemoehybrid",
        without(
            base(
                num_local_experts=6,
                num_experts_per_tok=2,
                intermediate_size=24,
                shared_intermediate_size=20,
                layer_types=LINEAR_MIX,
                mamba_n_heads=4,
                mamba_n_groups=1,
                mamba_d_state=8,
                mamba_d_head=16,
                mamba_chunk_size=16,
                residual_multiplier=0.6,
                attention_multiplier=0.3,
            ),
            "head_dim",
        ),
    ),
    "granitemoe_swa": Spec(
        "granitemoe_swa",
        without(
            base(
                num_local_experts=6,
                num_experts_per_tok=2,
                intermediate_size=24,
                shared_intermediate_size=20,
                sliding_window=8,
                layer_types=SLIDING_MIX,
                layer_rope_theta=[10000.0, 0, 20000.0, 0],
                attention_multiplier=0.3,
            ),
            "head_dim",
        ),
    ),
    "llama4_text": Spec(
        "llama4_text",
        base(
            num_local_experts=6,
            num_experts_per_tok=1,
            intermediate_size=24,
            intermediate_size_mlp=40,
            moe_layers=[1, 3],
            no_rope_layers=[1, 0, 1, 0],
            attention_chunk_size=16,
            layer_types=["chunked_attention", "full_attention", "chunked_attention", "full_attention"],
        ),
    ),
    "llama4": Spec(
        "llama4",
        dict(
            text_config=base(
                num_local_experts=6,
                num_experts_per_tok=1,
                intermediate_size=24,
                intermediate_size_mlp=40,
                interleave_moe_layer_step=1,
                no_rope_layers=[1, 0, 1, 0],
                attention_chunk_size=16,
            ),
            vision_config=dict(
                hidden_size=16,
                intermediate_size=64,
                num_hidden_layers=1,
                num_attention_heads=2,
                vision_output_dim=16,
                projector_input_dim=16,
                projector_output_dim=16,
                image_size=8,
                patch_size=2,
            ),
            boi_token_index=60,
            eoi_token_index=61,
            image_token_index=62,
        ),
        auto="AutoModelForImageTextToText",
    ),
    "afmoe": Spec(
        "afmoe",
        base(
            num_experts=6,
            num_experts_per_tok=2,
            num_shared_experts=1,
            num_dense_layers=1,
            moe_intermediate_size=24,
            route_scale=1.6,
            sliding_window=8,
            layer_types=SLIDING_MIX,
        ),
        refuses=("stack",),
    ),
    "hy_v3": Spec(
        "hy_v3",
        base(
            num_experts=6,
            num_experts_per_tok=2,
            num_shared_experts=1,
            moe_intermediate_size=24,
            router_scaling_factor=1.9,
            mlp_layer_types=DENSE_ONE,
        ),
    ),
    "hunyuan_v1_moe": Spec("hunyuan_v1_moe", base(num_experts=6, moe_topk=2, intermediate_size=24)),
    "hunyuan_v1_moe (top-k list)": Spec(
        "hunyuan_v1_moe", base(num_experts=6, moe_topk=[2, 1, 2, 3], intermediate_size=24, tie_word_embeddings=True)
    ),
    "lfm2_moe": Spec(
        "lfm2_moe",
        without(
            base(
                num_experts=6,
                num_experts_per_tok=2,
                moe_intermediate_size=24,
                num_dense_layers=1,
                norm_topk_prob=True,
                routed_scaling_factor=1.3,
                conv_L_cache=3,
                layer_types=["conv", "full_attention", "conv", "full_attention"],
                tie_word_embeddings=True,
            ),
            "head_dim",
        ),
        refuses=("stack",),
    ),
    "lfm2_moe (not renormalized)": Spec(
        "lfm2_moe",
        without(
            base(
                num_experts=6,
                num_experts_per_tok=2,
                moe_intermediate_size=24,
                num_dense_layers=1,
                norm_topk_prob=False,
                routed_scaling_factor=1.3,
                conv_L_cache=3,
                layer_types=["conv", "full_attention", "conv", "full_attention"],
            ),
            "head_dim",
        ),
        refuses=("stack",),
        control={"routed_scaling_factor": 1.3},
    ),
    "jamba": Spec(
        "jamba",
        without(
            base(
                num_experts=6,
                num_experts_per_tok=2,
                intermediate_size=24,
                attn_layer_period=2,
                attn_layer_offset=1,
                expert_layer_period=2,
                expert_layer_offset=1,
                mamba_d_state=8,
                mamba_dt_rank=4,
                use_mamba_kernels=False,
            ),
            "head_dim",
        ),
        refuses=("depth", "identity"),
    ),
    "jetmoe": Spec(
        "jetmoe",
        dict(
            vocab_size=VOCAB,
            hidden_size=HIDDEN,
            num_hidden_layers=4,
            num_key_value_heads=2,
            kv_channels=8,
            intermediate_size=24,
            num_local_experts=6,
            num_experts_per_tok=2,
            max_position_embeddings=128,
        ),
        refuses=("width",),
    ),
    "nemotron_h": Spec(
        "nemotron_h",
        dict(
            vocab_size=VOCAB,
            hidden_size=HIDDEN,
            layers_block_type=["linear_attention", "moe", "full_attention", "mlp", "linear_attention", "moe"],
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            intermediate_size=40,
            ssm_state_size=8,
            mamba_num_heads=4,
            mamba_head_dim=16,
            n_groups=1,
            chunk_size=16,
            n_routed_experts=8,
            num_experts_per_tok=2,
            n_group=4,
            topk_group=2,
            routed_scaling_factor=1.5,
            moe_intermediate_size=24,
            moe_shared_expert_intermediate_size=20,
            use_mamba_kernels=False,
            max_position_embeddings=128,
            tie_word_embeddings=False,
        ),
        control={"n_group": 4, "topk_group": 2},
    ),
    "kimi_linear": Spec(
        "kimi_linear",
        without(
            base(
                **{**MLA, "q_lora_rank": None},
                num_local_experts=8,
                num_experts_per_tok=2,
                n_group=4,
                topk_group=2,
                n_shared_experts=1,
                moe_intermediate_size=24,
                routed_scaling_factor=2.4,
                norm_topk_prob=True,
                layer_types=LINEAR_MIX,
                mlp_layer_types=DENSE_ONE,
                linear_head_dim=8,
                linear_num_heads=4,
            ),
            "head_dim",
        ),
        control={"num_expert_group": 4, "topk_group": 2},
    ),
    "dbrx": Spec(
        "dbrx",
        dict(
            vocab_size=VOCAB,
            d_model=HIDDEN,
            n_heads=4,
            n_layers=4,
            max_seq_len=128,
            attn_config=dict(kv_n_heads=2, clip_qkv=8.0, rope_theta=10000.0),
            ffn_config=dict(ffn_hidden_size=24, moe_num_experts=6, moe_top_k=2, moe_normalize_expert_weights=1.0),
        ),
    ),
    # 5.18 saves gate and up projections of identity experts, which no other reader knows: see the variant
    "longcat_flash": Spec(
        "longcat_flash",
        dict(
            vocab_size=VOCAB,
            hidden_size=HIDDEN,
            num_layers=3,
            ffn_hidden_size=40,
            expert_ffn_hidden_size=24,
            n_routed_experts=6,
            zero_expert_num=2,
            moe_topk=2,
            routed_scaling_factor=1.5,
            max_position_embeddings=128,
            head_dim=8,
            tie_word_embeddings=False,
            **MLA,
        ),
        refuses=("width", "identity"),
    ),
    "axk2": Spec(
        "axk2",
        base(**{**MLA, **GROUPS, **SHARED, **INDEXER}, routed_scaling_factor=2.5, mlp_layer_types=DENSE_ONE, gated_norm_rank=4),
        control={"n_group": 4, "topk_group": 2},
    ),
    "mellum": Spec(
        "mellum",
        base(
            num_experts=6,
            num_experts_per_tok=2,
            moe_intermediate_size=24,
            norm_topk_prob=True,
            sliding_window=8,
            layer_types=SLIDING_MIX,
            mlp_layer_types=DENSE_ONE,
        ),
    ),
    "cohere2_moe": Spec(
        "cohere2_moe",
        base(
            num_experts=6,
            num_experts_per_tok=2,
            intermediate_size=24,
            num_shared_experts=1,
            expert_selection_fn="sigmoid",
            norm_topk_prob=True,
            prefix_dense_intermediate_size=40,
            sliding_window=8,
            layer_types=SLIDING_MIX,
            mlp_layer_types=DENSE_ONE,
            tie_word_embeddings=True,
            logit_scale=1.0,
        ),
    ),
    "cohere2_moe (softmax)": Spec(
        "cohere2_moe",
        base(
            num_experts=6,
            num_experts_per_tok=2,
            intermediate_size=24,
            expert_selection_fn="softmax",
            prefix_dense_intermediate_size=40,
            sliding_window=8,
            layer_types=SLIDING_MIX,
            mlp_layer_types=DENSE_ONE,
            tie_word_embeddings=True,
            logit_scale=1.0,
        ),
    ),
}

KEEP_AS_BUILT = ("A_log", "dt_bias", ".D", "slope_rate", "decay", "inv_freq")


def randomize(model, seed):
    """Draws every tensor anew: weights N(0, 0.15^2), norms about 1, selection biases N(0, 0.2^2)."""
    draw = torch.Generator().manual_seed(seed)
    state = dict(model.named_parameters())
    state.update(model.named_buffers())
    with torch.no_grad():
        for name, tensor in sorted(state.items()):
            if any(part in name for part in KEEP_AS_BUILT):
                continue
            if name.endswith("tid2eid"):
                top_k, experts = tensor.shape[1], model.config.n_routed_experts
                rows = [torch.randperm(experts, generator=draw)[:top_k] for _ in range(tensor.shape[0])]
                tensor.copy_(torch.stack(rows))
                continue
            if not tensor.is_floating_point():
                continue
            values = torch.randn(tensor.shape, generator=draw)
            if "correction_bias" in name or "expert_bias" in name:
                tensor.copy_(values * (0.05 if is_softmax_biased(model) else 0.2))
            elif tensor.dim() == 1 and "norm" in name and name.endswith("weight"):
                tensor.add_(values * 0.1)
            else:
                tensor.copy_(values * 0.15)


def is_softmax_biased(model):
    return model.config.model_type in ("ernie4_5_moe", "longcat_flash")


def build(spec, seed=17):
    """The tiny model of a spec, in evaluation mode."""
    torch.manual_seed(seed)
    config = transformers.AutoConfig.for_model(spec.model_type, **spec.config)
    model = getattr(transformers, spec.auto).from_config(config, attn_implementation="eager")
    randomize(model, seed)
    if spec.bfloat16:
        model = model.to(torch.bfloat16)
    return model.eval()


def tokens():
    """Two rows of 24 token ids, away from the special ones."""
    return torch.randint(3, 60, (2, 24), generator=torch.Generator().manual_seed(3))


def logits(model):
    """What a model says about the fixed tokens, in float32."""
    with torch.no_grad():
        return model(input_ids=tokens(), use_cache=False).logits.float()
