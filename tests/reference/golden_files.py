"""Random weights, tiny configs and the files they go to, for make_model_goldens.py and decoding_goldens.py."""
import json
import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from reference_model import PARTS

NUM_TOKENS, VOCAB_SIZE, EOS = 600, 607, 2  # 600 real tokens, 7 padding rows that must never come out


def random_tensor(name: str, shape, seed: int) -> torch.Tensor:
    """Lively values: gains 1 +- 0.2, biases 0.2, embeddings 0.5, matrices 1.25/sqrt(fan_in).

    Token rows get 1.6/sqrt(E): the tied head then gives logits of deviation 1.6, flat enough for beams to compete.
    """
    rng = np.random.RandomState(zlib.crc32(name.encode()) ^ (seed * 2654435761 & 0xFFFFFFFF))
    x = rng.standard_normal(shape).astype(np.float32)
    is_norm = "norm" in name or "layrnorm" in name
    if is_norm and name.endswith("weight"):
        x = 1 + 0.2 * x
    elif "embed_tokens" in name:
        x = 1.6 / np.sqrt(shape[1]) * x
    elif "embed" in name and "patch_embedding" not in name:
        x = 0.5 * x
    elif len(shape) == 1:
        x = 0.2 * x
    else:
        x = 1.25 / np.sqrt(np.prod(shape[1:])) * x
    return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))


def random_weights(config: dict, seed: int, only=None) -> dict:
    """All tensors of the parts config.json names, with the checkpoint's names; the tied lm_head is left out."""
    weights = {}
    for prefix, key, build, _ in PARTS:
        if key in config and (only is None or key in only):
            for name, value in build(config).state_dict().items():
                if value.is_floating_point() and name != "lm_head.weight":
                    weights[prefix + name] = random_tensor(prefix + name, value.shape, seed)
    return weights


def write_model(folder: Path, config: dict, weights: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save(folder / "model.safetensors", weights)


def save(path: Path, tensors: dict) -> None:
    def plain(value):
        if isinstance(value, str):
            value = torch.tensor(list(value.encode()), dtype=torch.uint8)
        return value.detach().contiguous().clone()
    save_file({name: plain(value) for name, value in tensors.items()}, path)


def rows(sequences, width: int, dtype=torch.int32) -> torch.Tensor:
    """Ragged id lists -> [n, width], padded with -1."""
    table = torch.full((len(sequences), width), -1, dtype=dtype)
    for row, sequence in zip(table, sequences):
        row[: len(sequence)] = torch.as_tensor(sequence)
    return table


def vision_config(**changes) -> dict:
    return {"model_type": "clip_vision_model", "hidden_size": 32, "intermediate_size": 56, "num_hidden_layers": 5,
            "num_attention_heads": 4, "image_size": 28, "patch_size": 7, "num_channels": 3, "hidden_act": "quick_gelu",
            "layer_norm_eps": 1e-5, **changes}


def text_config(**changes) -> dict:
    config = {"model_type": "opt", "vocab_size": VOCAB_SIZE, "hidden_size": 40, "num_hidden_layers": 3, "ffn_dim": 96,
              "num_attention_heads": 4, "max_position_embeddings": 96, "word_embed_proj_dim": 40,
              "do_layer_norm_before": True, "_remove_final_layer_norm": False, "activation_function": "relu",
              "enable_bias": True, "bos_token_id": EOS, "eos_token_id": EOS, "pad_token_id": 1, **changes}
    return config
