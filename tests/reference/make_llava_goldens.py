"""Builds tiny random LLaVA directories and their golden files under tests/fixtures/models (see README.md).

Runs on transformers 5 (the other scripts on 4.41): `make_llava_goldens.py [--out FOLDER]`. Every folder is what
save_pretrained writes, in half precision, plus golden.safetensors. A prompt is kept only where float32 and float64 write
the same ids, so that the last bits of a sum decide nothing.
"""
import argparse
import json
import logging
import zlib
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import (CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, Qwen2Config,
                          SiglipVisionConfig)

HERE = Path(__file__).resolve().parent
VOCAB_SIZE, IMAGE, PROMPTS, NEW_TOKENS = 607, 600, 8, 32
VISION = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=3)
TEXT = dict(vocab_size=VOCAB_SIZE, hidden_size=24, intermediate_size=40, num_hidden_layers=2,
            max_position_embeddings=128, bos_token_id=1, pad_token_id=None)
LAYOUT_4 = {"language_model.model.": "model.language_model.", "language_model.lm_head.": "lm_head.",
            "vision_tower.": "model.vision_tower.vision_model.", "multi_modal_projector.": "model.multi_modal_projector."}


def clip_llama() -> LlavaConfig:
    """Grouped-query attention with heads wider than hidden_size / heads, two feature layers, no class token."""
    return LlavaConfig(
        vision_config=CLIPVisionConfig(image_size=28, patch_size=7, projection_dim=24, **VISION),
        text_config=LlamaConfig(num_attention_heads=4, num_key_value_heads=2, head_dim=8, rms_norm_eps=1e-5, **TEXT),
        image_token_index=IMAGE, vision_feature_layer=[-2, 1], image_seq_length=16)


def siglip_qwen2() -> LlavaConfig:
    """The form of llava-interleave-qwen: all of the last layer; an image whose border fills no patch; a tied head."""
    return LlavaConfig(
        vision_config=SiglipVisionConfig(image_size=30, patch_size=7, **VISION),
        text_config=Qwen2Config(num_attention_heads=3, num_key_value_heads=1, tie_word_embeddings=True,
                                rope_parameters={"rope_type": "default", "rope_theta": 1e6}, **TEXT),
        image_token_index=IMAGE, vision_feature_layer=-1, vision_feature_select_strategy="full", image_seq_length=16)


MODELS = {"llava_clip_llama": (clip_llama, 1, False), "llava_siglip_qwen2": (siglip_qwen2, 2, True)}


def lively(name: str, shape, seed: int) -> torch.Tensor:
    """As golden_files.random_tensor: gains 1 +- 0.2, biases 0.2, positions 0.5, tokens 1.6/sqrt(E), matrices 1.25/sqrt(fan-in)."""
    rng = np.random.RandomState(zlib.crc32(name.encode()) ^ (seed * 2654435761 & 0xFFFFFFFF))
    x = rng.standard_normal(shape).astype(np.float32)
    if "norm" in name or "layrnorm" in name:
        x = 1 + 0.2 * x if name.endswith("weight") else 0.2 * x
    elif "embed_tokens" in name:
        x *= 1.6 / np.sqrt(shape[1])
    elif "embed" in name and "patch_embedding" not in name:
        x *= 0.5
    elif len(shape) == 1:
        x *= 0.2
    else:
        x *= 1.25 / np.sqrt(np.prod(shape[1:]))
    return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32)).half().float()


def build(config: LlavaConfig, seed: int) -> LlavaForConditionalGeneration:
    model = LlavaForConditionalGeneration(config).eval()
    for name, value in sorted(model.state_dict().items()):
        if value.is_floating_point() and not (name == "lm_head.weight" and config.tie_word_embeddings):
            value.copy_(lively(name, value.shape, seed))
    model.tie_weights()
    return model


def save(path: Path, tensors: dict) -> None:
    save_file({name: value.detach().contiguous().clone() for name, value in tensors.items()}, path,
              {"made by": f"torch {torch.__version__}, transformers {transformers.__version__}"})


def make_prompts(num_patches: int) -> list:
    """Ids before and after the image's; some prompts begin or end with it."""
    rng = np.random.RandomState(7)
    ids = lambda count: rng.randint(3, IMAGE, count).tolist()
    return [ids(before) + num_patches * [IMAGE] + ids(after)
            for before, after in [(3, 6), (0, 5), (6, 0), (1, 1), (5, 9), (2, 3), (4, 4), (1, 12), (7, 2), (2, 8), (3, 3), (1, 6)]]


def write(model, prompt, pixels, **settings) -> list:
    ids = model.generate(input_ids=torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                         pixel_values=pixels.to(model.dtype), do_sample=False, max_new_tokens=NEW_TOKENS,
                         pad_token_id=0, **settings)
    return ids[0, len(prompt):].tolist()


def choose_eos_from(found: list) -> int:
    """A token that ends some captions early. found: tokens from their middles."""
    places = {token: sum(token in ids for ids in found) for token in sorted({t for ids in found for t in ids})}
    return max((token for token in places if places[token] <= len(found) // 2), key=lambda token: (places[token], -token))


def golden(config: LlavaConfig, model) -> dict:
    side, vision = config.vision_config.image_size, model.model.vision_tower
    pixels = torch.from_numpy(np.random.RandomState(3).standard_normal((1, 3, side, side)).astype(np.float32))
    result = {"pixel_values": pixels[0]}
    for i, state in enumerate(vision(pixels, output_hidden_states=True).hidden_states):
        result[f"vision.hidden_states.{i}"] = state[0]
    image = model.model.get_image_features(pixels)
    image = getattr(image, "pooler_output", image)
    result["pass1.visual"] = image[0] if image[0].dim() == 2 else image[0][0]
    prompts = make_prompts(len(result["pass1.visual"]))
    output = model(input_ids=torch.tensor([prompts[0]]), pixel_values=pixels, output_hidden_states=True)
    for i, state in enumerate(output.hidden_states):
        result[f"lm.hidden_states.{i}"] = state[0]
    result["lm.logits"] = output.logits[0, -8:]
    eos = choose_eos_from([write(model, prompt, pixels, num_beams=1, eos_token_id=None)[4:24] for prompt in prompts])
    model.generation_config.eos_token_id = eos
    exact = LlavaForConditionalGeneration(config).double().eval()
    exact.load_state_dict(model.state_dict())
    exact.tie_weights()
    kept = 0
    for prompt in prompts:
        ids = {beams: [write(one, prompt, pixels, num_beams=beams, eos_token_id=eos) for one in (model, exact)]
               for beams in (1, 3)}
        if kept == PROMPTS or any(a != b for a, b in ids.values()):
            continue
        first = prompt.index(IMAGE)
        short = prompt[:first] + [-200] + [i for i in prompt[first:] if i != IMAGE]
        result[f"prompts.{kept}"] = torch.tensor(short, dtype=torch.int32)
        for beams, (found, _) in ids.items():
            result[f"ids.{kept}.{beams}"] = torch.tensor(found, dtype=torch.int32)
        kept += 1
    assert kept == PROMPTS, kept
    result["eos"] = torch.tensor([eos], dtype=torch.int32)
    lengths = [len(result[f"ids.{i}.{b}"]) for i in range(kept) for b in (1, 3)]
    print(f"eos {eos}, lengths {lengths}, distinct tokens {len(set(torch.cat([result[f'ids.{i}.1'] for i in range(kept)]).tolist()))}")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parent / "fixtures" / "models")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    with torch.no_grad():
        for name, (make_config, seed, is_layout_4) in MODELS.items():
            folder = arguments.out / name
            folder.mkdir(parents=True, exist_ok=True)
            config = make_config()
            model = build(config, seed)
            tensors = golden(config, model)
            model.half().save_pretrained(folder)
            if is_layout_4:  # what transformers 4.50 wrote
                stored = {}
                for key, value in load_file(folder / "model.safetensors").items():
                    before = next(b for b in LAYOUT_4 if key.startswith(b))
                    stored[LAYOUT_4[before] + key[len(before):]] = value
                save_file(stored, folder / "model.safetensors", {"format": "pt"})
            save(folder / "golden.safetensors", tensors)
            print(name, sorted(load_file(folder / "model.safetensors"))[:3], json.loads((folder / "config.json").read_text()).keys())


if __name__ == "__main__":
    main()
