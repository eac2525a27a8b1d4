#!/usr/bin/env python3
"""ONNX Runtime and OpenVINO beside sharpeye, and PyTorch and CTranslate2 where they are installed, on the stages that they
have. See run.sh.

Each engine runs the same shapes with random weights on two threads. The engines take turns: one run each, again and
again, so that a slow minute of a shared machine hits all of them; medians and ratios are printed. What it is doing goes to
stderr."""
import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

THREADS = 2
PROMPT = 600  # tokens: 576 visual ones and some text
BEGIN = time.monotonic()
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))

import numpy  # noqa: E402
import onnxruntime  # noqa: E402
from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: E402

import graphs  # noqa: E402


def say(text):
    print(f"[{time.monotonic() - BEGIN:4.0f} s] {text}", file=sys.stderr, flush=True)


def made(path, save):
    """The file of a graph, and its dynamically quantized copy (per channel, 7 bits, as AVX2 needs); made once."""
    small = path.with_suffix(".int8.onnx")
    if not path.exists():
        say(f"making {path}")
        save(path)
    if not small.exists():
        say(f"quantizing it to {small}")
        quantize_dynamic(str(path), str(small), per_channel=True, reduce_range=True, weight_type=QuantType.QInt8,
                         op_types_to_quantize=["MatMul"])
    return path, small


def onnx_engine(path, example):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would spin into the others' turns
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": example})


def openvino_engine(path, example):
    import openvino

    settings = {"INFERENCE_NUM_THREADS": THREADS, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32",
                "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.Core().compile_model(str(path), "CPU", settings).create_infer_request()
    return lambda: request.infer({0: example})


def torch_engines():
    """PyTorch's modules of the same stages, and a function that gives the milliseconds of a greedy token."""
    import torch
    from transformers import CLIPVisionConfig, CLIPVisionModel, OPTConfig, OPTForCausalLM

    torch.set_num_threads(THREADS)
    tower = CLIPVisionModel(
        CLIPVisionConfig(hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16,
                         image_size=336, patch_size=14)).eval()
    opt = OPTForCausalLM(OPTConfig()).eval()
    pixels, prompt = torch.randn(1, 3, 336, 336), torch.randn(1, PROMPT, 768)

    @torch.no_grad()
    def vision():
        tower(pixels)

    @torch.no_grad()
    def prefill():
        opt.lm_head(opt.model.decoder(inputs_embeds=prompt).last_hidden_state[:, -1:])

    @torch.no_grad()
    def decode_step():
        ids = torch.randint(10, 50000, (1, PROMPT))
        cache, token = opt(ids, use_cache=True).past_key_values, ids[:, -1:]
        begin = time.perf_counter()
        for _ in range(15):
            out = opt(token, past_key_values=cache, use_cache=True)
            cache, token = out.past_key_values, out.logits[:, -1:].argmax(-1)
        return 1e3 * (time.perf_counter() - begin) / 15

    return opt, {"vision": vision, "prefill": prefill}, decode_step


def ctranslate2_generators(opt, work):
    """The same OPT-125M converted, with a vocabulary of numbers: only the ids matter."""
    import ctranslate2
    from transformers import GPT2Tokenizer

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


def sharpeye_stages(command, model):
    out = subprocess.run([command, "bench", "--model", str(model), "--json", "--repeat", "1", "--new-tokens", "16", "--beams",
                          "1", "--threads", str(THREADS)], check=True, capture_output=True, text=True).stdout
    report = json.loads(out)
    return {"vision": report["stages"]["vision"]["ms"], "prefill": report["stages"]["pass1_prefill"]["ms"],
            "decode": report["decode_step"]["ms"], "isa": report["machine"]["isa"]}


def has(*modules):
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        say(f"{' and '.join(modules)}: left out, {', '.join(missing)} not installed")
    return not missing


def main():
    parser = argparse.ArgumentParser()
    for name in ("--sharpeye", "--model", "--work"):
        parser.add_argument(name, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    work = Path(arguments.work)
    work.mkdir(parents=True, exist_ok=True)

    random = numpy.random.default_rng(1)
    examples = {"vision": random.standard_normal((1, 3, 336, 336)).astype(numpy.float32),
                "prefill": random.standard_normal((1, PROMPT, 768)).astype(numpy.float32)}
    files = {"vision": made(work / "vision.onnx", graphs.save_vision),
             "prefill": made(work / "prefill.onnx", lambda path: graphs.save_prefill(path, PROMPT))}
    engines, whole = {}, {}  # `whole` gives milliseconds by stage at once
    with_openvino = has("openvino")
    for stage, example in examples.items():
        say(f"loading {stage}")
        engines["ONNX Runtime f32", stage] = onnx_engine(files[stage][0], example)
        engines["ONNX Runtime int8", stage] = onnx_engine(files[stage][1], example)
        if with_openvino:
            engines["OpenVINO f32", stage] = openvino_engine(files[stage][0], example)
    if has("torch", "transformers"):
        opt, modules, decode_step = torch_engines()
        engines.update({("PyTorch f32", stage): run for stage, run in modules.items()})
        whole["PyTorch f32"] = lambda: {"decode": decode_step()}
        if has("ctranslate2"):
            for dtype, generator in ctranslate2_generators(opt, work).items():
                whole["CTranslate2 " + dtype.replace("float", "f")] = lambda of=generator: ctranslate2_stages(of)
    isa = ""

    def ours(suffix):
        nonlocal isa
        stages = sharpeye_stages(arguments.sharpeye, arguments.model + suffix)
        isa = stages.pop("isa")
        return stages

    for name, suffix in (("sharpeye f32", "-f32"), ("sharpeye f16 weights", ""), ("sharpeye int8", "-int8")):
        whole[name] = lambda suffix=suffix: ours(suffix)

    times = {}
    for repeat in range(arguments.repeats + 1):  # the first one warms up
        measured = {}
        for (name, stage), run in engines.items():
            say(f"round {repeat} of {arguments.repeats}: {name}, {stage}")
            measured[name, stage] = timed(run)
        for name, run in whole.items():
            say(f"round {repeat} of {arguments.repeats}: {name}")
            measured.update({(name, stage): value for stage, value in run().items()})
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
