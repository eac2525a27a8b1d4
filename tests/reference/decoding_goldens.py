"""Golden files of decoding: HF generate() under many settings, and the logits processors alone."""
import copy
import json
from pathlib import Path

import numpy as np
import torch
from transformers import LogitsProcessor
from transformers.generation import logits_process as hf

from golden_files import EOS, NUM_TOKENS, rows, save
from reference_model import ReferenceModel, generate

NOISE = 1e-3          # decoding cases must survive this much noise on every score


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


# Half the cases of these settings, where a search finds them, come out otherwise under the rival option.
RIVALS = {"beam3_lp1": {"length_penalty": 0.0}, "beam3_patient_lp1": {"early_stopping": True},
          "beam3_never_lp1": {"early_stopping": False}, "beam3_ngram3": {"no_repeat_ngram_size": 0}}


def find_cases(setting: str, options: dict, lm, cut, prompts, padding: list, count: int = 6, search: int = 150):
    """[(prompt, ids, score)] of `count` cases; cases that only agree with one treatment of padding go to `padding`."""
    telling, plain = [], []
    for tried in range(10 * search):
        telling_wanted = count // 2 if setting in RIVALS and tried < search else 0
        if len(telling) >= telling_wanted and len(telling) + len(plain) >= count:
            break
        prompt = next(prompts)
        embeds = lm.get_input_embeddings()(torch.tensor(prompt))
        tells = setting in RIVALS and not torch.equal(
            *(generate(lm, embeds, NUM_TOKENS, **{**options, **change})[0] for change in ({}, RIVALS[setting])))
        if not tells and len(plain) >= count:
            continue
        suppressed, resized = decode(lm, embeds, **options), decode(cut, embeds, **options)
        if suppressed is None or resized is None:
            continue
        if not torch.equal(suppressed[0], resized[0]):
            padding.append((prompt, setting, suppressed[0], resized[0]))
        else:
            (telling if tells else plain).append((prompt, *suppressed))
    return (telling + plain)[:count], min(len(telling), count)


def make_decoding(out: Path) -> None:
    """<model>/decoding.{json,safetensors}: per setting prompt numbers, ids, scores; prompts are ids, fed as embeddings."""
    for name in ("opt_pre", "opt_post"):
        lm = ReferenceModel(out / name).language_model
        cut = without_padding(lm)
        rng = np.random.RandomState(31)
        prompts = iter(lambda: [EOS, *rng.randint(4, NUM_TOKENS, rng.randint(2, 12)).tolist()], None)
        golden, settings, lengths, padding, used, told = {}, decoding_settings(), [], [], [], {}

        def number(prompt):
            used.append(prompt)
            return len(used) - 1

        for setting, options in settings.items():
            cases, telling = find_cases(setting, options, lm, cut, prompts, padding)
            golden[f"{setting}.prompts"] = torch.tensor([number(c[0]) for c in cases], dtype=torch.int32)
            golden[f"{setting}.ids"] = rows([c[1] for c in cases], 30)
            if options["num_beams"] > 1:
                golden[f"{setting}.scores"] = torch.tensor([c[2] for c in cases])
            lengths += [len(c[1]) for c in cases]
            told.update({setting: telling} if setting in RIVALS else {})
        golden["padding.prompts"] = torch.tensor([number(p[0]) for p in padding], dtype=torch.int32)
        golden["padding.settings"] = torch.tensor([list(settings).index(p[1]) for p in padding], dtype=torch.int32)
        golden["padding.suppressed_ids"] = rows([p[2] for p in padding], 30)
        golden["padding.resized_ids"] = rows([p[3] for p in padding], 30)
        golden["prompts"] = rows(used, 12)
        (out / name / "decoding.json").write_text(json.dumps(settings, indent=1) + "\n")
        save(out / name / "decoding.safetensors", golden)
        print(f"{name}: {len(lengths)} decoding cases, lengths {np.bincount(lengths, minlength=31).tolist()}, "
              f"{len(padding)} where the padding rows' probability matters, telling cases {told}")


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
