"""Pass-one connector: the two MLP families the checkpoints name in one string.

mlp{n}x_gelu          Linear(in, out), then n-1 times (erf GELU, Linear(out, out))          [LLaVA builder.py]
mlp{n}x_bott{e}x_gelu h = e*out: Linear(in, h), n-2 times (GELU, Linear(h, h)), Linear(h, out) without an
                      activation before it                                                  [authors' mlp_connector.py]
"""
import re

import torch
from torch import nn


class MlpConnector(nn.Module):
    """[N, in] -> [N, out]; layers are linear_1 .. linear_n, as in the checkpoint."""

    def __init__(self, kind: str, in_size: int, out_size: int):
        super().__init__()
        match = re.fullmatch(r"mlp([1-9]\d*)x(?:_bott([1-9]\d*)x)?_gelu", kind)
        if not match:
            raise ValueError(f"connector type: expected mlp<n>x[_bott<e>x]_gelu, got {kind!r}")
        self.num_layers, self.bottleneck = int(match[1]), match[2] is not None
        if self.bottleneck and self.num_layers < 2:
            raise ValueError(f"connector type {kind!r}: a bottleneck needs two layers at least")
        inner = int(match[2]) * out_size if self.bottleneck else out_size
        widths = [in_size] + [inner] * (self.num_layers - 1) + [out_size]
        for i in range(self.num_layers):
            setattr(self, f"linear_{i + 1}", nn.Linear(widths[i], widths[i + 1]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i in range(1, self.num_layers + 1):
            if i > 1 and not (self.bottleneck and i == self.num_layers):
                x = nn.functional.gelu(x)
            x = getattr(self, f"linear_{i}")(x)
        return x
