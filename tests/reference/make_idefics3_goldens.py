"""Builds a tiny random Idefics3 directory and its golden file, tests/fixtures/models/idefics3_tiny (see README.md).

Runs on transformers 5, as make_llava_goldens.py, whose weights, ids and end token it makes in the same way. The folder
is what save_pretrained writes of model, processor and a tokenizer of SmolVLM's kind, plus golden.safetensors. A prompt
is kept only where float32 and float64 write the same ids.
"""
import argparse
import json
import logging
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import AddedToken
from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor, PreTrainedTokenizerFast
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

from make_llava_goldens import HERE, NEW_TOKENS, PROMPTS, choose_eos_from, lively, save
from make_resize_goldens import noise
from make_tokenizer_json_goldens import bpe_trainer, corpus
from text_generator import read_alphabets
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

TILE, EDGE, VOCAB_SIZE = 32, 96, 540
TEXTS = ["Describe this image in one sentence.", "What is it?", "", " 2 dogs, 13 cats?", "a", "Can you describe this image?",
         "Say more.\n", "In one word:", "Who?", "Count 1234.", "It's what", "on the left"]


def config() -> Idefics3Config:
    """Grouped-query attention, heads narrower than hidden_size / heads, a head of its own, 4 visual tokens of 8 x 8
    patches; layers and feed-forward of the tower as the defaults would not have them."""
    return Idefics3Config(
        vision_config=dict(hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=3,
                           image_size=TILE, patch_size=4),
        text_config=dict(model_type="llama", vocab_size=VOCAB_SIZE, hidden_size=24, intermediate_size=40,
                         num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, head_dim=6,
                         max_position_embeddings=256, rms_norm_eps=1e-5, bos_token_id=0, pad_token_id=2,
                         rope_parameters={"rope_type": "default", "rope_theta": 1e5}),
        image_token_id=503, scale_factor=4)


def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE with single digits, no bos; special tokens as in SmolVLM's."""
    found = Tokenizer(models.BPE())
    found.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    found.decoder = decoders.ByteLevel()
    found.train_from_iterator(corpus(read_alphabets()) + ["\n\n", "a\n\nb"] * 50, bpe_trainer(
        500, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    markers = ["<global-img>", "<row_1_col_1>", "<fake_token_around_image>", "<image>", "<end_of_utterance>"]
    markers += [f"<row_{i}_col_{j}>" for i in range(1, 7) for j in range(1, 7) if (i, j) != (1, 1)]
    found.add_special_tokens([AddedToken(marker, normalized=False, special=True) for marker in markers])
    return PreTrainedTokenizerFast(tokenizer_object=found, bos_token="<|im_start|>", eos_token="<end_of_utterance>",
                                   unk_token="<|endoftext|>", pad_token="<|im_end|>")


def prompt_of(text: str) -> str:
    return f"<|im_start|>User:<image>{text}<end_of_utterance>\nAssistant:"


def build(seed: int) -> Idefics3ForConditionalGeneration:
    model = Idefics3ForConditionalGeneration(config()).eval()
    for name, value in sorted(model.state_dict().items()):
        if value.is_floating_point():
            value.copy_(lively(name, value.shape, seed))
    return model


def write(model, inputs, **settings) -> list:
    ids = model.generate(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], do_sample=False,
                         pixel_values=inputs["pixel_values"].to(model.dtype), max_new_tokens=NEW_TOKENS, pad_token_id=2,
                         pixel_attention_mask=inputs["pixel_attention_mask"], **settings)
    return ids[0, inputs["input_ids"].shape[1]:].tolist()


def short_prompt(ids: list, image: int, visual: int) -> torch.Tensor:
    """Each run of `visual` image tokens as one -200."""
    result = []
    for id in ids:
        result.append(-200 if id == image else id)
    runs = []
    place = 0
    while place < len(result):
        runs.append(result[place])
        place += visual if result[place] == -200 else 1
    return torch.tensor(runs, dtype=torch.int32)


def golden(model, processor) -> dict:
    image_id, visual = model.config.image_token_id, processor.image_seq_len
    image = Image.fromarray(np.asarray(noise(50, 37)))
    split = lambda text, splits=True: processor(text=[prompt_of(text)], images=[image], return_tensors="pt",
                                                do_image_splitting=splits)
    inputs = split(TEXTS[0])
    result = {}
    tiles = inputs["pixel_values"][0]
    tower = model.model.vision_model(tiles, output_hidden_states=True)
    states = list(tower.hidden_states[:-1]) + [tower.last_hidden_state]  # the last after post_layernorm
    for i, state in enumerate(states):
        result[f"vision.hidden_states.{i}"] = torch.cat([state[1], state[-1]])  # of a tile and of the whole image
    features = model.model.get_image_features(inputs["pixel_values"], inputs["pixel_attention_mask"], return_dict=True)
    result["pass1.visual"] = torch.cat(list(features.pooler_output))
    output = model(**inputs, output_hidden_states=True)
    for i, state in enumerate(output.hidden_states):
        result[f"lm.hidden_states.{i}"] = state[0]
    result["lm.logits"] = output.logits[0, -8:]
    all_inputs = [split(text, number % 4 != 3) for number, text in enumerate(TEXTS)]
    eos = choose_eos_from([write(model, one, num_beams=1, eos_token_id=None)[4:24] for one in all_inputs])
    model.generation_config.eos_token_id = eos
    exact = Idefics3ForConditionalGeneration(model.config).double().eval()
    exact.load_state_dict(model.state_dict())
    kept = 0
    for number, (text, one) in enumerate(zip(TEXTS, all_inputs)):
        ids = {beams: [write(m, one, num_beams=beams, eos_token_id=eos) for m in (model, exact)] for beams in (1, 3)}
        if kept == PROMPTS or any(a != b for a, b in ids.values()):
            continue
        result[f"prompts.{kept}"] = short_prompt(one["input_ids"][0].tolist(), image_id, visual)
        result[f"texts.{kept}"] = torch.tensor(list(text.encode()), dtype=torch.uint8)
        result[f"splits.{kept}"] = torch.tensor([number % 4 != 3], dtype=torch.uint8)
        for beams, (found, _) in ids.items():
            result[f"ids.{kept}.{beams}"] = torch.tensor(found, dtype=torch.int32)
        kept += 1
    assert kept == PROMPTS, kept
    result["eos"] = torch.tensor([eos], dtype=torch.int32)
    lengths = [len(result[f"ids.{i}.{b}"]) for i in range(kept) for b in (1, 3)]
    distinct = set(torch.cat([result[f"ids.{i}.1"] for i in range(kept)]).tolist())
    print(f"eos {eos}, lengths {lengths}, distinct tokens {len(distinct)}")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parent / "fixtures" / "models" / "idefics3_tiny")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    with torch.no_grad():
        model = build(seed=3)
        images = Idefics3ImageProcessorPil(size={"longest_edge": EDGE}, max_image_size={"longest_edge": TILE},
                                           image_mean=[0.5] * 3, image_std=[0.5] * 3)
        processor = Idefics3Processor(images, tokenizer(), image_seq_len=4)
        assert (processor.image_token_id, len(processor.tokenizer)) == (model.config.image_token_id, VOCAB_SIZE)
        arguments.out.mkdir(parents=True, exist_ok=True)
        tensors = golden(model, processor)
        model.half().save_pretrained(arguments.out)
        processor.save_pretrained(arguments.out)
        # One line, as a tokenizer.json of 500 tokens is longer than all else here.
        path = arguments.out / "tokenizer.json"
        path.write_text(json.dumps(json.loads(path.read_text()), ensure_ascii=False, separators=(",", ":")) + "\n")
        save(arguments.out / "golden.safetensors", tensors)


if __name__ == "__main__":
    main()
