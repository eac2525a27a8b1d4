"""Runs tools/convert/golden.py and `sharpeye verify` on a tiny random model of each class, as a user does on a download.

    check_golden.py --sharpeye build/release/sharpeye [--keep FOLDER]

Runs on the versions of tools/convert/requirements.txt. The models are what save_pretrained writes, with the tokenizers of
tests/fixtures; the images are photographs' shapes in noise, as PNG and as JPEG."""
import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import (CLIPImageProcessor, CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration,
                          OPTConfig, PreTrainedTokenizerFast, Qwen2Config, SiglipImageProcessor, SiglipVisionConfig)

from make_llava_goldens import lively

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"
VISION = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=3)
TEXT = dict(hidden_size=24, num_hidden_layers=2, max_position_embeddings=256, pad_token_id=None)


def clip(**more):
    return CLIPVisionConfig(image_size=28, patch_size=7, projection_dim=24, **VISION, **more)


def llava(folder: Path, tokenizer_name: str, vision, text_class, images, **more) -> None:
    source = FIXTURES / "text/tokenizer_json" / tokenizer_name
    tokenizer = PreTrainedTokenizerFast.from_pretrained(source)
    eos = tokenizer.eos_token_id
    text = text_class(vocab_size=len(tokenizer) + 8, bos_token_id=tokenizer.bos_token_id, eos_token_id=eos, **TEXT, **more)
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
                         vision_feature_layer=-2 if vision.model_type == "clip_vision_model" else -1,
                         vision_feature_select_strategy="default" if vision.model_type == "clip_vision_model" else "full",
                         image_seq_length=16)
    model = LlavaForConditionalGeneration(config).eval()
    for name, value in sorted(model.state_dict().items()):
        if value.is_floating_point():
            value.copy_(lively(name, value.shape, 3))
    model.tie_weights()
    model.generation_config.eos_token_id = eos
    model.half().save_pretrained(folder)
    images.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / file, folder)


def copy(folder: Path, name: str) -> None:
    shutil.copytree(FIXTURES / "models" / name, folder, ignore=shutil.ignore_patterns("golden.safetensors"))


MODELS = {
    "llava, CLIP and LLaMA": lambda folder: llava(
        folder, "llama", clip(), LlamaConfig,
        CLIPImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
        intermediate_size=40, num_attention_heads=4, num_key_value_heads=2),
    "llava, SigLIP and Qwen2": lambda folder: llava(
        folder, "qwen2", SiglipVisionConfig(image_size=30, patch_size=7, **VISION), Qwen2Config,
        SiglipImageProcessor(size={"height": 30, "width": 30}), intermediate_size=40, num_attention_heads=3,
        num_key_value_heads=1, tie_word_embeddings=True),
    "llava, CLIP and OPT": lambda folder: llava(
        folder, "gpt2", clip(), OPTConfig,
        CLIPImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
        ffn_dim=40, num_attention_heads=3, word_embed_proj_dim=24, tie_word_embeddings=False),  # tied ones it cannot make
    "git": lambda folder: copy(folder, "git_base"),
    "git, tied head": lambda folder: copy(folder, "git_tied"),
    "idefics3": lambda folder: copy(folder, "idefics3_tiny"),
    "idefics3, whole image": lambda folder: copy(folder, "idefics3_tiny"),
}


def make_images(folder: Path) -> list:
    paths, random = [], np.random.RandomState(5)
    for number, (width, height) in enumerate([(97, 61), (40, 83), (64, 64), (31, 30)]):
        small = Image.fromarray(random.randint(0, 256, (9, 13, 3), dtype=np.uint8))
        path = folder / f"image{number}.{'png' if number % 2 else 'jpg'}"
        small.resize((width, height), Image.Resampling.BICUBIC).save(path)
        paths.append(str(path))
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sharpeye", required=True)
    parser.add_argument("--only", nargs="*", choices=MODELS, help="some of the models")
    parser.add_argument("--keep", type=Path, help="leave models and golden files here")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    folder = arguments.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    images, failed = make_images(folder), []
    for name in arguments.only or MODELS:
        model = folder / name.replace(", ", "-").replace(" ", "-")
        with torch.no_grad():
            MODELS[name](model)
        golden = f"{model}.safetensors"
        more = ["--no-split"] if name.endswith("whole image") else []
        print(f"== {name}", flush=True)
        steps = [[sys.executable, str(HERE.parents[1] / "tools/convert/golden.py"), str(model), *images, "-o", golden,
                  "--states", *more],
                 [arguments.sharpeye, "verify", "--model", str(model), golden, *more]]
        for step in steps:
            done = subprocess.run(step, text=True, capture_output=True)
            print(done.stdout, end="", flush=True)
            if done.returncode != 0:
                print(done.stderr, flush=True)
                failed.append(name)
                break
    if arguments.keep is None:
        shutil.rmtree(folder)
    print("failed: " + "; ".join(failed) if failed else "all the same")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
