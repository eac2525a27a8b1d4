#!/usr/bin/env python3
"""Writes tests/fixtures/safetensors/*.safetensors with the reference implementation (python safetensors, torch).

Run with /opt/refvenv/bin/python from anywhere; the files are committed.
"""
from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "safetensors"


def ramp(*shape, dtype):
    """-1.5, -1.25, -1.0, ... : exact in every floating-point dtype for up to 64 elements."""
    count = torch.Size(shape).numel()
    return (torch.arange(count, dtype=torch.float64) / 4 - 1.5).reshape(shape).to(dtype)


FOLDER.mkdir(parents=True, exist_ok=True)
save_file(
    {
        "f16": ramp(2, 3, dtype=torch.float16),
        "bf16": ramp(3, 2, dtype=torch.bfloat16),
        "f32": ramp(5, dtype=torch.float32),
        "f64": ramp(1, 2, 2, dtype=torch.float64),
        "i64": torch.tensor([-(2**40), 7], dtype=torch.int64),
        "i32": torch.tensor([-70000, 7], dtype=torch.int32),
        "i16": torch.tensor([-300, 7], dtype=torch.int16),
        "i8": torch.tensor([-128, 7, 1], dtype=torch.int8),
        "u8": torch.tensor([255, 7, 1], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
        "größe": torch.tensor([1.0]),
    },
    FOLDER / "dtypes.safetensors",
    metadata={"format": "pt", "note": "line\nbreak"},
)
save_file({}, FOLDER / "nothing.safetensors")
# What our writer must produce byte for byte: no metadata, names in sorting order, several widths.
save_file(
    {"b": ramp(2, 2, dtype=torch.float32), "a": ramp(3, dtype=torch.float16), "c": ramp(1, dtype=torch.float32)},
    FOLDER / "writer.safetensors",
)
