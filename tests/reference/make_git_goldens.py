"""Builds tiny random GIT directories and their golden files under tests/fixtures/models (see README.md).

Runs on transformers 5 as make_llava_goldens.py, whose rules it follows: `make_git_goldens.py [--out FOLDER]`. Both folders
have a tokenizer: a made-up WordPiece vocabulary with BERT's special tokens, as tokenizer.json and as vocab.txt.
"""
import argparse
import logging
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from PIL import Image
from transformers import BertTokenizerFast, CLIPImageProcessorPil, GitConfig, GitForCausalLM

sys.path.insert(0, str(Path(__file__).resolve().parent))
from make_llava_goldens import HERE, NEW_TOKENS, PROMPTS, lively, save  # noqa: E402

CLS, SEP, FIRST = 101, 102, 104
WORDS = "a the two dog cat man woman is are on in of with red bus sit ##ting ##s photo street , . - ' ! ?".split()
VISION = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=3)
TEXT = dict(hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64)


def vocabulary() -> list:
    """BERT's places of the special tokens, then letters, and a few words."""
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + list("0123456789")
    begin = ["[PAD]"] + [f"[unused{i}]" for i in range(99)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return list(dict.fromkeys(begin + letters + ["##" + letter for letter in letters] + WORDS))


def base_form() -> GitConfig:
    """As git-base: a head of its own."""
    return GitConfig(vision_config=dict(image_size=21, patch_size=7, **VISION), vocab_size=len(vocabulary()) + 5, **TEXT)


def tied_form() -> GitConfig:
    """A tied head (with its own bias), other patches, and what old files have: buffers of position ids."""
    return GitConfig(vision_config=dict(image_size=18, patch_size=6, **VISION), vocab_size=len(vocabulary()),
                     tie_word_embeddings=True, **TEXT)


# After a norm, tokens and attention must say enough, or every caption repeats one word.
LOUDER = {"position_embeddings": 2, "word_embeddings": 2, "self.query": 1.5, "self.key": 1.5}
MODELS = {"git_base": (base_form, 1), "git_tied": (tied_form, 4)}


def build(config: GitConfig, seed: int) -> GitForCausalLM:
    model = GitForCausalLM(config).eval()
    for name, value in sorted(model.state_dict().items()):
        if not value.is_floating_point() or (name == "output.weight" and config.tie_word_embeddings):
            continue
        new = lively(name.replace("LayerNorm", "layernorm"), value.shape, seed)
        if name.endswith("visual_projection.1.weight"):  # a norm that is not called one
            new = (1 + new).half().float()
        for part, factor in LOUDER.items():
            if part in name and not ("word" in part and config.tie_word_embeddings):
                new = (factor * new).half().float()
        value.copy_(new)
    model.tie_weights()
    return model


def make_prompts() -> list:
    """The text behind the image: [CLS], and in half of the prompts more."""
    rng = np.random.RandomState(7)
    return [[CLS] + rng.randint(FIRST, len(vocabulary()), count).tolist() for count in [3, 0, 2, 0, 1, 0, 5, 0, 9, 0, 4, 0, 7, 0, 1, 6]]


def picture(side: int, number: int) -> torch.Tensor:
    return torch.from_numpy(np.random.RandomState(30 + number).standard_normal((1, 3, side, side)).astype(np.float32))


def write(model, prompt, pixels, **settings) -> list:
    ids = model.generate(input_ids=torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                         pixel_values=pixels.to(model.dtype), do_sample=False, max_new_tokens=NEW_TOKENS, **settings)
    return ids[0, len(prompt):].tolist()


def choose_eos(model, prompts, side) -> int:
    """A token that ends some captions early."""
    found = [write(model, prompt, picture(side, i), num_beams=1, eos_token_id=None)[4:24] for i, prompt in enumerate(prompts)]
    places = {token: sum(token in ids for ids in found) for token in sorted({t for ids in found for t in ids})}
    return max((token for token in places if places[token] <= len(found) // 2), key=lambda token: (places[token], -token))


def golden(config: GitConfig, model) -> dict:
    side, prompts = config.vision_config.image_size, make_prompts()
    pixels = picture(side, 0)
    result = {"pixel_values": pixels[0], "prompt": torch.tensor([-200] + prompts[0], dtype=torch.int32)}
    vision = model.git.image_encoder(pixels, output_hidden_states=True)
    states = list(vision.hidden_states[:-1]) + [vision.last_hidden_state]  # the last one after its norm
    for i, state in enumerate(states):
        result[f"vision.hidden_states.{i}"] = state[0]
    result["pass1.visual"] = model.git.visual_projection(vision.last_hidden_state)[0]
    output = model(input_ids=torch.tensor([prompts[0]]), pixel_values=pixels, output_hidden_states=True)
    for i, state in enumerate(output.hidden_states):
        result[f"lm.hidden_states.{i}"] = state[0]
    result["lm.logits"] = output.logits[0, -8:]
    eos = choose_eos(model, prompts, side)
    model.generation_config.eos_token_id = eos
    exact = GitForCausalLM(config).double().eval()
    exact.load_state_dict(model.state_dict())
    exact.tie_weights()
    kept = 0
    for number, prompt in enumerate(prompts):
        ids = {beams: [write(one, prompt, picture(side, number), num_beams=beams, eos_token_id=eos) for one in (model, exact)]
               for beams in (1, 3)}
        if kept == PROMPTS or any(a != b for a, b in ids.values()):
            continue
        result[f"pixel_values.{kept}"] = picture(side, number)[0]
        result[f"prompts.{kept}"] = torch.tensor([-200] + prompt, dtype=torch.int32)
        for beams, (found, _) in ids.items():
            result[f"ids.{kept}.{beams}"] = torch.tensor(found, dtype=torch.int32)
        kept += 1
    assert kept == PROMPTS, kept
    result["eos"] = torch.tensor([eos], dtype=torch.int32)
    lengths = [len(result[f"ids.{i}.{b}"]) for i in range(kept) for b in (1, 3)]
    print(f"eos {eos}, lengths {lengths}, distinct tokens {len(set(torch.cat([result[f'ids.{i}.1'] for i in range(kept)]).tolist()))}")
    return result


def painted() -> Image.Image:
    """The image of git_folder_test.cpp."""
    y, i = np.mgrid[0:30, 0:120]
    return Image.fromarray(((120 * y + i) * 31 % 251).astype(np.uint8).reshape(30, 40, 3))


def captions(model, folder: Path, processor) -> dict:
    """From pixels to text, as the directory says: without a prompt, and with one."""
    tokenizer = BertTokenizerFast.from_pretrained(folder)
    pixels = processor(images=painted(), return_tensors="pt").pixel_values
    result = {"painted.pixel_values": pixels[0]}
    for name, prompt in [("plain", ""), ("prompt", "The cat's street, on")]:
        ids = [tokenizer.cls_token_id] + tokenizer(prompt, add_special_tokens=False).input_ids
        output = model.generate(pixel_values=pixels, input_ids=torch.tensor([ids]), max_new_tokens=NEW_TOKENS)
        assert output.max() < len(tokenizer), "a row without a token, which sharpeye never writes"
        text = tokenizer.batch_decode(output[:, len(ids):], skip_special_tokens=True)[0]
        print(f"{name}: {text}")
        result[f"painted.{name}"] = torch.tensor(list(text.encode()), dtype=torch.uint8)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parent / "fixtures" / "models")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    with torch.no_grad():
        for name, (make_config, seed) in MODELS.items():
            folder = arguments.out / name
            folder.mkdir(parents=True, exist_ok=True)
            config = make_config()
            model = build(config, seed)
            tensors = golden(config, model)
            model.half().save_pretrained(folder)
            if config.tie_word_embeddings:  # what transformers 4.2x wrote
                stored = load_file(folder / "model.safetensors")
                stored["git.embeddings.position_ids"] = torch.arange(config.max_position_embeddings)[None]
                count = (config.vision_config.image_size // config.vision_config.patch_size) ** 2 + 1
                stored["git.image_encoder.vision_model.embeddings.position_ids"] = torch.arange(count)[None]
                save_file(stored, folder / "model.safetensors", {"format": "pt"})
            (folder / "vocab.txt").write_text("\n".join(vocabulary()) + "\n")
            BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
            side = config.vision_config.image_size
            processor = CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
            processor.save_pretrained(folder)
            tensors.update(captions(model.float(), folder, processor))
            save(folder / "golden.safetensors", tensors)
            for path in folder.iterdir():
                path.chmod(0o644)


if __name__ == "__main__":
    main()
