#!/usr/bin/env python3
"""PyTorch and OpenVINO beside sharpeye on whole captions of GIT and SmolVLM (one view): the image, the prompt and 20 tokens.

    pip install torch transformers==5.24.0 openvino==2026.4.1
    bench/peers/photo_models.py MODEL [MODEL ...] --sharpeye build/release/sharpeye

The first MODEL is what all engines run, in f32: a download, or random weights from tests/reference/check_git_size.py or
check_idefics3_size.py. Further ones are copies by `sharpeye quantize`, for sharpeye alone. The engines take turns; first
they must write the same tokens. Two threads each."""
import argparse
import json
import statistics
import subprocess
import time

import numpy
import openvino
import torch
from transformers import AutoConfig, DynamicCache, GitForCausalLM, Idefics3ForConditionalGeneration
from transformers.cache_utils import DynamicLayer

THREADS, TOKENS = 2, 20


def cache_of(keys_and_values):
    """A cache that holds these tensors already, of a kind that tracing can follow."""
    cache = DynamicCache()
    cache.layers = []
    for keys, values in zip(keys_and_values[::2], keys_and_values[1::2]):
        layer = DynamicLayer()
        layer.keys, layer.values, layer.is_initialized = keys, values, True
        layer.dtype, layer.device = keys.dtype, keys.device
        cache.layers.append(layer)
    return cache


def outputs(logits, cache):
    return (logits, *(tensor for layer in cache.layers for tensor in (layer.keys, layer.values)))


class Git:
    """Reads an image and the first token in one graph, then a token a step."""

    def __init__(self, folder):
        self.model = GitForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        config = self.model.config
        self.layers, self.heads = config.num_hidden_layers, config.num_attention_heads
        self.width = config.hidden_size // self.heads
        size = config.vision_config.image_size
        self.pixels, self.first = torch.randn(1, 3, size, size), torch.tensor([[101]])

    def generate(self):
        made = self.model.generate(pixel_values=self.pixels, input_ids=self.first, max_new_tokens=TOKENS,
                                   min_new_tokens=TOKENS, do_sample=False, num_beams=1)
        return made[0, 1:].tolist()

    def graphs(self):
        model, layers = self.model, self.layers
        empty = [torch.zeros(1, self.heads, 0, self.width)] * (2 * layers)

        class Read(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self, pixels, ids):
                cache = cache_of(empty)
                states = self.model.git(input_ids=ids, pixel_values=pixels, cache=cache, use_cache=True)
                return outputs(self.model.output(states.last_hidden_state[:, -1:]), cache)

        class Step(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self, ids, positions, *past):
                cache = cache_of(past)  # one token sees all that is cached: no mask
                states = self.model.git.embeddings(input_ids=ids, position_ids=positions)
                for layer in self.model.git.encoder.layer:
                    result = layer(states, None, cache)
                    states = result[0] if isinstance(result, tuple) else result
                return outputs(self.model.output(states), cache)

        past = [torch.randn(1, self.heads, 9, self.width) for _ in range(2 * layers)]
        read = openvino.convert_model(Read(), example_input=(self.pixels, self.first))
        step = openvino.convert_model(Step(), example_input=(self.first, torch.tensor([[3]]), *past))
        shape = [1, self.heads, -1, self.width]
        step.reshape({step.inputs[0]: [1, 1], step.inputs[1]: [1, 1], **{put: shape for put in step.inputs[2:]}})
        return read, step

    def run(self, read, step):
        result, ids = read([self.pixels.numpy(), self.first.numpy()]), []
        while True:
            ids.append(int(result[0][0, -1].argmax()))
            if len(ids) == TOKENS:
                return ids
            past = [result[i] for i in range(1, 2 * self.layers + 1)]
            result = step([numpy.array([[ids[-1]]]), numpy.array([[len(ids)]]), *past])


class SmolVlm:
    """The tower with its connector is one graph, the language model another, for a prompt and for a token."""

    def __init__(self, folder):
        self.model = Idefics3ForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager").eval()
        config = self.model.config
        text = config.text_config
        self.layers, self.heads, self.width = text.num_hidden_layers, text.num_key_value_heads, text.head_dim
        size, patch = config.vision_config.image_size, config.vision_config.patch_size
        self.pixels, self.patches = torch.randn(1, 3, size, size), size // patch
        self.visual = (self.patches // config.scale_factor) ** 2
        self.prompt = torch.tensor([[1] * 20 + [config.image_token_id] * self.visual + [1] * 20])

    def generate(self):
        made = self.model.generate(input_ids=self.prompt, attention_mask=torch.ones_like(self.prompt),
                                   pixel_values=self.pixels[None], max_new_tokens=TOKENS, min_new_tokens=TOKENS,
                                   do_sample=False, num_beams=1)
        return made[0, self.prompt.shape[1]:].tolist()

    def graphs(self):
        model, patches = self.model, self.patches

        class Look(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.tower, self.connector = model.model.vision_model, model.model.connector

            def forward(self, pixels):
                mask = torch.ones(1, patches, patches, dtype=torch.bool)
                return self.connector(self.tower(pixel_values=pixels, patch_attention_mask=mask).last_hidden_state)

        class Step(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.text, self.head = model.model.text_model, model.lm_head

            def forward(self, embeddings, *past):
                cache, length, count = cache_of(past), past[0].shape[2], embeddings.shape[1]
                states = self.text(inputs_embeds=embeddings, past_key_values=cache, use_cache=True,
                                   position_ids=torch.arange(count)[None] + length,
                                   attention_mask=torch.ones(1, length + count, dtype=torch.long))
                return outputs(self.head(states.last_hidden_state[:, -1:]), states.past_key_values)

        hidden = self.model.config.text_config.hidden_size
        past = [torch.randn(1, self.heads, 5, self.width) for _ in range(2 * self.layers)]
        look = openvino.convert_model(Look(), example_input=self.pixels)
        step = openvino.convert_model(Step(), example_input=(torch.randn(1, 7, hidden), *past))
        shape = [1, self.heads, -1, self.width]
        step.reshape({step.inputs[0]: [1, -1, hidden], **{put: shape for put in step.inputs[1:]}})
        return look, step

    def run(self, look, step):
        table = self.model.model.text_model.embed_tokens.weight.detach().numpy()
        visual = look(self.pixels.numpy())[0].reshape(1, self.visual, -1)
        inputs = numpy.concatenate([table[[[1] * 20]], visual, table[[[1] * 20]]], 1)
        past, ids = [numpy.zeros((1, self.heads, 0, self.width), numpy.float32)] * (2 * self.layers), []
        while len(ids) < TOKENS:
            result = step([inputs, *past])
            past = [result[i] for i in range(1, 2 * self.layers + 1)]
            ids.append(int(result[0][0, -1].argmax()))
            inputs = table[[[ids[-1]]]]
        return ids


def milliseconds(work):
    begin = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begin)


def sharpeye_caption(command, folder, options):
    bench = [command, "bench", "--json", "--model", folder, "--beams", "1", "--new-tokens", str(TOKENS), "--repeat", "1",
             "--threads", str(THREADS), *options]
    return json.loads(subprocess.run(bench, check=True, capture_output=True).stdout)["stages"]["one_glance"]["ms"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--sharpeye", required=True)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    is_git = AutoConfig.from_pretrained(options.models[0]).model_type == "git"
    peer = (Git if is_git else SmolVlm)(options.models[0])
    with torch.no_grad():
        settings = {"INFERENCE_NUM_THREADS": THREADS, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        core = openvino.Core()
        graphs = [core.compile_model(graph, "CPU", settings) for graph in peer.graphs()]
        expected, actual = peer.generate(), peer.run(*graphs)
        if expected != actual:
            raise SystemExit(f"OpenVINO: expected PyTorch's tokens {expected}, actual {actual}")
        times = {"PyTorch f32": [], "OpenVINO f32": [], **{f"sharpeye {folder}": [] for folder in options.models}}
        for _ in range(options.repeats):
            times["PyTorch f32"].append(milliseconds(peer.generate))
            times["OpenVINO f32"].append(milliseconds(lambda: peer.run(*graphs)))
            time.sleep(0.5)  # their threads spin for a while
            for folder in options.models:
                ours = sharpeye_caption(options.sharpeye, folder, [] if is_git else ["--no-split"])
                times[f"sharpeye {folder}"].append(ours)
    best = min(statistics.median(times[name]) for name in ("PyTorch f32", "OpenVINO f32"))
    for name, runs in times.items():
        median = statistics.median(runs)
        print(f"{name:40s} {median:8.0f} ms   best peer / this {best / median:5.2f}   {[round(run) for run in runs]}")


if __name__ == "__main__":
    main()
