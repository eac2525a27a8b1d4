"""Compares a `sharpeye dump` of a LLaVA directory with transformers 5 in float32, stage by stage from the pixels.

    check_llava_size.py --make interleave-qwen-0.5b|tinyllama MODEL    # a published configuration with random weights in f16
    sharpeye dump --model MODEL -o DUMP IMAGE                          # any tokenizer's files and a preprocessor_config.json beside it
    check_llava_size.py MODEL DUMP
"""
import argparse

import torch
import transformers
from safetensors.torch import load_file
from transformers import (CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, Qwen2Config,
                          SiglipVisionConfig)


def interleave() -> LlavaConfig:
    return LlavaConfig(
        vision_config=SiglipVisionConfig(hidden_size=1152, intermediate_size=4304, num_hidden_layers=26,
                                         num_attention_heads=16, image_size=384, patch_size=14),
        text_config=Qwen2Config(hidden_size=1024, intermediate_size=2816, num_hidden_layers=24, num_attention_heads=16,
                                num_key_value_heads=16, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
                                tie_word_embeddings=True, vocab_size=152000, bos_token_id=2, eos_token_id=2),
        image_token_index=151646, vision_feature_layer=-1, vision_feature_select_strategy="full", image_seq_length=729)


def tinyllama() -> LlavaConfig:
    return LlavaConfig(
        vision_config=CLIPVisionConfig(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24,
                                       num_attention_heads=16, image_size=336, patch_size=14),
        text_config=LlamaConfig(hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32,
                                num_key_value_heads=4, rms_norm_eps=1e-5, vocab_size=32064, max_position_embeddings=2048))


def make(config: LlavaConfig, folder: str) -> None:
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float16)
    LlavaForConditionalGeneration(config).save_pretrained(folder)


def report(name: str, actual: torch.Tensor, expected: torch.Tensor) -> None:
    a, b = actual.double(), expected.double()
    cosine = torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), 0).item()
    same = f"  top-1 equal {(a.argmax(-1) == b.argmax(-1)).float().mean():.2%}" if name.endswith("logits") else ""
    print(f"{name:<28}{str(list(b.shape)):<16}1 - cosine {1 - cosine:9.2e}  relative norm {(a - b).norm() / b.norm():9.2e}{same}")


def compare(folder: str, path: str) -> None:
    dump = load_file(path)
    model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    side = dump["pixel_values"].shape[-1]
    pixels = dump["pixel_values"].reshape(1, 3, side, side)
    for i, state in enumerate(model.model.vision_tower(pixels, output_hidden_states=True).hidden_states):
        if f"vision.hidden_states.{i}" in dump:
            report(f"vision.hidden_states.{i}", dump[f"vision.hidden_states.{i}"], state[0])
    image = model.model.get_image_features(pixels)
    image = getattr(image, "pooler_output", image)[0].reshape(-1, model.config.text_config.hidden_size)
    report("connector.output", dump["connector.output"], image)
    ids = []
    for i in dump["pass1.input_ids"].flatten().tolist():
        ids += len(image) * [model.config.image_token_index] if i == -200 else [i]
    logits = dump["pass1.logits"]
    report("pass1.logits", logits, model(input_ids=torch.tensor([ids]), pixel_values=pixels).logits[0, -len(logits):])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make", choices=["interleave-qwen-0.5b", "tinyllama"])
    parser.add_argument("model")
    parser.add_argument("dump", nargs="?")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    with torch.no_grad():
        if arguments.make:
            make(tinyllama() if arguments.make == "tinyllama" else interleave(), arguments.model)
        else:
            compare(arguments.model, arguments.dump)


if __name__ == "__main__":
    main()
