#!/usr/bin/env python3
"""Turns PyTorch files of models that sharpeye does not read into directories of safetensors that it does.

    pip install -r tools/convert/requirements.txt
    tools/convert/to_safetensors.py llava FOLDER -o OUT          # LLaVA's own code (config.json and .bin or .safetensors)
    tools/convert/to_safetensors.py openai-clip FILE -o OUT      # OpenAI's CLIP: the vision tower
    tools/convert/to_safetensors.py metaseq-opt FILE -o OUT [--tokenizer FOLDER]     # metaseq's OPT

llava writes OUT/lm, OUT/connector.safetensors and, where the checkpoint has one, OUT/vision: `sharpeye assemble` makes a
captioner of them. Files are read by torch.load(weights_only=True) or as safetensors: none of their code runs. A tensor
that nothing is known about is an error; what is left out is said.
"""
import argparse
import json
import re
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "tokenizer.model"]
# The published OPT models, by width: attention heads.
OPT_HEADS = {768: 12, 1024: 16, 2048: 32, 2560: 32, 4096: 32, 5120: 40, 7168: 56, 9216: 72}
CLIP_TOWERS = {"clip-vit-large-patch14-336": (1024, 24, 14, 336), "clip-vit-large-patch14": (1024, 24, 14, 224),
               "clip-vit-base-patch16": (768, 12, 16, 224), "clip-vit-base-patch32": (768, 12, 32, 224)}
CLIP_LAYER = [(r"ln_([12])\.", r"layer_norm\1."), (r"mlp\.c_fc\.", "mlp.fc1."), (r"mlp\.c_proj\.", "mlp.fc2."),
              (r"attn\.out_proj\.", "self_attn.out_proj.")]
CLIP_NAMES = {"visual.class_embedding": "embeddings.class_embedding", "visual.conv1.weight": "embeddings.patch_embedding.weight",
              "visual.positional_embedding": "embeddings.position_embedding.weight", "visual.ln_pre.weight": "pre_layrnorm.weight",
              "visual.ln_pre.bias": "pre_layrnorm.bias", "visual.ln_post.weight": "post_layernorm.weight",
              "visual.ln_post.bias": "post_layernorm.bias"}
METASEQ_NAMES = {"layer_norm.weight": "final_layer_norm.weight", "layer_norm.bias": "final_layer_norm.bias",
                 "project_in_dim.weight": "project_in.weight", "project_out_dim.weight": "project_out.weight"}


class ConvertError(Exception):
    pass


def read_tensors(path: Path) -> dict:
    """The tensors of one file."""
    if path.suffix == ".safetensors":
        return load_file(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 (torch raises many kinds)
        hint = ""
        if "TorchScript" in str(error) or "torch.jit" in str(error):
            hint = f"; it is a TorchScript archive: torch.save(torch.jit.load({str(path)!r}).state_dict(), 'state.pt') makes a file of tensors"
        raise ConvertError(f"{path}: expected tensors only, actual: {str(error).splitlines()[0]}{hint}") from None
    for key in ("model", "state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        raise ConvertError(f"{path}: expected a dictionary of tensors, actual {type(content).__name__}")
    return {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}


def read_folder(folder: Path) -> dict:
    """The tensors of a folder's file or shards."""
    for index in ("model.safetensors.index.json", "pytorch_model.bin.index.json"):
        if (folder / index).exists():
            weight_map = json.loads((folder / index).read_text())["weight_map"]
            tensors = {}
            for file in sorted(set(weight_map.values())):
                if Path(file).name != file:
                    raise ConvertError(f"{folder / index}: expected files of the same folder, actual {file}")
                tensors.update(read_tensors(folder / file))
            missing = sorted(set(weight_map) - set(tensors))
            if missing:
                raise ConvertError(f"{folder / index}: {missing[0]}: expected in {weight_map[missing[0]]}, actual none")
            return tensors
    for file in ("model.safetensors", "pytorch_model.bin"):
        if (folder / file).exists():
            return read_tensors(folder / file)
    raise ConvertError(f"{folder}: expected pytorch_model.bin or model.safetensors, or an index of shards, actual none")


def write(folder: Path, tensors: dict, config: dict, more: dict = {}) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "model.safetensors", tensors)
    for name, value in {**more, "config.json": config}.items():
        (folder / name).write_text(json.dumps(value, indent=2) + "\n")


def save(path: Path, tensors: dict) -> None:
    save_file({name: value.contiguous().clone() for name, value in tensors.items()}, path, {"format": "pt"})


def clip_files(width: int, layers: int, patch: int, image: int) -> tuple:
    config = {"model_type": "clip_vision_model", "hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers,
              "num_attention_heads": width // 64, "image_size": image, "patch_size": patch, "hidden_act": "quick_gelu"}
    processor = {"image_processor_type": "CLIPImageProcessor", "do_center_crop": True, "size": {"shortest_edge": image},
                 "crop_size": {"height": image, "width": image}, "resample": 3}
    return config, {"preprocessor_config.json": processor}


def rename_openai_clip(tensors: dict) -> tuple:
    """The vision tower of OpenAI's CLIP by Hugging Face's names, and what was left out."""
    tower, left_out = {}, []
    for name, value in tensors.items():
        block = re.fullmatch(r"visual\.transformer\.resblocks\.(\d+)\.(.+)", name)
        if name in CLIP_NAMES:
            tower["vision_model." + CLIP_NAMES[name]] = value
        elif block:
            path, part = f"vision_model.encoder.layers.{block[1]}.", block[2]
            if part in ("attn.in_proj_weight", "attn.in_proj_bias"):
                for projection, third in zip("qkv", value.chunk(3)):
                    tower[f"{path}self_attn.{projection}_proj.{part.rsplit('_', 1)[1]}"] = third
                continue
            renamed = next((re.sub(a, b, part) for a, b in CLIP_LAYER if re.match(a, part)), None)
            if renamed is None:
                raise ConvertError(f"{name}: expected a tensor of CLIP's vision transformer, actual an unknown one")
            tower[path + renamed] = value
        elif name.startswith("visual.") and name != "visual.proj":
            raise ConvertError(f"{name}: expected a tensor of CLIP's vision transformer, actual an unknown one (ResNets are not read)")
        else:
            left_out.append(name)
    if "vision_model.embeddings.patch_embedding.weight" not in tower:
        raise ConvertError("visual.conv1.weight: expected a tensor, actual none")
    return tower, left_out


def convert_openai_clip(arguments) -> None:
    tower, left_out = rename_openai_clip(read_tensors(arguments.source))
    width, _, patch, _ = tower["vision_model.embeddings.patch_embedding.weight"].shape
    grid = round((len(tower["vision_model.embeddings.position_embedding.weight"]) - 1) ** 0.5)
    layers = 1 + max(int(name.split(".")[3]) for name in tower if name.startswith("vision_model.encoder."))
    config, more = clip_files(width, layers, patch, grid * patch)
    write(arguments.output, tower, config, more)
    print(f"{arguments.output}: {len(tower)} tensors; left out: {len(left_out)} of the text model and the projections")


def rename_metaseq_opt(tensors: dict) -> dict:
    """OPTForCausalLM's names. The fused projection holds keys, values and queries, in this order."""
    renamed = {}
    for name, value in tensors.items():
        name = re.sub(r"^(model\.)?decoder\.", "", name)
        if "flat_param" in name:
            raise ConvertError(f"{name}: expected one unsharded checkpoint (metaseq's scripts make it), actual a flattened shard")
        if name in ("version", "output_projection.weight"):
            continue
        name = METASEQ_NAMES.get(name, name)
        if ".self_attn.qkv_proj." in name:
            for projection, third in zip("kvq", value.chunk(3)):
                renamed["model.decoder." + name.replace("qkv_proj", projection + "_proj")] = third
            continue
        known = re.fullmatch(r"(embed_tokens|embed_positions|project_in|project_out)\.weight|final_layer_norm\.(weight|bias)|"
                             r"layers\.\d+\.(self_attn\.[kvq]_proj|self_attn\.out_proj|self_attn_layer_norm|fc1|fc2|final_layer_norm)\.(weight|bias)", name)
        if not known:
            raise ConvertError(f"{name}: expected a tensor of metaseq's OPT, actual an unknown one")
        renamed["model.decoder." + name] = value
    head = tensors.get("decoder.output_projection.weight")
    if head is not None and not torch.equal(head, renamed["model.decoder.embed_tokens.weight"]):
        raise ConvertError("decoder.output_projection.weight: expected equal to decoder.embed_tokens.weight, actual differs")
    for needed in ("embed_tokens.weight", "embed_positions.weight", "layers.0.fc1.weight"):
        if "model.decoder." + needed not in renamed:
            raise ConvertError(f"decoder.{needed}: expected a tensor, actual none")
    return renamed


def opt_config(tensors: dict, heads: int) -> dict:
    """What OptConfig asks for, from the shapes."""
    at = lambda name: tensors["model.decoder." + name]
    ffn, width = at("layers.0.fc1.weight").shape
    heads = heads or OPT_HEADS.get(width)
    if not heads:
        raise ConvertError(f"--heads: expected for a width of {width}, which no published OPT has, actual none")
    has_norm = "model.decoder.final_layer_norm.weight" in tensors
    return {"model_type": "opt", "vocab_size": len(at("embed_tokens.weight")), "word_embed_proj_dim": at("embed_tokens.weight").shape[1],
            "hidden_size": width, "ffn_dim": ffn, "num_attention_heads": heads, "do_layer_norm_before": has_norm,
            "num_hidden_layers": 1 + max(int(name.split(".")[3]) for name in tensors if ".layers." in name),
            "max_position_embeddings": len(at("embed_positions.weight")) - 2, "tie_word_embeddings": True,
            "bos_token_id": 2, "eos_token_id": 2, "pad_token_id": 1}


def convert_metaseq_opt(arguments) -> None:
    tensors = rename_metaseq_opt(read_tensors(arguments.source))
    write(arguments.output, tensors, opt_config(tensors, arguments.heads))
    copied = copy_tokenizer(arguments.tokenizer, arguments.output) if arguments.tokenizer else []
    print(f"{arguments.output}: {len(tensors)} tensors; tokenizer: {', '.join(copied) or 'put vocab.json and merges.txt there'}")


def copy_tokenizer(source: Path, target: Path) -> list:
    names = [name for name in TOKENIZER_FILES if (source / name).exists()]
    for name in names:
        shutil.copyfile(source / name, target / name)
    return names


def split_llava(tensors: dict) -> tuple:
    """A checkpoint of LLaVA's own code: language model, connector and tower, each by the names that sharpeye assembles."""
    lm, connector, tower = {}, {}, {}
    for name, value in tensors.items():
        if name.startswith("model.mm_projector."):
            connector[name] = value
        elif name.startswith("model.vision_tower.vision_tower."):
            tower[name[len("model.vision_tower.vision_tower."):]] = value
        elif re.match(r"model\.(decoder\.|layers\.|embed_tokens\.|norm\.)|lm_head\.", name):
            lm[name] = value
        else:
            raise ConvertError(f"{name}: expected model.mm_projector.*, model.vision_tower.vision_tower.*, or a language model's, actual neither")
    if not lm or not connector:
        raise ConvertError(f"expected a language model and model.mm_projector.*, actual {'no mm_projector' if lm else 'no language model'}")
    return lm, connector, tower


def convert_llava(arguments) -> None:
    config = json.loads((arguments.source / "config.json").read_text())
    lm, connector, tower = split_llava(read_folder(arguments.source))
    kind = next((kind for kind in ("opt", "qwen2", "llama") if kind in config.get("model_type", "").lower()), None)
    if kind is None and "model.decoder.embed_tokens.weight" in lm:
        kind = "opt"
    if kind is None:
        raise ConvertError(f"{arguments.source / 'config.json'}: model_type: expected one that names opt, llama or qwen2, actual {config.get('model_type')!r}")
    if kind == "opt":
        text = {**opt_config(lm, config.get("num_attention_heads")), **{key: value for key, value in config.items() if not key.startswith("mm_")}}
    else:
        text = {key: value for key, value in config.items() if not key.startswith("mm_")}
    text.update({"model_type": kind, "architectures": [{"opt": "OPTForCausalLM", "llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM"}[kind]]})
    text.pop("auto_map", None)
    write(arguments.output / "lm", lm, text)
    copied = copy_tokenizer(arguments.source, arguments.output / "lm")
    save(arguments.output / "connector.safetensors", connector)
    name = str(config.get("mm_vision_tower", config.get("vision_tower", "")))
    vision = f"DIR ({name})"
    if tower:
        sizes = CLIP_TOWERS.get(name.rstrip("/").rsplit("/", 1)[-1])
        if sizes is None:
            raise ConvertError(f"{arguments.source / 'config.json'}: mm_vision_tower: expected one of {', '.join(CLIP_TOWERS)}, actual {name!r}")
        write(arguments.output / "vision", tower, *clip_files(*sizes))
        vision = arguments.output / "vision"
    print(f"language model: {len(lm)} tensors, connector: {len(connector)}, tower: {len(tower) or 'not in the checkpoint'}; "
          f"tokenizer: {', '.join(copied) or 'none in the folder'}")
    print(f"sharpeye assemble --vision {vision} --lm {arguments.output / 'lm'} --connector {arguments.output / 'connector.safetensors'} -o MODEL")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["llava", "openai-clip", "metaseq-opt"])
    parser.add_argument("source", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, help="metaseq-opt: a folder with vocab.json and merges.txt")
    parser.add_argument("--heads", type=int, help="metaseq-opt: attention heads, for a width that no published OPT has")
    arguments = parser.parse_args()
    if arguments.output.exists() and any(arguments.output.iterdir()):
        parser.error(f"{arguments.output}: expected a new or an empty folder")
    try:
        {"llava": convert_llava, "openai-clip": convert_openai_clip, "metaseq-opt": convert_metaseq_opt}[arguments.kind](arguments)
    except (ConvertError, OSError, KeyError, json.JSONDecodeError) as error:
        print(f"to_safetensors: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
