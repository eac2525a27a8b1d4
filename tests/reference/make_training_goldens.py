"""Losses, gradients and ten steps of AdamW of the tiny models by PyTorch in float64: tests/fixtures/training (README.md).

The losses are those of include/sharpeye/training/caption_objective.hpp, on the weights (float32, taken as they are) and
the hidden states of tests/fixtures/models. training.json says captions, drafts and settings to both sides.
"""
import argparse
import json
import logging
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import get_cosine_schedule_with_warmup

from golden_files import EOS, rows, save
from reference_model import IMAGE_ID, PARTS, ReferenceModel
from ser_connector import sine_2d

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"
MODELS = ("mmser_self_attention_tiny", "mmser_query_decoder_tiny")
SETTINGS = {
    "captions": ["Two dogs sitting on a red chair near the door.", "a small kitchen with an open window"],
    "drafts": ["A cat on a chair.", "the door of a large kitchen, with two windows that are open and a table"],
    "steps": 10, "learning_rate": 0.01, "warmup_ratio": 0.2, "max_gradient_norm": 2.4,
    "beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "weight_decay": 0.1,
    "vision_divisor": 1000}


class TrainedModel(ReferenceModel):
    """The fixture model in float64, which must be torch's default dtype (masks of transformers are made in that)."""

    def __init__(self, folder):
        super().__init__(folder)
        if self.ser.config["visual_position_embedding"] == "sine_2d":
            # The library keeps this table in float32, rounded from double; the twin's is computed in float32.
            table = sine_2d(self.ser.side, self.ser.config["hidden_size"], torch.float64).float().double()
            self.ser.visual_positions = lambda: table
        golden = load_file(self.folder / "golden.safetensors")
        self.pixels = golden["pixel_values"].double()
        self.hidden = [golden[f"vision.hidden_states.{i}"].double()
                       for i in range(self.vision.config.num_hidden_layers + 1)]

    def parameters_of(self, prefixes) -> dict:
        """Checkpoint name -> parameter; the tied head counts once."""
        modules = dict(zip((part[0] for part in PARTS),
                           (self.vision, self.connector, self.ser, self.language_model)))
        return {prefix + name: value for prefix in prefixes for name, value in modules[prefix].named_parameters()}

    def target_ids(self, caption: str) -> torch.Tensor:
        return torch.tensor(self.tokenizer(" " + caption, add_special_tokens=False).input_ids + [EOS])

    def language_loss(self, prompt: torch.Tensor, visual: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """-log p(target | prompt with the visual tokens at its image), summed over the target's tokens."""
        at = prompt.tolist().index(IMAGE_ID)
        after = torch.cat((prompt[at + 1:], target[:-1]))
        embeds = torch.cat((self.embed_tokens[prompt[:at]], visual, self.embed_tokens[after]))
        logits = self.language_model(inputs_embeds=embeds[None]).logits[0]
        return torch.nn.functional.cross_entropy(logits[-len(target):], target, reduction="sum")

    def initial_loss(self, caption: str, _draft: str) -> torch.Tensor:
        features = torch.cat([self.hidden[i][1:] for i in self.config["connector"]["vision_feature_layers"]], dim=1)
        prompt = self.prompt_ids(self.config["prompts"]["initial"])
        return self.language_loss(prompt, self.connector(features), self.target_ids(caption))

    def refine_loss(self, caption: str, draft: str) -> torch.Tensor:
        captions = self.ser.caption_embeddings(self.caption_ids(draft), self.embed_tokens)
        prompt = self.prompt_ids(self.config["prompts"]["refine"], draft)
        return self.language_loss(prompt, self.ser(self.ser.features(self.hidden), captions), self.target_ids(caption))

    def vision_loss(self) -> torch.Tensor:
        """The hidden states that the SeR-Connector reads, along a fixed direction: something to flow back from."""
        hidden = self.vision(self.pixels[None], output_hidden_states=True).hidden_states
        states = torch.cat([hidden[i][0] for i in self.ser.feature_indices()])
        return states.flatten().dot(direction(states.numel()))


def direction(size: int) -> torch.Tensor:
    return torch.from_numpy(np.cos(np.arange(size, dtype=np.float64)))


def sample_positions(gradient: torch.Tensor) -> torch.Tensor:
    """Of a tensor's elements [16]: the eight of the largest gradients, and eight from all over it, in other columns."""
    size, steps = gradient.numel(), np.arange(8)
    largest = np.argsort(-gradient.flatten().abs().numpy(), kind="stable")[:8]
    return torch.from_numpy(np.r_[largest, (steps * size // 8 + 5 * steps) % size].astype(np.int32))


def digests(values, positions) -> torch.Tensor:
    """One row per tensor: its 2-norm, its product with direction(), its elements at the positions [n, 18]."""
    table = []
    for x, at in zip(values, positions):
        x = x.detach().flatten()
        table.append(torch.cat((torch.stack((x.norm(), x.dot(direction(x.numel())))), x[at.long()])))
    return torch.stack(table)


def run(parameters: dict, losses, divisor: int) -> dict:
    """Ten steps. losses() gives those of the samples; what is minimised is their sum / divisor."""
    names = sorted(parameters)
    print(f" {len(names)} tensors")
    parameters = [parameters[name].requires_grad_() for name in names]
    matrices, vectors = ([p for p in parameters if (p.dim() > 1) == wanted] for wanted in (True, False))
    optimizer = torch.optim.AdamW(
        [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}], lr=SETTINGS["learning_rate"],
        betas=(SETTINGS["beta1"], SETTINGS["beta2"]), eps=SETTINGS["epsilon"], weight_decay=SETTINGS["weight_decay"])
    schedule = get_cosine_schedule_with_warmup(
        optimizer, math.ceil(SETTINGS["warmup_ratio"] * SETTINGS["steps"]), SETTINGS["steps"])
    before = [p.detach().clone() for p in parameters]
    golden = {"names": "\n".join(names)}
    steps = []
    for step in range(SETTINGS["steps"]):
        optimizer.zero_grad(set_to_none=True)
        each = torch.stack(losses())
        loss = each.sum() / divisor
        loss.backward()
        if step == 0:
            golden["positions"] = torch.stack([sample_positions(p.grad) for p in parameters])
            golden["gradient"] = digests([p.grad for p in parameters], golden["positions"])
            golden["sample_losses"] = each
        norm = torch.nn.utils.clip_grad_norm_(parameters, SETTINGS["max_gradient_norm"])
        steps.append([loss.item(), norm.item(), schedule.get_last_lr()[0]])
        optimizer.step()
        schedule.step()
    golden["movement"] = digests([p - w for p, w in zip(parameters, before)], golden["positions"])
    golden["steps"] = torch.tensor(steps)  # loss, norm of the gradient, learning rate
    for p in parameters:
        p.requires_grad_(False)
    print("  loss ", *(f"{loss:.4f}" for loss, _, _ in steps), "\n  norm ", *(f"{norm:.4f}" for _, norm, _ in steps))
    return golden


def model_golden(name: str) -> dict:
    golden = {}
    for case, prefixes in (("initial", ("multi_modal_projector.", "language_model.")),
                           ("refine", ("ser_connector.", "language_model.")), ("vision", ("vision_tower.",))):
        print(name, case, end=":")
        model = TrainedModel(FIXTURES / "models" / name)
        for part in (model.vision, model.connector, model.ser, model.language_model):
            part.requires_grad_(False)
        parameters = model.parameters_of(prefixes)
        targets = [model.target_ids(caption) for caption in SETTINGS["captions"]]
        if case == "vision":
            # The library does not load the blocks whose output nobody reads, nor the norm of the pooled output.
            last = max(model.ser.feature_indices())
            unread = ("post_layernorm", *(f"encoder.layers.{i}." for i in range(last, len(model.hidden) - 1)))
            parameters = {k: v for k, v in parameters.items() if not any(part in k for part in unread)}
            result = run(parameters, lambda: [model.vision_loss()], SETTINGS["vision_divisor"])
        else:
            loss = getattr(model, case + "_loss")
            result = run(parameters, lambda: [loss(*pair) for pair in zip(SETTINGS["captions"], SETTINGS["drafts"])],
                         sum(map(len, targets)))
            golden["target_ids"] = rows(targets, max(map(len, targets)))
            clipped = result["steps"][:, 1] > SETTINGS["max_gradient_norm"]
            if clipped.all() or not clipped.any():
                raise SystemExit("max_gradient_norm: expected steps with longer and with shorter gradients")
        golden.update({f"{case}.{key}": value for key, value in result.items()})
    return golden


def contrastive_golden() -> dict:
    """CLIP's loss, but that equal captions share the target: six pairs, of which three and two have equal captions."""
    rng = np.random.RandomState(71)
    images, texts = (torch.from_numpy(rng.standard_normal((6, 8))).requires_grad_() for _ in range(2))
    scale = torch.tensor(1.7, requires_grad=True)
    caption_of = torch.tensor([0, 1, 2, 1, 0, 1])
    equal = (caption_of[:, None] == caption_of).to(images.dtype)
    target = equal / equal.sum(1, keepdim=True)
    unit = torch.nn.functional.normalize
    logits = scale.exp() * unit(images) @ unit(texts).T
    cross_entropy = torch.nn.functional.cross_entropy
    loss = (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2
    loss.backward()
    right = equal[torch.arange(6), logits.argmax(1)]
    print(f"contrastive: loss {loss.item():.4f}, accuracy {right.mean().item():.2f}")
    return {"images": images, "texts": texts, "logit_scale": scale, "caption_of": caption_of.int(), "loss": loss,
            "accuracy": right.mean(), "images.gradient": images.grad, "texts.gradient": texts.grad,
            "logit_scale.gradient": scale.grad}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIXTURES / "training")
    out = parser.parse_args().out
    torch.set_num_threads(1)  # the same sums on every run
    torch.set_default_dtype(torch.float64)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    out.mkdir(parents=True, exist_ok=True)
    (out / "training.json").write_text(json.dumps(SETTINGS, indent=1) + "\n")
    for name in MODELS:
        save(out / f"{name}.safetensors", model_golden(name))
    save(out / "contrastive.safetensors", contrastive_golden())


if __name__ == "__main__":
    main()
