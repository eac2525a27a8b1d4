"""What goes into GIT, against transformers 5: the image processor on 200 images of other shapes, and the tokenizer, from
tokenizer.json and from vocab.txt, on 20,000 generated strings and every token that it writes.

    check_git_inputs.py SHARPEYE        # the built command; all else is made in a temporary folder
"""
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load_file
from transformers import BertTokenizerFast, CLIPImageProcessorPil, GitConfig, GitForCausalLM

from check_git_size import vocabulary
from text_generator import generated_text, read_alphabets

SHAPES = [(1, 1), (1, 300), (300, 1), (2, 2), (223, 224), (224, 224), (225, 224), (224, 500), (333, 500), (640, 480)]
SETTINGS = [{}, {"do_lower_case": False}, {"strip_accents": False}, {"tokenize_chinese_chars": False}]


def check_images(command: str, folder: Path) -> None:
    vision = dict(image_size=224, patch_size=32, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    text = dict(vocab_size=30522, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    GitForCausalLM(GitConfig(vision_config=vision, max_position_embeddings=8, **text)).save_pretrained(folder)
    processor = CLIPImageProcessorPil()
    processor.save_pretrained(folder)
    rng, differing = np.random.RandomState(1), 0
    for number in range(200):
        width, height = SHAPES[number] if number < len(SHAPES) else rng.randint(1, 900, 2).tolist()
        channels = [3, 3, 1, 4][number % 4]
        pixels = rng.randint(0, 256, (height, width, channels)).astype(np.uint8)
        if number % 2:  # smooth, as photographs are
            y, x = np.mgrid[0:height, 0:width]
            pixels = np.stack([128 + 127 * np.sin(x / (3 + c) + y / (7 - c)) for c in range(channels)], -1).astype(np.uint8)
        if channels == 4:  # opaque: what is not, transformers 5 blends with white, and transformers 4 and sharpeye do not
            pixels[..., 3] = 255
        Image.fromarray(pixels.squeeze(-1) if channels == 1 else pixels).save(folder / "image.png")
        subprocess.run([command, "dump", "--model", folder, "-o", folder / "dump", folder / "image.png"], check=True)
        expected = processor(Image.open(folder / "image.png"), return_tensors="np").pixel_values[0]
        differing += int((load_file(folder / "dump")["pixel_values"] != expected).sum())
    print(f"200 images: {differing} samples differ")


def tokenized(command: str, folder: Path, lines: list, *options) -> list:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    run = subprocess.run([command, "tokenize", "--model", folder, *options], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def check_texts(command: str, folder: Path) -> None:
    alphabets = read_alphabets()
    chosen = random.Random(2)
    specials = ["[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]"]
    texts = [generated_text(alphabets, number) + chosen.choice(["", "", " ", chosen.choice(specials), " abc def ghi."])
             for number in range(20000)] + specials + vocabulary()
    for settings in SETTINGS:
        (folder / "vocab.txt").write_text("\n".join(vocabulary()) + "\n")
        tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), **settings)
        tokenizer.save_pretrained(folder)
        expected = tokenizer(texts).input_ids
        words = [tokenizer.decode(ids, skip_special_tokens=True) for ids in expected]
        for file in ("tokenizer.json", "vocab.txt"):
            found = tokenized(command, folder, texts)
            back = tokenized(command, folder, expected, "--decode")
            ids = sum(a != b[:-1] for a, b in zip(found, expected))  # [SEP] ends no prompt
            print(f"{settings} {file}: of {len(texts)} texts {ids} have other ids, {sum(a != b for a, b in zip(back, words))} other words")
            (folder / "tokenizer.json").unlink(missing_ok=True)


def main() -> None:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        check_texts(sys.argv[1], folder)
        BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
        check_images(sys.argv[1], folder)


if __name__ == "__main__":
    main()
