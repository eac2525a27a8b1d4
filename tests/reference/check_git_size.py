"""Compares a `sharpeye dump` of a GIT directory with transformers 5 in float32, stage by stage from the pixels.

    check_git_size.py --make git-base-coco|git-large-coco MODEL   # the published configuration with random weights, and a tokenizer
    sharpeye dump --model MODEL --prompt '<image>WORDS' -o DUMP IMAGE
    check_git_size.py MODEL DUMP [IMAGE]                          # with the image: the processor's pixels too
    sharpeye caption --model MODEL --json ... IMAGE; check_git_size.py --write MODEL IMAGE [--beams N]   # Python's own words

The real checkpoints can stand in the place of MODEL.
"""
import argparse

import torch
import transformers
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoTokenizer, BertTokenizerFast, CLIPImageProcessorPil, GitConfig, GitForCausalLM

from check_llava_size import report

LARGE = dict(patch_size=14, hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16)


def vocabulary() -> list:
    """BERT's number of tokens, and its places of the special ones; the words are made up."""
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    words = ["[PAD]"] + [f"[unused{i}]" for i in range(99)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += letters + ["##" + letter for letter in letters]
    words += [a + b + c for a in letters for b in letters for c in letters]
    words += ["##" + a + b + c for a in letters for b in letters for c in letters]
    return words[:30522]


def make(name: str, folder: str) -> None:
    torch.manual_seed(0)
    config = GitConfig(vision_config=LARGE if "large" in name else {}, initializer_range=0.05)
    model = GitForCausalLM(config)
    for key, value in model.named_parameters():  # nothing is the identity
        if value.dim() == 1:
            torch.nn.init.normal_(value.data, float(key.endswith("weight") and "Norm" in key or "norm" in key), 0.1)
    model.save_pretrained(folder)
    with open(folder + "/vocab.txt", "w") as file:
        file.write("\n".join(vocabulary()) + "\n")
    BertTokenizerFast(folder + "/vocab.txt").save_pretrained(folder)
    CLIPImageProcessorPil().save_pretrained(folder)


def compare(folder: str, path: str, image_path: str) -> None:
    dump = load_file(path)
    model = GitForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    side = dump["pixel_values"].shape[-1]
    pixels = dump["pixel_values"].reshape(1, 3, side, side)
    if image_path:
        expected = CLIPImageProcessorPil.from_pretrained(folder)(Image.open(image_path), return_tensors="pt").pixel_values
        print(f"pixels: {(expected != pixels).sum().item()} of {pixels.numel()} differ")
    vision = model.git.image_encoder(pixels, output_hidden_states=True)
    for i, state in enumerate(list(vision.hidden_states[:-1]) + [vision.last_hidden_state]):
        report(f"vision.hidden_states.{i}", dump[f"vision.hidden_states.{i}"], state[0])
    report("connector.output", dump["connector.output"], model.git.visual_projection(vision.last_hidden_state)[0])
    ids = torch.tensor([[i for i in dump["pass1.input_ids"].flatten().tolist() if i != -200]])
    logits = model(input_ids=ids, pixel_values=pixels).logits[0]
    report("pass1.logits", dump["pass1.logits"], logits)
    count = min(64, ids.shape[1])
    report(f"last {count} logits", dump["pass1.logits"][-count:], logits[-count:])


def write(folder: str, image_path: str, beams: int) -> None:
    model = GitForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    pixels = CLIPImageProcessorPil.from_pretrained(folder)(Image.open(image_path), return_tensors="pt").pixel_values
    ids = model.generate(pixel_values=pixels, max_new_tokens=20, num_beams=beams)
    print(ids[0, 1:].tolist())
    print(AutoTokenizer.from_pretrained(folder).batch_decode(ids, skip_special_tokens=True)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make", choices=["git-base-coco", "git-large-coco"])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument("model")
    parser.add_argument("dump", nargs="?", help="or, with --write, an image")
    parser.add_argument("image", nargs="?")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    with torch.no_grad():
        if arguments.make:
            make(arguments.make, arguments.model)
        elif arguments.write:
            write(arguments.model, arguments.dump, arguments.beams)
        else:
            compare(arguments.model, arguments.dump, arguments.image)


if __name__ == "__main__":
    main()
