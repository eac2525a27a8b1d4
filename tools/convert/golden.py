#!/usr/bin/env python3
"""Writes what transformers computes with a model and images, for `sharpeye verify`.

    pip install -r tools/convert/requirements.txt
    tools/convert/golden.py MODEL IMAGE... -o golden.safetensors
    sharpeye verify --model MODEL golden.safetensors

Everything is computed in float32: a model of n parameters needs 4 n bytes. Images are decoded by Pillow and processed by
the model's own image processor, the one that works on Pillow images.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoConfig, AutoTokenizer

IMAGE = -200  # what stands for the image in ids
# As `sharpeye caption` asks: by the kind of the language model.
LLAVA_PROMPTS = {
    "llama": "USER: <image>\nDescribe this image in one sentence. ASSISTANT:",
    "qwen2": "<|im_start|>user\n<image>\nDescribe this image in one sentence.<|im_end|>\n<|im_start|>assistant\n",
    "opt": "<image>",
}


def slow_processor(folder: str):
    """The image processor on Pillow images: of transformers 5 the one whose name ends in Pil, before that the slow one."""
    try:
        return transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    except (TypeError, ValueError):
        return transformers.AutoImageProcessor.from_pretrained(folder, use_fast=False)


class Llava:
    def __init__(self, folder, config):
        self.model = transformers.LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        self.processor, self.tokenizer = slow_processor(folder), AutoTokenizer.from_pretrained(folder)
        self.image_id = getattr(config, "image_token_index", None) or config.image_token_id
        self.prompt = LLAVA_PROMPTS[config.text_config.model_type]
        # Rows of the table that no token has are never written.
        self.padding = list(range(len(self.tokenizer), config.text_config.vocab_size)) or None

    def stages(self, picture, prompt, settings):
        pixels = self.processor(picture, return_tensors="pt")["pixel_values"].float()
        result = {"pixel_values": pixels[0]}
        for i, state in enumerate(self.model.model.vision_tower(pixels, output_hidden_states=True).hidden_states):
            result[f"vision.hidden_states.{i}"] = state[0]
        visual = self.model.get_image_features(pixels)
        visual = getattr(visual, "pooler_output", visual)[0]
        visual = result["connector.output"] = visual.reshape(-1, visual.shape[-1])
        ids = self.tokenizer(prompt)["input_ids"]
        if self.image_id not in ids:
            raise SystemExit(f"tokenizer: expected {prompt!r} with the token {self.image_id} for <image>, actual {ids}")
        place = ids.index(self.image_id)
        result["pass1.input_ids"] = torch.tensor(ids[:place] + [IMAGE] + ids[place + 1:], dtype=torch.int32)
        inputs = torch.tensor([ids[:place] + len(visual) * [self.image_id] + ids[place + 1:]])
        mask = torch.ones_like(inputs)
        logits = self.model(input_ids=inputs, attention_mask=mask, pixel_values=pixels).logits[0]
        result["pass1.logits"] = logits[-settings["positions"]:]
        for beams in (1, settings["beams"]):
            written = self.model.generate(input_ids=inputs, attention_mask=mask, pixel_values=pixels, do_sample=False,
                                          num_beams=beams, max_new_tokens=settings["max_new_tokens"],
                                          length_penalty=1.0, early_stopping=False, pad_token_id=0,
                                          suppress_tokens=self.padding, renormalize_logits=True)[0, inputs.shape[1]:]
            result[f"ids.{beams}"] = without_end(written, self.model.generation_config.eos_token_id)
        return result


class Git:
    def __init__(self, folder, config):
        self.model = transformers.GitForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.processor, self.tokenizer = slow_processor(folder), AutoTokenizer.from_pretrained(folder)
        self.prompt = "<image>"
        self.padding = list(range(len(self.tokenizer), config.vocab_size)) or None

    def stages(self, picture, prompt, settings):
        assert prompt.startswith("<image>"), "GIT reads the image before any text"
        pixels = self.processor(picture, return_tensors="pt")["pixel_values"].float()
        result = {"pixel_values": pixels[0]}
        vision = self.model.git.image_encoder(pixels, output_hidden_states=True)
        for i, state in enumerate(list(vision.hidden_states[:-1]) + [vision.last_hidden_state]):  # the last after its norm
            result[f"vision.hidden_states.{i}"] = state[0]
        result["connector.output"] = self.model.git.visual_projection(vision.last_hidden_state)[0]
        text = self.tokenizer(prompt[len("<image>"):], add_special_tokens=False)["input_ids"]
        inputs = torch.tensor([[self.tokenizer.cls_token_id] + text])
        result["pass1.input_ids"] = torch.tensor([IMAGE] + inputs[0].tolist(), dtype=torch.int32)
        logits = self.model(input_ids=inputs, pixel_values=pixels).logits[0]
        result["pass1.logits"] = logits[-settings["positions"]:]
        for beams in (1, settings["beams"]):
            written = self.model.generate(input_ids=inputs, pixel_values=pixels, do_sample=False, num_beams=beams,
                                          max_new_tokens=settings["max_new_tokens"], length_penalty=1.0, early_stopping=False,
                                          suppress_tokens=self.padding, renormalize_logits=True)[0, inputs.shape[1]:]
            result[f"ids.{beams}"] = without_end(written, self.model.generation_config.eos_token_id)
        return result


class Idefics3:
    """SmolVLM. Where the image is split, pixels and hidden states are named by tile, the whole image being the last."""

    prompt = "<|im_start|>User:<image>Describe this image in one sentence.<end_of_utterance>\nAssistant:"

    def __init__(self, folder, config, split=True):
        self.model = transformers.Idefics3ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        vision = config.vision_config
        self.visual = (vision.image_size // vision.patch_size // config.scale_factor) ** 2
        self.processor = transformers.Idefics3Processor(slow_processor(folder), self.tokenizer, image_seq_len=self.visual)
        self.padding = list(range(len(self.tokenizer), config.text_config.vocab_size)) or None
        self.split = {} if split else {"do_image_splitting": False}

    def stages(self, picture, prompt, settings):
        inputs = self.processor(text=[prompt], images=[picture], return_tensors="pt", **self.split)
        tiles, result, visual = inputs["pixel_values"][0], {}, []
        for number, pixels in enumerate(tiles):
            prefix = f"tiles.{number}." if len(tiles) > 1 else ""
            result[prefix + "pixel_values"] = pixels
            tower = self.model.model.vision_model(pixels[None], output_hidden_states=True)
            for i, state in enumerate([*tower.hidden_states[:-1], tower.last_hidden_state]):
                result[f"{prefix}vision.hidden_states.{i}"] = state[0]
            visual.append(self.model.model.connector(tower.last_hidden_state)[0])
        result["connector.output"] = torch.cat(visual)
        ids, short = inputs["input_ids"][0].tolist(), []
        while ids:
            is_image = ids[0] == self.model.config.image_token_id
            short.append(IMAGE if is_image else ids[0])
            ids = ids[self.visual if is_image else 1:]
        result["pass1.input_ids"] = torch.tensor(short, dtype=torch.int32)
        result["pass1.logits"] = self.model(**inputs).logits[0, -settings["positions"]:]
        for beams in (1, settings["beams"]):
            written = self.model.generate(**inputs, do_sample=False, num_beams=beams, length_penalty=1.0, pad_token_id=0,
                                          max_new_tokens=settings["max_new_tokens"], early_stopping=False,
                                          suppress_tokens=self.padding)[0, inputs["input_ids"].shape[1]:]
            result[f"ids.{beams}"] = without_end(written, self.model.generation_config.eos_token_id)
        return result


def without_end(ids, eos):
    ends = eos if isinstance(eos, list) else [eos]
    ids = ids.tolist()
    cut = next((i for i, token in enumerate(ids) if token in ends), len(ids))
    return torch.tensor(ids[:cut], dtype=torch.int32)


KINDS = {"llava": Llava, "idefics3": Idefics3, "git": Git}


def last_layer(config) -> int:
    count = config.vision_config.num_hidden_layers
    layers = getattr(config, "vision_feature_layer", -1)
    layers = layers if isinstance(layers, list) else [layers]
    return max(count + 1 + layer if layer < 0 else layer for layer in layers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("images", nargs="+")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--prompt", help="with <image> in the place of the image; default: as sharpeye asks")
    parser.add_argument("--max-new-tokens", type=int, default=32)
    parser.add_argument("--beams", type=int, default=3)
    parser.add_argument("--positions", type=int, default=64, help="of the prompt's end, whose logits are kept")
    parser.add_argument("--states", action="store_true", help="keep every hidden state, not only the last one in use")
    parser.add_argument("--no-split", action="store_true", help="SmolVLM: the whole image only, as sharpeye's --no-split")
    arguments = parser.parse_args()
    config = AutoConfig.from_pretrained(arguments.model)
    if config.model_type not in KINDS:
        parser.error(f"{arguments.model}: model_type: expected one of {', '.join(KINDS)}, actual {config.model_type}")
    if arguments.no_split and config.model_type != "idefics3":
        parser.error(f"--no-split: expected a model that splits images, actual {config.model_type}")
    kind = KINDS[config.model_type](arguments.model, config, **({"split": False} if arguments.no_split else {}))
    prompt = arguments.prompt or kind.prompt
    settings = {"max_new_tokens": arguments.max_new_tokens, "beams": arguments.beams, "positions": arguments.positions}
    tensors, last = {}, last_layer(config)
    with torch.no_grad():
        for number, path in enumerate(arguments.images):
            picture = Image.open(path).convert("RGB")
            stages = {"image": torch.from_numpy(np.asarray(picture).copy()), **kind.stages(picture, prompt, settings)}
            for name, value in stages.items():
                if "vision.hidden_states." in name:
                    layer = int(name.rsplit(".", 1)[1])
                    if layer > last or (layer < last and not arguments.states):
                        continue
                tensors[f"{number}.{name}"] = value.contiguous()
            print(path, kind.tokenizer.decode(stages["ids.1"].tolist()))
    save_file(tensors, arguments.output, {
        "images": json.dumps({"paths": [str(Path(path).resolve()) for path in arguments.images]}),
        "settings": json.dumps({"prompt": prompt, "max_new_tokens": arguments.max_new_tokens}),
        "made by": f"torch {torch.__version__}, transformers {transformers.__version__}, Pillow {Image.__version__}"})


if __name__ == "__main__":
    main()
