"""A sharpeye model directory run with transformers and plain PyTorch, in float32, one image at a time.

Arrays have no batch axis: pixel_values [3, S, S], vision.hidden_states.N [1+N, d], inputs_embeds [T, E], logits [T, V].
"""
import json
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import (CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel, GPT2Tokenizer, LogitsProcessorList,
                          OPTConfig, OPTForCausalLM)

from connector import MlpConnector
from ser_connector import SerConnector

IMAGE_ID = -200  # stands for the visual tokens in pass{1,2}.input_ids


def build_vision(config: dict) -> CLIPVisionModel:
    return CLIPVisionModel(CLIPVisionConfig(**config["vision_config"])).eval()


def build_language_model(config: dict) -> OPTForCausalLM:
    return OPTForCausalLM(OPTConfig(**config["text_config"], dropout=0.0)).eval()


def build_connector(config: dict) -> MlpConnector:
    c = config["connector"]
    in_size = len(c["vision_feature_layers"]) * config["vision_config"]["hidden_size"]
    return MlpConnector(c["type"], in_size, config["text_config"]["word_embed_proj_dim"]).eval()


# prefix in the checkpoint, config key, builder, tensors a file may leave out
PARTS = (("vision_tower.", "vision_config", build_vision, ("vision_model.post_layernorm.",)),
         ("multi_modal_projector.", "connector", build_connector, ()),
         ("ser_connector.", "ser_connector", lambda config: SerConnector(config).eval(), ()),
         ("language_model.", "text_config", build_language_model, ("lm_head.weight",)))


class ReferenceModel:
    """Holds the parts the directory's config.json names; absent parts are None."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config = json.loads((self.folder / "config.json").read_text())
        weights = {k: v.float() for k, v in load_file(self.folder / "model.safetensors").items() if v.is_floating_point()}
        self.vision, self.connector, self.ser, self.language_model = (
            self._load(weights, *part) if part[1] in self.config else None for part in PARTS)
        self.tokenizer = self.num_tokens = None
        if (self.folder / "vocab.json").exists():
            self.tokenizer = GPT2Tokenizer(self.folder / "vocab.json", self.folder / "merges.txt", bos_token="</s>",
                                           eos_token="</s>", unk_token="</s>", pad_token="<pad>", add_bos_token=True)
            self.num_tokens = len(self.tokenizer)

    def _load(self, weights, prefix, key, build, optional):
        module = build(self.config)
        own = {k[len(prefix):]: v for k, v in weights.items() if k.startswith(prefix)}
        missing, unread = module.load_state_dict(own, strict=False)
        # Blocks behind the last layer that anyone reads may be left out of a file (`sharpeye init` does).
        last = f"vision_model.encoder.layers.{self.config.get('vision_config', {}).get('num_hidden_layers', 0) - 1}."
        missing = [name for name in missing if not name.startswith((*(optional or ()), last))]
        if missing or unread:
            raise ValueError(f"{self.folder}/model.safetensors {prefix}: missing {missing}, unread {unread}")
        return module

    @property
    def embed_tokens(self) -> torch.Tensor:
        return self.language_model.get_input_embeddings().weight

    # --- image and text, as LLaVA does ---

    def pixel_values(self, image: Image.Image) -> torch.Tensor:
        """Pad to a square with int(255*mean), then CLIPImageProcessor (Pillow bicubic) -> [3, S, S]."""
        settings = json.loads((self.folder / "preprocessor_config.json").read_text())
        image = image.convert("RGB")
        side = max(image.size)
        if settings.pop("aspect", "pad") == "pad" and image.size != (side, side):
            canvas = Image.new("RGB", (side, side), tuple(int(255 * m) for m in settings["image_mean"]))
            canvas.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
            image = canvas
        return CLIPImageProcessor(**settings)(image, return_tensors="pt")["pixel_values"][0]

    def prompt_ids(self, template: str, initial: str = "") -> torch.Tensor:
        """LLaVA's tokenizer_image_token: chunks apart, BOS only at the start, IMAGE_ID for <image>."""
        chunks = [self.tokenizer(c.replace("{initial}", initial.strip())).input_ids for c in template.split("<image>")]
        ids = chunks[0]
        for chunk in chunks[1:]:
            ids = ids + [IMAGE_ID] + chunk[1:]
        return torch.tensor(ids)

    def caption_ids(self, initial: str) -> torch.Tensor:
        """[BOS +] initial caption, cut to max_caption_tokens."""
        ids = self.tokenizer(initial.strip()).input_ids
        return torch.tensor(ids[0 if self.ser.config["caption_bos"] else 1:][: self.ser.config["max_caption_tokens"]])

    def text(self, ids) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()

    # --- the stages ---

    def stages(self, pixel_values, pass1_ids=None, pass2_ids=None, caption_ids=None, known=None) -> dict:
        """Every array of `sharpeye dump`. `known` arrays replace ours as input of the later stages (isolated check)."""
        out, known = {}, known or {}

        def put(name, value):
            out[name] = value
            return known.get(name, value)

        hidden = self.vision(pixel_values[None], output_hidden_states=True).hidden_states
        hidden = [put(f"vision.hidden_states.{i}", h[0]) for i, h in enumerate(hidden)]
        if self.connector is not None:
            layers = self.config["connector"]["vision_feature_layers"]
            features = torch.cat([hidden[i][1:] for i in layers], dim=1)
            visual = put("connector.output", self.connector(features))
            self._language_stage("pass1", pass1_ids, visual, put)
        if self.ser is not None:
            features = put("ser.features", self.ser.features(hidden))
            captions = self.ser.caption_embeddings(caption_ids, self.embed_tokens)
            visual = put("ser.output", self.ser(features, captions))
            self._language_stage("pass2", pass2_ids, visual, put)
        return out

    def _language_stage(self, name, ids, visual, put):
        at = ids.tolist().index(IMAGE_ID)
        embeds = torch.cat((self.embed_tokens[ids[:at]], visual, self.embed_tokens[ids[at + 1:]]))
        put(f"{name}.input_ids", ids)
        embeds = put(f"{name}.inputs_embeds", embeds)
        put(f"{name}.logits", self.language_model(inputs_embeds=embeds[None]).logits[0])

    def generate(self, inputs_embeds, **settings):
        return generate(self.language_model, inputs_embeds, self.num_tokens, **settings)


def generate(language_model, inputs_embeds, num_tokens, processors=(), **settings):
    """HF generate() from [T, E]; ids >= num_tokens are suppressed. -> (ids with the final EOS if any, score)

    The score is HF's sequences_scores for beams and the smallest top-2 gap of the scores for greedy.
    """
    vocab_size = language_model.config.vocab_size
    beams = settings.get("num_beams", 1)
    if beams == 1:
        settings = {k: v for k, v in settings.items() if k not in ("length_penalty", "early_stopping")}
    result = language_model.generate(
        inputs_embeds=inputs_embeds[None], do_sample=False, pad_token_id=1, eos_token_id=2,
        suppress_tokens=list(range(num_tokens, vocab_size)) or None, return_dict_in_generate=True, output_scores=True,
        logits_processor=LogitsProcessorList(processors), **settings)
    if beams > 1:
        return result.sequences[0], result.sequences_scores[0].item()
    top = torch.stack(result.scores)[:, 0].topk(2).values
    return result.sequences[0], (top[:, 0] - top[:, 1]).min().item()
