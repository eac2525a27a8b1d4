"""Compares a `sharpeye dump` of an Idefics3 or SmolVLM directory with transformers 5 in float32, from the image on.

    check_idefics3_size.py --make 256m|500m MODEL      # SmolVLM's published sizes with random weights in f16
    sharpeye dump --model MODEL [--no-split] -o DUMP IMAGE
    check_idefics3_size.py MODEL DUMP IMAGE            # a PNG; a directory as downloaded will do too
"""
import argparse

import torch
import transformers
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoTokenizer, Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

from check_llava_size import report
from make_idefics3_goldens import tokenizer

TEXT = {"256m": dict(hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
                     num_key_value_heads=3),
        "500m": dict(hidden_size=960, intermediate_size=2560, num_hidden_layers=32, num_attention_heads=15,
                     num_key_value_heads=5)}


def make(size: str, folder: str) -> None:
    """The config of HuggingFaceTB/SmolVLM-*-Instruct but for token ids, which are those of a small tokenizer."""
    config = Idefics3Config(
        vision_config=dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
                           image_size=512, patch_size=16),
        text_config=dict(model_type="llama", vocab_size=49280, head_dim=64, max_position_embeddings=8192,
                         rms_norm_eps=1e-5, rope_parameters={"rope_type": "default", "rope_theta": 1e5}, pad_token_id=2,
                         eos_token_id=504, **TEXT[size]),
        image_token_id=503, scale_factor=4)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float16)
    Idefics3ForConditionalGeneration(config).save_pretrained(folder)
    images = Idefics3ImageProcessorPil(size={"longest_edge": 2048}, max_image_size={"longest_edge": 512},
                                       image_mean=[0.5] * 3, image_std=[0.5] * 3)
    Idefics3Processor(images, tokenizer(), image_seq_len=64).save_pretrained(folder)


def compare(folder: str, path: str, image_path: str) -> None:
    dump = load_file(path)
    model = Idefics3ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    images = Idefics3ImageProcessorPil.from_pretrained(folder)
    visual = ((model.config.vision_config.image_size // model.config.vision_config.patch_size) // model.config.scale_factor) ** 2
    processor = Idefics3Processor(images, AutoTokenizer.from_pretrained(folder), image_seq_len=visual)
    is_split = "tiles.0.pixel_values" in dump
    inputs = processor(text=["<|im_start|>User:<image>Describe this image in one sentence.<end_of_utterance>\nAssistant:"],
                       images=[Image.open(image_path).convert("RGB")], return_tensors="pt", do_image_splitting=is_split)
    tiles = inputs["pixel_values"][0]
    ids = dump["pass1.input_ids"].flatten().tolist()
    ours = sum([visual * [model.config.image_token_id] if i == -200 else [i] for i in ids], [])
    print(f"{len(tiles)} squares, {len(ours)} tokens: ids of the prompt",
          "identical" if ours == inputs["input_ids"][0].tolist() else "DIFFER")
    prefixes = [f"tiles.{tile}." for tile in range(len(tiles))] if is_split else [""]
    assert len(prefixes) == len(tiles)
    differing = sum(int((dump[prefix + "pixel_values"].reshape(tile.shape) != tile).sum()) for prefix, tile in zip(prefixes, tiles))
    print(f"pixel_values: {differing} of {tiles.numel()} samples differ")
    states = [[] for _ in range(model.config.vision_config.num_hidden_layers + 1)]
    for tile in tiles:
        tower = model.model.vision_model(tile[None], output_hidden_states=True)
        for list_of, state in zip(states, list(tower.hidden_states[:-1]) + [tower.last_hidden_state]):
            list_of.append(state[0])
    for i, expected in enumerate(states):
        actual = torch.cat([dump[f"{prefix}vision.hidden_states.{i}"] for prefix in prefixes])
        report(f"vision.hidden_states.{i}", actual, torch.cat(expected))
    report("connector.output", dump["connector.output"],
           torch.cat([model.model.connector(state[None])[0] for state in states[-1]]))
    logits = model(input_ids=inputs["input_ids"], pixel_values=inputs["pixel_values"]).logits[0]
    report("pass1.logits", dump["pass1.logits"], logits[-len(dump["pass1.logits"]):])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make", choices=sorted(TEXT))
    parser.add_argument("model")
    parser.add_argument("dump", nargs="?")
    parser.add_argument("image", nargs="?")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    with torch.no_grad():
        if arguments.make:
            make(arguments.make, arguments.model)
        else:
            compare(arguments.model, arguments.dump, arguments.image)


if __name__ == "__main__":
    main()
