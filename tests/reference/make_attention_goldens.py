"""Attention of written tokens, and of the SeR-Connector, beside the golden files under tests/fixtures/models (README.md).

Runs on transformers 5 with `attn_implementation="eager"`, whose attention modules return their probabilities: ids and
visual tokens are those of golden.safetensors, so that only the attention is new. The SeR-Connector's is computed from
the inputs of the plain PyTorch twin's attention modules.
"""
import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import LlavaForConditionalGeneration

from reference_model import IMAGE_ID, build_language_model
from ser_connector import Attention, SerConnector

MODELS = Path(__file__).resolve().parent.parent / "fixtures" / "models"
ROWS = 8  # of the first written tokens


def written(language_model, prompt, visual, ids) -> torch.Tensor:
    """[layers, heads, tokens, keys] of the positions from which `ids` were chosen. prompt: ids, IMAGE_ID once."""
    language_model.config._attn_implementation = "eager"
    table = language_model.get_input_embeddings().weight
    at = prompt.index(IMAGE_ID)
    embeds = torch.cat((table[prompt[:at]], visual, table[prompt[at + 1:]], table[ids[:-1]]))
    attentions = language_model(inputs_embeds=embeds[None], output_attentions=True).attentions
    first = len(embeds) - len(ids)
    return torch.stack([one[0, :, first:first + ROWS] for one in attentions])


def load(folder: Path) -> tuple:
    """The language model and the SeR-Connector of a directory. (Towers have other names in transformers 5.)"""
    config, weights = json.loads((folder / "config.json").read_text()), load_file(folder / "model.safetensors")
    parts = build_language_model(config), SerConnector(config).eval()
    for part, prefix in zip(parts, ("language_model.", "ser_connector.")):
        missing, unread = part.load_state_dict({name[len(prefix):]: value.float() for name, value in weights.items()
                                                if name.startswith(prefix)}, strict=False)
        assert set(missing) <= {"lm_head.weight"} and not unread, (missing, unread)
    parts[0].tie_weights()
    return parts


def connector(ser: SerConnector, table: torch.Tensor, golden: dict) -> dict:
    """Sums over the probabilities of each attention module of the SeR-Connector, as ConnectorExplanation has them."""
    found = []

    def keep(module, inputs):
        q, k = (x.view(len(x), module.num_heads, -1).transpose(0, 1)
                for x in (module.q_proj(inputs[0]), module.k_proj(inputs[1])))
        found.append((q @ k.transpose(1, 2) / q.shape[-1] ** 0.5).softmax(-1))

    hooks = [module.register_forward_pre_hook(keep) for module in ser.modules() if isinstance(module, Attention)]
    captions = ser.caption_embeddings(golden["ser.caption_ids"].long(), table)
    output = ser(golden["ser.features"], captions)
    assert torch.allclose(output, golden["ser.output"], atol=1e-5), "the twin differs from its golden file"
    for hook in hooks:
        hook.remove()
    config, patches = ser.config, ser.num_patches
    if ser.query:
        count = config["num_queries"]
        own, image = torch.stack(found[0::2]), torch.stack(found[1::2])
        levels = [image[:, :, :count, i * patches:(i + 1) * patches].sum(-1).mean(-1) for i in range(ser.num_levels)]
        shares = torch.stack([*levels, own[:, :, :count, count:].sum(-1).mean(-1)], -1)
        return {"ser.shares": shares, "ser.read_by_words": image[:, :, count:]}
    blocks = torch.stack(found)
    shares = torch.stack([blocks[:, :, :patches, :patches].sum(-1).mean(-1),
                          blocks[:, :, :patches, patches:].sum(-1).mean(-1)], -1)
    return {"ser.shares": shares, "ser.read_by_words": blocks[:, :, patches:, :patches],
            "ser.read_of_words": blocks[:, :, :patches, patches:].transpose(2, 3)}


def save(folder: Path, tensors: dict) -> None:
    save_file({name: value.detach().contiguous().clone() for name, value in tensors.items()},
              folder / "attention.safetensors", {"made by": f"torch {torch.__version__}, transformers {transformers.__version__}"})
    print(folder.name, {name: list(value.shape) for name, value in tensors.items()})


def main() -> None:
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    for name in ("mmser_self_attention_tiny", "mmser_query_decoder_tiny"):
        (language_model, ser), golden = load(MODELS / name), load_file(MODELS / name / "golden.safetensors")
        tensors = {f"{run}.attention": written(language_model, golden[f"{run}.input_ids"].tolist(), golden[visual],
                                               golden[f"greedy.{caption}_ids"].tolist())
                   for run, visual, caption in (("pass1", "connector.output", "initial"), ("pass2", "ser.output", "refined"))}
        save(MODELS / name, {**tensors, **connector(ser, language_model.get_input_embeddings().weight, golden)})
    for name in ("llava_clip_llama", "llava_siglip_qwen2"):
        model = LlavaForConditionalGeneration.from_pretrained(MODELS / name, attn_implementation="eager", dtype=torch.float32)
        golden = load_file(MODELS / name / "golden.safetensors")
        language_model = model.model.language_model.eval()
        save(MODELS / name, {"attention": written(language_model, golden["prompts.0"].tolist(), golden["pass1.visual"],
                                                  golden["ids.0.1"].tolist())})


if __name__ == "__main__":
    main()
