"""Builds tiny random models and their golden files under tests/fixtures/models (see README.md).

Every folder is a model directory (config.json, model.safetensors) plus golden.safetensors. Weights come from seeded
NumPy streams keyed by tensor name; searches over seeds go upwards from a fixed start, so a run repeats byte for byte.
"""
import argparse
import json
import logging
import shutil
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from decoding_goldens import decode, make_decoding, make_logits, without_padding
from golden_files import (EOS, NUM_TOKENS, VOCAB_SIZE, random_tensor, random_weights, save, text_config, vision_config,
                          write_model)
from reference_model import ReferenceModel, generate
from ser_connector import SerConnector, with_defaults

HERE = Path(__file__).resolve().parent
TINY_TEXT = HERE.parent / "fixtures" / "text" / "tiny"


# --- a: vision tower ---

def make_clip(out: Path) -> None:
    for name, seed, changes in (("clip_quick_gelu", 11, {}),
                                ("clip_gelu", 12, dict(hidden_size=36, intermediate_size=84, num_hidden_layers=3,
                                                       image_size=30, patch_size=6, hidden_act="gelu"))):
        config = {"model_type": "mm-ser", "vision_config": vision_config(**changes)}
        write_model(out / name, config, random_weights(config, seed))
        side = config["vision_config"]["image_size"]
        pixels = torch.from_numpy(np.random.RandomState(seed).standard_normal((3, side, side)).astype(np.float32))
        save(out / name / "golden.safetensors", {"pixel_values": pixels, **ReferenceModel(out / name).stages(pixels)})


# --- b, c: language model ---

def lift_eos(folder: Path, config: dict, weights: dict, strength: float) -> None:
    """Points the EOS row along the mean output, so that EOS wins now and then; strength in standard deviations of logits.

    The other rows are made orthogonal to that mean, or a few tokens would win everywhere.
    """
    write_model(folder, config, weights)
    lm = ReferenceModel(folder).language_model
    ids = torch.from_numpy(np.random.RandomState(5).randint(4, NUM_TOKENS, (16, 24)))
    hidden = lm.model(ids).last_hidden_state
    mean = hidden[:, 4:].mean((0, 1))
    logits_std = lm(ids).logits[..., 4:NUM_TOKENS].std().item()
    table = weights["language_model.model.decoder.embed_tokens.weight"]
    table -= torch.outer(table @ mean, mean) / mean.dot(mean)
    table[EOS] = strength * logits_std * mean / mean.dot(mean)
    write_model(folder, config, weights)


OPT_MODELS = {  # seed, EOS strength, config changes
    "opt_pre": (21, 1.3, {}),
    "opt_post": (22, 1.3, dict(hidden_size=36, num_hidden_layers=2, ffn_dim=76, num_attention_heads=3,
                               word_embed_proj_dim=20, do_layer_norm_before=False, activation_function="gelu")),
    "opt_no_final_norm": (23, None, dict(hidden_size=24, num_hidden_layers=2, ffn_dim=40, num_attention_heads=2,
                                         word_embed_proj_dim=24, _remove_final_layer_norm=True)),
}


def make_opt(out: Path) -> None:
    for name, (seed, strength, changes) in OPT_MODELS.items():
        config = {"model_type": "mm-ser", "text_config": text_config(**changes)}
        weights = random_weights(config, seed)
        if strength is not None:
            lift_eos(out / name, config, weights, strength)
        else:  # one file that stores the tied head
            weights["language_model.lm_head.weight"] = weights["language_model.model.decoder.embed_tokens.weight"]
        write_model(out / name, config, weights)
        lm = ReferenceModel(out / name).language_model
        rng = np.random.RandomState(seed)
        ids = torch.from_numpy(np.r_[EOS, rng.randint(0, VOCAB_SIZE, 10)])
        prefix = torch.from_numpy(rng.standard_normal((5, lm.config.word_embed_proj_dim)).astype(np.float32))
        embeds = torch.cat((prefix, lm.get_input_embeddings()(ids[:7])))
        golden = {"input_ids": ids, "inputs_embeds": embeds}
        for kind, inputs in (("ids", {"input_ids": ids[None]}), ("embeds", {"inputs_embeds": embeds[None]})):
            result = lm(**inputs, output_hidden_states=True)
            golden[f"{kind}.logits"] = result.logits[0]
            for i, hidden in enumerate(result.hidden_states):
                golden[f"{kind}.hidden_states.{i}"] = hidden[0]
        save(out / name / "golden.safetensors", golden)


# --- e, f, g: whole models ---

PREPROCESSOR = {"image_processor_type": "CLIPImageProcessor", "aspect": "pad", "size": {"shortest_edge": 28},
                "crop_size": {"height": 28, "width": 28}, "resample": 3, "do_rescale": True,
                "rescale_factor": 0.00392156862745098, "image_mean": [0.48145466, 0.4578275, 0.40821073],
                "image_std": [0.26862954, 0.26130258, 0.27577711], "apply_exif": True}
GENERATION = {"num_beams": 3, "do_sample": False, "max_new_tokens": 24, "min_new_tokens": 0, "length_penalty": 0.0,
              "early_stopping": True, "no_repeat_ngram_size": 0, "repetition_penalty": 1.0, "temperature": 1.0, "top_k": 50,
              "top_p": 1.0, "eos_token_id": EOS, "stop_strings": []}
PROMPTS = {"initial": "USER: <image>What is in the photo? ASSISTANT:", "refine": "<image>{initial}"}
INITIAL = "Two dogs sitting on a red chair in the kitchen, near the open door."
SER = {"vision_feature_layers": [2, 3, 4], "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3,
       "intermediate_size": 40, "max_caption_tokens": 40, "num_queries": 9}
VISION = dict(hidden_size=24, intermediate_size=40)
TEXT = dict(hidden_size=24, word_embed_proj_dim=24, num_hidden_layers=2, ffn_dim=56)
FULL_MODELS = {  # first seed, EOS strength, config
    "llava_tiny": (100, 2.0, {
        "text_config": text_config(**TEXT),
        "connector": {"type": "mlp2x_gelu", "vision_feature_layers": [-2]}}),
    "mmser_self_attention_tiny": (200, 2.0, {
        "text_config": text_config(**TEXT),
        "connector": {"type": "mlp4x_bott2x_gelu", "vision_feature_layers": [-2]},
        "ser_connector": with_defaults(SER)}),
    "mmser_query_decoder_tiny": (300, 1.8, {
        "text_config": text_config(**{**TEXT, "hidden_size": 28, "word_embed_proj_dim": 20, "do_layer_norm_before": False}),
        "connector": {"type": "mlp2x_gelu", "vision_feature_layers": [-2, 2]},
        "ser_connector": with_defaults({**SER, "variant": "query_decoder", "vision_feature_layers": [4, 2, 3],
                                        "max_caption_tokens": 14})}),
}


def make_image(path: Path) -> Image.Image:
    """A 50 x 37 scene with flat, smooth and noisy parts."""
    y, x = np.mgrid[0:37, 0:50]
    noise = np.random.RandomState(51).randint(0, 40, (37, 50, 3))
    image = Image.fromarray(np.clip(np.stack((5 * x, 6 * y, 3 * (x + y)), -1) + noise, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.rectangle((6, 8, 20, 30), fill=(220, 30, 40))
    draw.ellipse((26, 5, 44, 23), fill=(20, 60, 230))
    image.save(path)
    return image


def quiet_rows(folder: Path) -> torch.Tensor:
    """Ids whose text is not plain ASCII letters, digits, space or punctuation, specials but EOS included."""
    vocab = json.loads((folder / "vocab.json").read_text())
    byte = {"Ġ"} | {chr(c) for c in range(33, 127)}
    return torch.tensor([i for token, i in vocab.items() if i != EOS and (i < 4 or i == 599 or not set(token) <= byte)])


def full_golden(model: ReferenceModel, image: Image.Image):
    """Everything of one model, or None where a decision is too close or a caption is dull."""
    pixels = model.pixel_values(image)
    refine = model.ser is not None
    first = model.prompt_ids(PROMPTS["initial"])
    golden = {"pixel_values": pixels}
    greedy, beam = ({**{k: GENERATION[k] for k in ("max_new_tokens", "length_penalty", "early_stopping")}, "num_beams": n}
                    for n in (1, GENERATION["num_beams"]))
    if refine:
        given = model.caption_ids(INITIAL)
        golden.update({"initial_text": INITIAL, "ser.caption_ids": given})
        golden.update(model.stages(pixels, first, model.prompt_ids(PROMPTS["refine"], INITIAL), given))
    else:
        golden.update(model.stages(pixels, first))

    def caption(embeds, options):
        found = decode(model.language_model, embeds, **options)
        cut = generate(without_padding(model.language_model), embeds, NUM_TOKENS, **options)
        if found is None or len(found[0]) < 4 or not torch.equal(found[0], cut[0]):
            return None
        text = model.text(found[0])
        tidy = model.tokenizer.decode(found[0], skip_special_tokens=True, clean_up_tokenization_spaces=True).strip()
        return (found[0], text) if text == tidy and len(set(text)) > 4 else None

    for how, options in (("greedy", greedy), ("beam", beam)):
        initial = caption(golden["pass1.inputs_embeds"], options)
        if initial is None or initial[0][-1] != EOS:
            return None
        golden[f"{how}.initial_ids"], golden[f"{how}.initial_text"] = initial
        if refine:  # from the given text, then from the model's own
            own = model.stages(pixels, first, model.prompt_ids(PROMPTS["refine"], initial[1]), model.caption_ids(initial[1]))
            for name, embeds in (("refined", golden["pass2.inputs_embeds"]), ("own_refined", own["pass2.inputs_embeds"])):
                refined = caption(embeds, options)
                if refined is None:
                    return None
                golden[f"{how}.{name}_ids"], golden[f"{how}.{name}_text"] = refined
    return None if torch.equal(golden["greedy.initial_ids"], golden["beam.initial_ids"]) else golden


def make_full(out: Path) -> None:
    for name, (first_seed, strength, parts) in FULL_MODELS.items():
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        config = {"model_type": "mm-ser", "vision_config": vision_config(**VISION), **parts, "prompts": PROMPTS}
        for file in ("vocab.json", "merges.txt"):
            shutil.copyfile(TINY_TEXT / file, folder / file)
        (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=1) + "\n")
        (folder / "generation_config.json").write_text(json.dumps(GENERATION, indent=1) + "\n")
        image = make_image(folder / "image.png")
        for seed in range(first_seed, first_seed + 90):
            weights = random_weights(config, seed)
            weights["language_model.model.decoder.embed_tokens.weight"][quiet_rows(folder)] *= 0.1
            lift_eos(folder, config, weights, strength)
            golden = full_golden(ReferenceModel(folder), image)
            if golden is not None:
                break
        else:
            raise SystemExit(f"{name}: no seed gives clear captions")
        save(folder / "golden.safetensors", golden)
        print(f"{name}: seed {seed}; " + "; ".join(f"{k} {v!r}" for k, v in golden.items() if k.endswith("_text")))


# --- h: SeR-Connector options ---

SER_VARIANTS = {
    "channel_learned": {},
    "channel_sine_own_table": dict(visual_position_embedding="sine_2d", caption_embedding="own", hidden_act="gelu",
                                   caption_bos=False),
    "channel_pre_final_types": dict(norm_placement="pre", final_layer_norm=True, type_embedding=True,
                                    hidden_act="quick_gelu", text_position_embedding="none"),
    "token_levels_text_out": dict(feature_concat="token", level_embedding=True, type_embedding=True,
                                  output="visual_and_text", visual_projector="mlp4x_bott2x_gelu"),
    "token_sine_base1": dict(feature_concat="token", visual_position_embedding="sine_2d", layer_index_base=1,
                             vision_feature_layers=[3, 4, 5], text_projector="mlp1x_gelu"),
    "channel_none_no_caption": dict(visual_position_embedding="none", use_caption=False),
    "channel_no_features": dict(use_features=False, visual_position_embedding="none", text_position_embedding="none"),
    "token_no_features": dict(feature_concat="token", use_features=False, level_embedding=True),
    "query_post": dict(variant="query_decoder"),
    "query_pre_learned_text_out": dict(variant="query_decoder", norm_placement="pre", output="queries_and_text",
                                       visual_position_embedding="learned", text_position_embedding="learned",
                                       level_embedding=False, hidden_act="gelu", caption_embedding="own"),
    "query_no_caption_no_features": dict(variant="query_decoder", use_caption=False, use_features=False,
                                         visual_position_embedding="none", final_layer_norm=False),
}


def make_ser_variants(out: Path) -> None:
    """Connectors alone; inputs are hidden states of the levels, and caption ids into a 30-row language-model table."""
    rng = np.random.RandomState(61)
    hidden = {i: torch.from_numpy(rng.standard_normal((17, 12)).astype(np.float32)) for i in range(6)}
    for seed, (name, changes) in enumerate(SER_VARIANTS.items(), start=400):
        config = {"model_type": "mm-ser", "vision_config": vision_config(hidden_size=12),
                  "text_config": text_config(vocab_size=30, word_embed_proj_dim=16),
                  "ser_connector": with_defaults({**SER, "hidden_size": 12, "intermediate_size": 20,
                                                    "max_caption_tokens": 12, **changes})}
        weights = random_weights(config, seed, only=("ser_connector",))
        table = random_tensor("embed_tokens.weight", (30, 16), seed)
        write_model(out / "ser_variants" / name, config,
                    {**weights, "language_model.model.decoder.embed_tokens.weight": table})
        connector = SerConnector(config).eval()
        connector.load_state_dict({k.removeprefix("ser_connector."): v for k, v in weights.items()})
        ids = torch.from_numpy(rng.randint(0, 30, 7))
        features, captions = connector.features(hidden), connector.caption_embeddings(ids, table)
        save(out / "ser_variants" / name / "golden.safetensors", {
            **{f"vision.hidden_states.{i}": hidden[i] for i in range(2, 6)},
            "ser.caption_ids": ids, "ser.features": features, "ser.output": connector(features, captions)})


KINDS = {"clip": make_clip, "opt": make_opt, "decoding": make_decoding, "logits": make_logits, "full": make_full,
         "ser_variants": make_ser_variants}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parent / "fixtures" / "models")
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help=f"which of {', '.join(KINDS)}; default all")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # the same sums on every run
    warnings.filterwarnings("ignore")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    with torch.no_grad():
        for kind in arguments.kinds:
            KINDS[kind](arguments.out)


if __name__ == "__main__":
    main()
