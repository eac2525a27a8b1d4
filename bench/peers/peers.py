#!/usr/bin/env python3
"""PyTorch, ONNX Runtime, OpenVINO and CTranslate2 beside sharpeye, on the stages that they have. See run.sh.

Each engine runs the same shapes with random weights on two threads. The engines take turns: one run each, again and
again, so that a slow minute of a shared machine hits all of them; medians and ratios are printed."""
import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

THREADS = 2
PROMPT = 600  # tokens: 576 visual ones and some text
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))

import ctranslate2  # noqa: E402
import onnxruntime  # noqa: E402
import openvino  # noqa: E402
import torch  # noqa: E402
from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: E402
from transformers import CLIPVisionConfig, CLIPVisionModel, GPT2Tokenizer, OPTConfig, OPTForCausalLM  # noqa: E402


class Vision(torch.nn.Module):
    """Pixels to the last state but one, which the first glance reads."""

    def __init__(self):
        super().__init__()
        self.tower = CLIPVisionModel(
            CLIPVisionConfig(hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16,
                             image_size=336, patch_size=14)).eval()

    def forward(self, pixel_values):
        return self.tower(pixel_values).last_hidden_state


class Prefill(torch.nn.Module):
    """A prompt of embeddings to the logits of its next token."""

    def __init__(self):
        super().__init__()
        self.model = OPTForCausalLM(OPTConfig()).eval()

    def forward(self, inputs_embeds):
        mask = torch.ones(inputs_embeds.shape[:2], dtype=torch.long)
        states = self.model.model.decoder(inputs_embeds=inputs_embeds, attention_mask=mask).last_hidden_state
        return self.model.lm_head(states[:, -1:])


def exported(module, example, path):
    """The module as an ONNX file, and its dynamically quantized copy (per channel, 7 bits, as AVX2 needs)."""
    small = path.with_suffix(".int8.onnx")
    if not small.exists():
        torch.onnx.export(module, example, str(path), opset_version=14, input_names=["x"], output_names=["y"])
        quantize_dynamic(str(path), str(small), per_channel=True, reduce_range=True, weight_type=QuantType.QInt8,
                         op_types_to_quantize=["MatMul"])
    return path, small


def onnx_engine(path, example):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would spin into the others' turns
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feed = {"x": example.numpy()}
    return lambda: session.run(None, feed)


def openvino_engine(path, example):
    core = openvino.Core()
    model = core.compile_model(str(path), "CPU", {"INFERENCE_NUM_THREADS": THREADS, "NUM_STREAMS": 1,
                                                  "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
    request = model.create_infer_request()
    feed = {0: example.numpy()}
    return lambda: request.infer(feed)


def ctranslate2_generators(opt, work):
    """The same OPT-125M converted, with a vocabulary of numbers: only the ids matter."""
    source = work / "opt"
    if not (work / "ct2-int8").exists():
        opt.save_pretrained(source)
        special = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
        vocabulary = {**special, **{f"t{i}": i for i in range(4, opt.config.vocab_size)}}
        (source / "vocab.json").write_text(json.dumps(vocabulary))
        (source / "merges.txt").write_text("#version: 0.2\n")
        GPT2Tokenizer(str(source / "vocab.json"), str(source / "merges.txt"), unk_token="<unk>", bos_token="</s>",
                      eos_token="</s>", pad_token="<pad>").save_pretrained(source)
        converter = ctranslate2.converters.TransformersConverter(str(source))
        for dtype in ("float32", "int8"):
            converter.convert(str(work / f"ct2-{dtype}"), quantization=dtype, force=True)
    return {dtype: ctranslate2.Generator(str(work / f"ct2-{dtype}"), device="cpu", compute_type=dtype, inter_threads=1,
                                         intra_threads=THREADS) for dtype in ("float32", "int8")}


def ctranslate2_stages(generator):
    """Milliseconds of a prompt with its first token, and of each of 15 tokens after it."""
    prompt = [f"t{100 + 7 * i}" for i in range(PROMPT)]

    def run(tokens):
        return timed(lambda: generator.generate_batch([prompt], beam_size=1, max_length=tokens, min_length=tokens,
                                                      include_prompt_in_result=False))

    first = run(1)
    return {"prefill": first, "decode": (run(16) - first) / 15}


def timed(run):
    begin = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - begin)


def decode_step(model):
    """Milliseconds of a greedy token after a prompt, the mean of 15, in PyTorch with its cache."""
    with torch.no_grad():
        ids = torch.randint(10, 50000, (1, PROMPT))
        cache = model(ids, use_cache=True).past_key_values
        token = ids[:, -1:]
        begin = time.perf_counter()
        for _ in range(15):
            out = model(token, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            token = out.logits[:, -1:].argmax(-1)
        return 1e3 * (time.perf_counter() - begin) / 15


def sharpeye_stages(command, model):
    out = subprocess.run([command, "bench", "--model", str(model), "--json", "--repeat", "1", "--new-tokens", "16", "--beams",
                          "1", "--threads", str(THREADS)], check=True, capture_output=True, text=True).stdout
    report = json.loads(out)
    return {"vision": report["stages"]["vision"]["ms"], "prefill": report["stages"]["pass1_prefill"]["ms"],
            "decode": report["decode_step"]["ms"], "isa": report["machine"]["isa"]}


def main():
    parser = argparse.ArgumentParser()
    for name in ("--sharpeye", "--model", "--work"):
        parser.add_argument(name, required=True)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    work = Path(arguments.work)
    work.mkdir(parents=True, exist_ok=True)

    image, prompt = torch.randn(1, 3, 336, 336), torch.randn(1, PROMPT, 768)
    engines = {}
    for stage, module, example in (("vision", Vision(), image), ("prefill", Prefill(), prompt)):
        full, small = exported(module, example, work / f"{stage}.onnx")
        engines["ONNX Runtime f32", stage] = onnx_engine(full, example)
        engines["ONNX Runtime int8", stage] = onnx_engine(small, example)
        engines["OpenVINO f32", stage] = openvino_engine(full, example)

        def torch_run(module=module, example=example):
            with torch.no_grad():
                module(example)

        engines["PyTorch f32", stage] = torch_run
    opt = OPTForCausalLM(OPTConfig()).eval()
    generators = ctranslate2_generators(opt, work)

    times = {}
    for repeat in range(arguments.repeats + 1):  # the first one warms up
        measured = {key: timed(run) for key, run in engines.items()}
        measured["PyTorch f32", "decode"] = decode_step(opt)
        for dtype, generator in generators.items():
            for stage, value in ctranslate2_stages(generator).items():
                measured["CTranslate2 " + dtype.replace("float", "f"), stage] = value
        for name, suffix in (("sharpeye f32", "-f32"), ("sharpeye f16 weights", ""), ("sharpeye int8", "-int8")):
            stages = sharpeye_stages(arguments.sharpeye, arguments.model + suffix)
            isa = stages.pop("isa")
            measured.update({(name, stage): value for stage, value in stages.items()})
        if repeat > 0:
            for key, value in measured.items():
                times.setdefault(key, []).append(value)
    medians = {key: statistics.median(values) for key, values in times.items()}

    (work.parent / "bench").mkdir(exist_ok=True)
    print(f"{THREADS} threads, {isa}, medians of {arguments.repeats}, ms (in brackets: times sharpeye with weights of that kind)\n")
    print("| | ViT-L/14-336, 23 layers | OPT-125M, prefill of 600 | one token |\n|---|---|---|---|")
    for name in sorted({key[0] for key in medians}):
        mine = "sharpeye int8" if "int8" in name else "sharpeye f32"
        cells = []
        for stage in ("vision", "prefill", "decode"):
            value = medians.get((name, stage))
            ratio = "" if value is None or name.startswith("sharpeye") else f" ({value / medians[mine, stage]:.2f})"
            cells.append("-" if value is None else f"{value:.1f}{ratio}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    (work.parent / "bench" / "peers.json").write_text(json.dumps({f"{a} / {b}": v for (a, b), v in times.items()}, indent=2))


if __name__ == "__main__":
    main()
