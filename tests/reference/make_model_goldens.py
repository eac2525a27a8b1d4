"""Builds tiny random models and their golden files under tests/fixtures/models (see README.md).

Every folder is a model directory (config.json, model.safetensors) plus golden.safetensors. Weights come from seeded
NumPy streams keyed by tensor name; searches over seeds go upwards from a fixed start, so a run repeats byte for byte.
"""
import argparse
import copy
import json
import logging
import shutil
import warnings
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file
from transformers import LogitsProcessor
from transformers.generation import logits_process as hf

from reference_model import PARTS, ReferenceModel, generate
from ser_connector import SerConnector, with_defaults

HERE = Path(__file__).resolve().parent
TINY_TEXT = HERE.parent / "fixtures" / "text" / "tiny"
NUM_TOKENS, VOCAB_SIZE, EOS = 600, 607, 2  # 600 real tokens, 7 padding rows that must never come out
NOISE = 1e-3                               # decoding cases must survive this much noise on every score


# --- weights and files ---

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


# --- d: decoding ---

class Noise(LogitsProcessor):
    """Uniform noise on every score: a case whose ids change under it is too close to call across float32 programs."""

    def __init__(self, seed: int, amount: float = NOISE):
        self.rng, self.amount = np.random.RandomState(seed), amount

    def __call__(self, input_ids, scores):
        return scores + torch.from_numpy(self.rng.uniform(-self.amount, self.amount, scores.shape).astype(np.float32))


def without_padding(language_model):
    """The same model with its embedding cut to the real tokens, as the authors' code loads it."""
    cut = copy.deepcopy(language_model)
    cut.resize_token_embeddings(NUM_TOKENS)
    return cut.eval()


def decode(language_model, embeds, num_tokens=NUM_TOKENS, **settings):
    """ids and score of generate(), or None where noise changes the ids or a greedy choice is closer than the noise."""
    ids, score = generate(language_model, embeds, num_tokens, **settings)
    if settings["num_beams"] == 1 and score <= NOISE:
        return None
    for seed in range(2):
        if not torch.equal(ids, generate(language_model, embeds, num_tokens, processors=[Noise(seed)], **settings)[0]):
            return None
    return ids, score


def decoding_settings() -> dict:
    base = {"num_beams": 3, "max_new_tokens": 30, "length_penalty": 0.0, "early_stopping": True}
    greedy = {"num_beams": 1}
    changes = {
        "greedy": greedy, "beam3": {}, "beam2": {"num_beams": 2}, "beam4": {"num_beams": 4}, "beam5": {"num_beams": 5},
        "beam3_short": {"max_new_tokens": 5},
        "beam3_lp1": {"length_penalty": 1.0}, "beam3_lp2": {"length_penalty": 2.0},
        "beam3_lp_minus1": {"length_penalty": -1.0},
        "beam3_patient": {"early_stopping": False}, "beam3_never": {"early_stopping": "never"},
        "beam3_patient_lp1": {"early_stopping": False, "length_penalty": 1.0},
        "beam3_never_lp1": {"early_stopping": "never", "length_penalty": 1.0},
        "beam4_never_lp2": {"num_beams": 4, "early_stopping": "never", "length_penalty": 2.0},
        "beam3_patient_lp_minus1": {"early_stopping": False, "length_penalty": -1.0},
        "beam3_never_lp_minus1": {"early_stopping": "never", "length_penalty": -1.0},
        "greedy_ngram2": {**greedy, "no_repeat_ngram_size": 2}, "beam3_ngram2": {"no_repeat_ngram_size": 2},
        "greedy_ngram1": {**greedy, "no_repeat_ngram_size": 1}, "beam3_ngram3": {"no_repeat_ngram_size": 3},
        "greedy_repetition": {**greedy, "repetition_penalty": 1.3}, "beam3_repetition": {"repetition_penalty": 1.3},
        "greedy_min": {**greedy, "min_new_tokens": 12}, "beam3_min": {"min_new_tokens": 12},
        "beam5_all": {"num_beams": 5, "length_penalty": 1.0, "early_stopping": False, "no_repeat_ngram_size": 2,
                      "repetition_penalty": 1.3, "min_new_tokens": 6},
    }
    return {name: {**base, **change} for name, change in changes.items()}


def make_decoding(out: Path, per_setting: int = 6) -> None:
    """<model>/decoding.{json,safetensors}: per setting prompt numbers, ids, scores; prompts are ids, fed as embeddings."""
    for name in ("opt_pre", "opt_post"):
        lm = ReferenceModel(out / name).language_model
        cut = without_padding(lm)
        rng = np.random.RandomState(31)
        prompts = [np.r_[EOS, rng.randint(4, NUM_TOKENS, rng.randint(2, 12))] for _ in range(400)]
        golden, settings, lengths, padding, next_prompt, dropped = {}, decoding_settings(), [], [], 0, 0
        for setting, options in settings.items():
            used, ids, scores = [], [], []
            while len(used) < per_setting:
                prompt, next_prompt = next_prompt, next_prompt + 1
                embeds = lm.get_input_embeddings()(torch.from_numpy(prompts[prompt]))
                suppressed, resized = decode(lm, embeds, **options), decode(cut, embeds, **options)
                if suppressed is None or resized is None:
                    dropped += 1
                elif not torch.equal(suppressed[0], resized[0]):
                    padding.append((prompt, setting, suppressed[0], resized[0]))
                else:
                    used.append(prompt), ids.append(suppressed[0]), scores.append(suppressed[1])
            golden[f"{setting}.prompts"] = torch.tensor(used, dtype=torch.int32)
            golden[f"{setting}.ids"] = rows(ids, 30)
            if options["num_beams"] > 1:
                golden[f"{setting}.scores"] = torch.tensor(scores)
            lengths += [len(i) for i in ids]
        golden["prompts"] = rows(prompts[:next_prompt], 12)
        if padding:
            golden["padding.prompts"] = torch.tensor([p[0] for p in padding], dtype=torch.int32)
            golden["padding.settings"] = torch.tensor([list(settings).index(p[1]) for p in padding], dtype=torch.int32)
            golden["padding.suppressed_ids"] = rows([p[2] for p in padding], 30)
            golden["padding.resized_ids"] = rows([p[3] for p in padding], 30)
        (out / name / "decoding.json").write_text(json.dumps(settings, indent=1) + "\n")
        save(out / name / "decoding.safetensors", golden)
        count = np.bincount(lengths, minlength=31)
        print(f"{name}: {len(lengths)} decoding cases, lengths {[int(c) for c in count]}, "
              f"{dropped} too close to call, {len(padding)} where the padding rows' probability matters")


def make_logits(out: Path) -> None:
    """logits/: HF processors on random logits [4, 50] and seen ids [4, 12]; probabilities after the warpers."""
    rng = np.random.RandomState(41)
    logits = torch.from_numpy((3 * rng.standard_normal((4, 50))).astype(np.float32))
    seen = torch.from_numpy(rng.randint(0, 12, (4, 12)))
    warp = [dict(temperature=t, top_k=k, top_p=p) for t, k, p in
            ((1.0, 0, 1.0), (0.7, 0, 1.0), (1.6, 0, 1.0), (1.0, 5, 1.0), (1.0, 1, 1.0), (1.0, 200, 1.0), (1.0, 0, 0.9),
             (1.0, 0, 0.3), (0.7, 10, 0.8), (1.6, 20, 0.95), (2.5, 50, 0.5))]
    process = [dict(repetition_penalty=r, no_repeat_ngram_size=n, min_new_tokens=m) for r, n, m in
               ((1.3, 0, 0), (0.8, 0, 0), (1.0, 1, 0), (1.0, 2, 0), (1.0, 3, 0), (1.0, 0, 12), (1.0, 0, 13), (1.2, 2, 20))]
    golden = {"logits": logits, "input_ids": seen}
    for i, w in enumerate(warp):
        scores = logits
        if w["temperature"] != 1.0:
            scores = hf.TemperatureLogitsWarper(w["temperature"])(None, scores)
        if w["top_k"]:
            scores = hf.TopKLogitsWarper(w["top_k"])(None, scores)
        if w["top_p"] < 1.0:
            mass = scores.softmax(-1).sort(-1).values.cumsum(-1)
            assert (mass - (1 - w["top_p"])).abs().min() > 1e-4, "top-p edge too close: change the seed"
            scores = hf.TopPLogitsWarper(w["top_p"])(None, scores)
        golden[f"warp.{i}.probabilities"] = scores.softmax(-1)
    for i, p in enumerate(process):
        scores = logits.log_softmax(-1)
        if p["repetition_penalty"] != 1.0:
            scores = hf.RepetitionPenaltyLogitsProcessor(p["repetition_penalty"])(seen, scores)
        if p["no_repeat_ngram_size"]:
            scores = hf.NoRepeatNGramLogitsProcessor(p["no_repeat_ngram_size"])(seen, scores)
        if p["min_new_tokens"]:
            scores = hf.MinNewTokensLengthLogitsProcessor(0, p["min_new_tokens"], EOS)(seen, scores)
        golden[f"process.{i}.scores"] = scores
    golden["log_softmax"] = logits.log_softmax(-1)
    folder = out / "logits"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logits.json").write_text(json.dumps({"eos_token_id": EOS, "warp": warp, "process": process}, indent=1) + "\n")
    save(folder / "golden.safetensors", golden)


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
