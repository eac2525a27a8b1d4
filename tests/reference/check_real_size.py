"""Recomputes a `sharpeye dump` with transformers/torch in float32 from the same weights; prints the error per stage.

    check_real_size.py <model directory> <dump.safetensors> [--initial TEXT] [--chained]

Default: each stage starts from the dump's own inputs, so an error stays in its stage. --chained: everything follows
from pixel_values. The caption ids of the SeR-Connector come from the dump (ser.caption_ids) or from --initial.
"""
import argparse
import logging

import torch
from safetensors.torch import load_file

from reference_model import ReferenceModel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("dump")
    parser.add_argument("--initial", help="the initial caption, where the dump has no ser.caption_ids")
    parser.add_argument("--chained", action="store_true", help="start every stage from our own results")
    parser.add_argument("--tolerance", type=float, default=1e-3, help="largest relative error allowed (default 1e-3)")
    arguments = parser.parse_args()
    logging.getLogger("transformers").setLevel(logging.ERROR)

    dump = {k: v.float() if v.is_floating_point() else v for k, v in load_file(arguments.dump).items()}
    model = ReferenceModel(arguments.model)
    captions = dump.get("ser.caption_ids")
    if "pass2.input_ids" not in dump:
        model.ser = None
    elif captions is None:
        if arguments.initial is None:
            parser.error("the dump has no ser.caption_ids: give --initial")
        captions = model.caption_ids(arguments.initial)
    if "pass1.input_ids" not in dump:
        model.connector = None
    with torch.no_grad():
        ours = model.stages(dump["pixel_values"].reshape(-1, *dump["pixel_values"].shape[-2:]), dump.get("pass1.input_ids"),
                            dump.get("pass2.input_ids"), captions, {} if arguments.chained else dump)

    print(f"{'stage':<28}{'shape':<16}{'max |error|':>12}{'rms':>12}{'error/rms':>12}{'argmax equal':>14}")
    worst = 0.0
    for name, expected in ours.items():
        if name not in dump or not expected.is_floating_point():
            continue
        actual = dump[name].reshape(-1, dump[name].shape[-1])
        if actual.shape != expected.shape:  # a dump may hold the logits of the last positions only
            expected = expected[-actual.shape[0]:]
        error, rms = (actual - expected).abs().max().item(), expected.square().mean().sqrt().item()
        worst = max(worst, error / rms) if error == error else float("inf")
        same = f"{(actual.argmax(-1) == expected.argmax(-1)).float().mean():14.2%}" if name.endswith("logits") else ""
        print(f"{name:<28}{str(list(expected.shape)):<16}{error:12.2e}{rms:12.2e}{error / rms:12.2e}{same}")
    print(f"worst error/rms {worst:.2e}, tolerance {arguments.tolerance:.0e}")
    raise SystemExit(worst > arguments.tolerance)


if __name__ == "__main__":
    main()
