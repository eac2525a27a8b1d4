"""tools/convert/to_safetensors.py on tiny made-up files: names, values, configurations, and what is refused. Exits with
77, which ctest counts as skipped, where torch is missing. With the built command as argument also: sharpeye captions with
what was converted."""
import json
import pickle
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import torch
    from safetensors.torch import load_file
except ImportError:
    print("no torch or safetensors: skipped")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools/convert/to_safetensors.py"
TOKENIZER = ROOT / "tests/fixtures/text/tiny"
COMMAND = sys.argv.pop(1) if len(sys.argv) > 1 else None
WIDTH, FFN, LAYERS, VOCAB = 64, 96, 2, 400


def tensors_of(shapes: dict) -> dict:
    generator = torch.Generator().manual_seed(1)
    return {name: 0.1 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def metaseq() -> dict:
    shapes = {"decoder.embed_tokens.weight": (VOCAB, WIDTH), "decoder.embed_positions.weight": (66, WIDTH),
              "decoder.layer_norm.weight": (WIDTH,), "decoder.layer_norm.bias": (WIDTH,)}
    for i in range(LAYERS):
        path = f"decoder.layers.{i}."
        for name, (rows, columns) in {"self_attn.qkv_proj": (3 * WIDTH, WIDTH), "self_attn.out_proj": (WIDTH, WIDTH),
                                      "fc1": (FFN, WIDTH), "fc2": (WIDTH, FFN)}.items():
            shapes.update({f"{path}{name}.weight": (rows, columns), f"{path}{name}.bias": (rows,)})
        for name in ("self_attn_layer_norm", "final_layer_norm"):
            shapes.update({f"{path}{name}.weight": (WIDTH,), f"{path}{name}.bias": (WIDTH,)})
    return {**tensors_of(shapes), "decoder.version": torch.tensor([3.0])}


def openai_clip() -> dict:
    shapes = {"visual.class_embedding": (WIDTH,), "visual.conv1.weight": (WIDTH, 3, 8, 8), "visual.positional_embedding": (10, WIDTH),
              "visual.proj": (WIDTH, 32), "positional_embedding": (77, 32), "logit_scale": ()}
    for name in ("ln_pre", "ln_post"):
        shapes.update({f"visual.{name}.weight": (WIDTH,), f"visual.{name}.bias": (WIDTH,)})
    for i in range(3):
        path = f"visual.transformer.resblocks.{i}."
        shapes.update({path + "attn.in_proj_weight": (3 * WIDTH, WIDTH), path + "attn.in_proj_bias": (3 * WIDTH,)})
        for name, (rows, columns) in {"attn.out_proj": (WIDTH, WIDTH), "mlp.c_fc": (4 * WIDTH, WIDTH), "mlp.c_proj": (WIDTH, 4 * WIDTH)}.items():
            shapes.update({f"{path}{name}.weight": (rows, columns), f"{path}{name}.bias": (rows,)})
        for name in ("ln_1", "ln_2"):
            shapes.update({f"{path}{name}.weight": (WIDTH,), f"{path}{name}.bias": (WIDTH,)})
    return tensors_of(shapes)


def projector() -> dict:
    """mlp4x_bott4x_gelu: activations stand at 1 and 3."""
    shapes = {}
    for place, (rows, columns) in {0: (4 * WIDTH, WIDTH), 2: (4 * WIDTH, 4 * WIDTH), 4: (4 * WIDTH, 4 * WIDTH), 5: (WIDTH, 4 * WIDTH)}.items():
        shapes.update({f"model.mm_projector.{place}.weight": (rows, columns), f"model.mm_projector.{place}.bias": (rows,)})
    return tensors_of(shapes)


def run(*words) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, words)], capture_output=True, text=True)


class Convert(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)

    def tearDown(self):
        self.temporary.cleanup()

    def convert(self, kind, content, *options):
        torch.save(content, self.folder / "in.pt")
        return run(kind, self.folder / "in.pt", "-o", self.folder / "out", *options)

    def refuses(self, part, done):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(part, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertFalse((self.folder / "out" / "config.json").exists())

    def test_metaseq_splits_keys_values_queries(self):
        state = metaseq()
        done = self.convert("metaseq-opt", {"model": state, "args": None}, "--heads", 4)
        self.assertEqual(done.returncode, 0, done.stderr)
        out = load_file(self.folder / "out/model.safetensors")
        fused = state["decoder.layers.1.self_attn.qkv_proj.weight"]
        for place, name in enumerate("kvq"):
            self.assertTrue(torch.equal(out[f"model.decoder.layers.1.self_attn.{name}_proj.weight"], fused[place * WIDTH:(place + 1) * WIDTH]))
        self.assertTrue(torch.equal(out["model.decoder.final_layer_norm.bias"], state["decoder.layer_norm.bias"]))
        config = json.loads((self.folder / "out/config.json").read_text())
        self.assertEqual((config["hidden_size"], config["ffn_dim"], config["num_hidden_layers"], config["vocab_size"],
                          config["max_position_embeddings"], config["do_layer_norm_before"]), (WIDTH, FFN, LAYERS, VOCAB, 64, True))

    def test_metaseq_refuses(self):
        self.refuses("--heads: expected for a width of 64", self.convert("metaseq-opt", metaseq()))
        self.refuses("layers.0.moe: expected a tensor of metaseq's OPT",
                     self.convert("metaseq-opt", {**metaseq(), "decoder.layers.0.moe": torch.zeros(1)}, "--heads", 4))
        self.refuses("output_projection.weight: expected equal",
                     self.convert("metaseq-opt", {**metaseq(), "decoder.output_projection.weight": torch.zeros(VOCAB, WIDTH)}, "--heads", 4))
        self.refuses("flattened shard", self.convert("metaseq-opt", {"decoder.flat_param_0": torch.zeros(3)}, "--heads", 4))
        self.refuses("embed_tokens.weight: expected a tensor", self.convert("metaseq-opt", {}, "--heads", 4))

    def test_openai_clip(self):
        state = openai_clip()
        done = self.convert("openai-clip", state)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("left out: 3", done.stdout)
        out = load_file(self.folder / "out/model.safetensors")
        fused = state["visual.transformer.resblocks.2.attn.in_proj_bias"]
        for place, name in enumerate("qkv"):
            self.assertTrue(torch.equal(out[f"vision_model.encoder.layers.2.self_attn.{name}_proj.bias"], fused[place * WIDTH:(place + 1) * WIDTH]))
        self.assertTrue(torch.equal(out["vision_model.encoder.layers.0.mlp.fc2.weight"], state["visual.transformer.resblocks.0.mlp.c_proj.weight"]))
        config = json.loads((self.folder / "out/config.json").read_text())
        self.assertEqual((config["image_size"], config["patch_size"], config["num_hidden_layers"], config["num_attention_heads"]), (24, 8, 3, 1))
        (self.folder / "out/config.json").unlink()
        (self.folder / "out/model.safetensors").unlink()
        (self.folder / "out/preprocessor_config.json").unlink()
        self.refuses("ResNets are not read", self.convert("openai-clip", {**state, "visual.layer1.0.conv1.weight": torch.zeros(1)}))

    def test_files_that_could_run_code_are_refused(self):
        with open(self.folder / "in.pt", "wb") as file:
            pickle.dump({"decoder": print}, file)
        done = run("metaseq-opt", self.folder / "in.pt", "-o", self.folder / "out")
        self.refuses("expected tensors only", done)
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(self.folder / "in.pt"))
        self.refuses("TorchScript archive", run("openai-clip", self.folder / "in.pt", "-o", self.folder / "out"))

    def llava(self, more=()):
        """The pass-one checkpoint: OPT, a bottleneck connector and CLIP, in two .bin shards."""
        torch.save(metaseq(), self.folder / "opt.pt")
        run("metaseq-opt", self.folder / "opt.pt", "-o", self.folder / "opt", "--heads", 4)
        torch.save(openai_clip(), self.folder / "clip.pt")
        run("openai-clip", self.folder / "clip.pt", "-o", self.folder / "clip")
        source = self.folder / "source"
        source.mkdir()
        first = load_file(self.folder / "opt/model.safetensors")
        second = {**projector(), **dict(more)}
        names = {name: "pytorch_model-00001-of-00002.bin" for name in first}
        names.update({name: "pytorch_model-00002-of-00002.bin" for name in second})
        for shard, content in zip(sorted(set(names.values())), (first, second)):
            torch.save(content, source / shard)
        (source / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}))
        (source / "config.json").write_text(json.dumps({
            "model_type": "llava_opt", "num_attention_heads": 4, "mm_vision_tower": "openai/clip-vit-large-patch14-336",
            "mm_projector_type": "mlp4x_bott4x_gelu", "mm_hidden_size": WIDTH}))
        for name in ("vocab.json", "merges.txt"):
            (source / name).write_bytes((TOKENIZER / name).read_bytes())
        return run("llava", source, "-o", self.folder / "out")

    def test_llava_fork(self):
        done = self.llava()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("sharpeye assemble --vision DIR (openai/clip-vit-large-patch14-336)", done.stdout)
        connector = load_file(self.folder / "out/connector.safetensors")
        self.assertEqual(sorted(connector), sorted(projector()))
        config = json.loads((self.folder / "out/lm/config.json").read_text())
        self.assertEqual((config["model_type"], config["num_attention_heads"], config["hidden_size"]), ("opt", 4, WIDTH))
        self.assertFalse(any(key.startswith("mm_") for key in config))
        self.assertTrue((self.folder / "out/lm/merges.txt").exists())
        if COMMAND is None:
            return
        for words in (["assemble", "--vision", self.folder / "clip", "--lm", self.folder / "out/lm",
                       "--connector", self.folder / "out/connector.safetensors", "-o", self.folder / "model"],
                      ["caption", "--model", self.folder / "model", "--max-new-tokens", "4", ROOT / "tools/sample.png"]):
            done = subprocess.run([COMMAND, *map(str, words)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
        config = json.loads((self.folder / "model/config.json").read_text())
        self.assertEqual(config["connector"]["type"], "mlp4x_bott4x_gelu")

    def test_llava_fork_refuses(self):
        done = self.llava([("model.image_newline", torch.zeros(3))])
        self.refuses("model.image_newline: expected model.mm_projector", done)
        (self.folder / "source/pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": {"a": "../evil.bin"}}))
        self.refuses("expected files of the same folder, actual ../evil.bin", run("llava", self.folder / "source", "-o", self.folder / "out"))


if __name__ == "__main__":
    unittest.main()
