"""SeR-Connector in plain PyTorch: the twin of include/sharpeye/models/ser_connector, no batch axis.

Parameter names are the checkpoint's without the prefix `ser_connector.`. Run this file to check the blocks
against torch.nn.TransformerEncoderLayer and the DETR layers of transformers.
"""
import torch
from torch import nn

from connector import MlpConnector

ACTIVATIONS = {
    "relu": nn.functional.relu,
    "gelu": nn.functional.gelu,
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
}
DEFAULTS = dict(
    variant="self_attention", vision_feature_layers=[13, 18, 23], layer_index_base=0, feature_concat="channel",
    hidden_size=1024, num_hidden_layers=3, num_attention_heads=16, intermediate_size=4096, hidden_act="relu",
    layer_norm_eps=1e-5, norm_placement="post", final_layer_norm=False, visual_projector="mlp2x_gelu",
    text_projector="mlp2x_gelu", visual_position_embedding="learned", text_position_embedding="learned",
    type_embedding=False, level_embedding=False, caption_embedding="language_model", caption_bos=True,
    max_caption_tokens=128, output="visual", use_caption=True, use_features=True, num_queries=100)
QUERY_DEFAULTS = {**DEFAULTS, **dict(
    variant="query_decoder", feature_concat="token", num_hidden_layers=4, final_layer_norm=True, level_embedding=True,
    visual_position_embedding="sine_2d", text_position_embedding="none", output="queries")}


def with_defaults(config: dict) -> dict:
    """A config.json's ser_connector with the keys it leaves out."""
    return {**(QUERY_DEFAULTS if config.get("variant") == "query_decoder" else DEFAULTS), **config}


def sine_2d(side: int, hidden_size: int, dtype=torch.float32) -> torch.Tensor:
    """DETR's normalised sine positions of a square grid [side*side, hidden_size]: y half, x half, sin/cos interleaved."""
    half = hidden_size // 2
    index = torch.arange(1, side + 1, dtype=dtype)
    angle = index / (index[-1] + 1e-6) * (2 * torch.pi)
    exponent = 2 * torch.div(torch.arange(half, dtype=dtype), 2, rounding_mode="floor") / half
    phase = angle[:, None] / 10000**exponent
    wave = torch.stack((phase[:, 0::2].sin(), phase[:, 1::2].cos()), dim=2).flatten(1)  # [side, half]
    y = wave[:, None, :].expand(side, side, half)
    x = wave[None, :, :].expand(side, side, half)
    return torch.cat((y, x), dim=2).reshape(side * side, hidden_size)


class Attention(nn.Module):
    """Multi-head attention without a mask; q (bias included) is scaled by head_dim^-0.5."""

    def __init__(self, hidden_size: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, nn.Linear(hidden_size, hidden_size))

    def forward(self, query, key, value):
        def heads(x):  # [rows, H] -> [heads, rows, head_dim]
            return x.view(x.shape[0], self.num_heads, -1).transpose(0, 1)

        q, k, v = heads(self.q_proj(query)), heads(self.k_proj(key)), heads(self.v_proj(value))
        weights = (q * q.shape[-1] ** -0.5 @ k.transpose(1, 2)).softmax(-1)
        return self.out_proj((weights @ v).transpose(0, 1).reshape(query.shape[0], -1))


class Block(nn.Module):
    """One fusion block: self-attention, cross-attention where `cross`, feed-forward; pre- or post-norm."""

    def __init__(self, config: dict, cross: bool):
        super().__init__()
        size, eps = config["hidden_size"], config["layer_norm_eps"]
        self.pre, self.act = config["norm_placement"] == "pre", ACTIVATIONS[config["hidden_act"]]
        self.self_attn = Attention(size, config["num_attention_heads"])
        self.self_attn_layer_norm = nn.LayerNorm(size, eps)
        if cross:
            self.encoder_attn = Attention(size, config["num_attention_heads"])
            self.encoder_attn_layer_norm = nn.LayerNorm(size, eps)
        self.fc1 = nn.Linear(size, config["intermediate_size"])
        self.fc2 = nn.Linear(config["intermediate_size"], size)
        self.final_layer_norm = nn.LayerNorm(size, eps)

    def residual(self, x, norm, function):
        return x + function(norm(x)) if self.pre else norm(x + function(x))

    def forward(self, x, position=0.0, keys=None, key_position=0.0):
        """x [rows, H]; positions are added to queries and keys, never to values (DETR)."""
        x = self.residual(x, self.self_attn_layer_norm, lambda h: self.self_attn(h + position, h + position, h))
        if keys is not None:
            x = self.residual(x, self.encoder_attn_layer_norm,
                              lambda h: self.encoder_attn(h + position, keys + key_position, keys))
        return self.residual(x, self.final_layer_norm, lambda h: self.fc2(self.act(self.fc1(h))))


class SerConnector(nn.Module):
    """Both variants. `config` is the whole config.json of a model directory."""

    def __init__(self, config: dict):
        super().__init__()
        self.config = c = with_defaults(config["ser_connector"])
        vision, text = config["vision_config"], config["text_config"]
        size, embedding = c["hidden_size"], text["word_embed_proj_dim"]
        self.side = vision["image_size"] // vision["patch_size"]
        self.num_patches, self.num_levels = self.side**2, len(c["vision_feature_layers"])
        self.query = c["variant"] == "query_decoder"
        self.by_token = c["feature_concat"] == "token"
        if self.query and (c["type_embedding"] or not self.by_token):
            raise ValueError("ser_connector: the query decoder has no type_embedding and needs feature_concat token")

        if self.by_token:
            self.visual_projectors = nn.ModuleList(
                MlpConnector(c["visual_projector"], vision["hidden_size"], size) for _ in range(self.num_levels))
        else:
            self.visual_projector = MlpConnector(c["visual_projector"], self.num_levels * vision["hidden_size"], size)
        if c["use_caption"]:
            self.text_projector = MlpConnector(c["text_projector"], embedding, size)
            if c["text_position_embedding"] == "learned":
                self.text_position_embedding = nn.Embedding(c["max_caption_tokens"], size)
            if c["caption_embedding"] == "own":
                self.caption_embedding = nn.Embedding(text["vocab_size"], embedding)
        if c["visual_position_embedding"] == "learned":
            self.visual_position_embedding = nn.Embedding(self.num_patches, size)
        if c["type_embedding"]:
            self.type_embedding = nn.Embedding(2, size)
        if c["level_embedding"] and self.by_token and self.num_levels > 1:
            self.level_embedding = nn.Embedding(self.num_levels - 1, size)
        if self.query:
            self.query_position_embedding = nn.Embedding(c["num_queries"], size)
        self.layers = nn.ModuleList(Block(c, self.query) for _ in range(c["num_hidden_layers"]))
        if c["final_layer_norm"]:
            self.layer_norm = nn.LayerNorm(size, c["layer_norm_eps"])
        self.output_projection = nn.Linear(size, embedding)

    def feature_indices(self) -> list:
        """HF hidden_states indices of the levels; without features every level is the last of the list."""
        indices = [i - self.config["layer_index_base"] for i in self.config["vision_feature_layers"]]
        return indices if self.config["use_features"] else indices[-1:] * len(indices)

    def features(self, hidden_states) -> torch.Tensor:
        """hidden_states[i] [1+N, d] -> [N, m*d] (channel) or [m*N, d] (token); the CLS row is dropped."""
        return torch.cat([hidden_states[i][1:] for i in self.feature_indices()], dim=0 if self.by_token else 1)

    def caption_embeddings(self, caption_ids, language_model_table) -> torch.Tensor:
        """ids [T] -> [T, E] from the language model's table or the connector's own."""
        own = self.config["caption_embedding"] == "own"
        return (self.caption_embedding.weight if own else language_model_table)[caption_ids]

    def visual_positions(self):
        kind = self.config["visual_position_embedding"]
        if kind == "none":
            return 0.0
        return self.visual_position_embedding.weight if kind == "learned" else sine_2d(self.side, self.config["hidden_size"])

    def project_features(self, features) -> list:
        """[.., ..] -> one [N, H] per level (channel: one in all), level rows added, positions not yet."""
        if not self.by_token:
            return [self.visual_projector(features)]
        levels = [mlp(x) for mlp, x in zip(self.visual_projectors, features.split(self.num_patches))]
        if hasattr(self, "level_embedding"):
            levels[1:] = [x + row for x, row in zip(levels[1:], self.level_embedding.weight)]
        return levels

    def forward(self, features, caption_embeddings) -> torch.Tensor:
        """features as features() makes them, captions [T, E] -> [output rows, E]."""
        c, levels, position = self.config, self.project_features(features), self.visual_positions()
        text = torch.empty(0, c["hidden_size"])
        if c["use_caption"]:
            text = self.text_projector(caption_embeddings)
        text_position = torch.zeros_like(text)
        if c["use_caption"] and c["text_position_embedding"] == "learned":
            text_position = self.text_position_embedding.weight[: text.shape[0]]

        if self.query:
            rows = self.query_position_embedding.weight
            x, at = torch.cat((torch.zeros_like(rows), text)), torch.cat((rows, text_position))
            key_position = position.repeat(self.num_levels, 1) if torch.is_tensor(position) else position
            for layer in self.layers:
                x = layer(x, at, torch.cat(levels), key_position)
            num_rows = rows.shape[0]
        else:
            visual, text = torch.cat([x + position for x in levels]), text + text_position
            if c["type_embedding"]:
                visual, text = visual + self.type_embedding.weight[0], text + self.type_embedding.weight[1]
            x, num_rows = torch.cat((visual, text)), visual.shape[0]
            for layer in self.layers:
                x = layer(x)
        if c["final_layer_norm"]:
            x = self.layer_norm(x)
        return self.output_projection(x if c["output"].endswith("_and_text") else x[:num_rows])


def self_check() -> None:
    """Compares the blocks and the sine positions with torch's and transformers' own; raises where they differ."""
    from transformers import DetrConfig, TableTransformerConfig
    from transformers.models.detr.modeling_detr import DetrDecoderLayer, DetrSinePositionEmbedding
    from transformers.models.table_transformer.modeling_table_transformer import TableTransformerDecoderLayer

    torch.manual_seed(1)
    size, heads, ffn = 24, 3, 40
    shape = dict(hidden_size=size, num_attention_heads=heads, intermediate_size=ffn, layer_norm_eps=1e-5)
    x, at, keys, key_at = (torch.randn(n, size) for n in (7, 7, 18, 18))

    def liven(module):
        for p in module.parameters():
            p.data = torch.randn_like(p) * (0.3 if p.dim() > 1 else 0.2) + (p.dim() == 1) * p.data
        return module.eval()

    def compare(what, ours, theirs):
        error = (ours - theirs).abs().max().item()
        print(f"{what:<48} max error {error:.1e}")
        if not error < 2e-6 * max(1.0, theirs.abs().max().item()):
            raise SystemExit(f"{what}: differs")

    for side, width in ((4, 24), (24, 1024)):
        mask = torch.ones(1, side, side)
        theirs = DetrSinePositionEmbedding(width // 2, normalize=True)(mask, mask)[0].flatten(1).T
        compare(f"sine_2d {side}x{side}x{width} / DETR", sine_2d(side, width), theirs)

    for placement, layer_class, config_class in (("post", DetrDecoderLayer, DetrConfig),
                                                 ("pre", TableTransformerDecoderLayer, TableTransformerConfig)):
        for act in ("relu", "gelu", "quick_gelu"):
            detr = liven(layer_class(config_class(d_model=size, decoder_attention_heads=heads, decoder_ffn_dim=ffn,
                                                  activation_function=act, attention_dropout=0.0, dropout=0.0)))
            ours = Block(dict(shape, hidden_act=act, norm_placement=placement), cross=True)
            ours.load_state_dict(detr.state_dict())
            theirs = detr(x[None], object_queries=key_at[None], query_position_embeddings=at[None],
                          encoder_hidden_states=keys[None])[0][0]
            compare(f"query block {placement}-norm {act} / {layer_class.__name__}", ours(x, at, keys, key_at), theirs)

    names = {"self_attn.out_proj": "self_attn.out_proj", "linear1": "fc1", "linear2": "fc2",
             "norm1": "self_attn_layer_norm", "norm2": "final_layer_norm"}
    for placement in ("post", "pre"):
        for act in ("relu", "gelu"):
            torch_layer = nn.TransformerEncoderLayer(size, heads, ffn, 0.0, act, norm_first=placement == "pre",
                                                     batch_first=True)
            liven(torch_layer).train()  # eval() would take the fused fast path; dropout is 0 either way
            weights = {}
            for key, value in torch_layer.state_dict().items():
                if "in_proj" in key:
                    for part, chunk in zip("qkv", value.chunk(3)):
                        weights[f"self_attn.{part}_proj.{key.rsplit('_', 1)[1]}"] = chunk
                else:
                    module, kind = key.rsplit(".", 1)
                    weights[f"{names[module]}.{kind}"] = value
            ours = Block(dict(shape, hidden_act=act, norm_placement=placement), cross=False)
            ours.load_state_dict(weights)
            compare(f"self block {placement}-norm {act} / TransformerEncoderLayer", ours(x), torch_layer(x[None])[0])


if __name__ == "__main__":
    with torch.no_grad():
        self_check()
