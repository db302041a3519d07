"""A 50 KB vision projector for the local model, built without training: the model then names the colours it sees.

Each patch's mean colour becomes a soft choice among the eight corners of the colour cube (and grey), and that the model's
own embedding of the colour's name.  So a picture takes the real path (decoding, resizing, image tokens) and the answer
depends on its pixels.  It understands nothing else: it is for trying and testing, never for judging scans.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_CORNERS = (
    "black",
    "blue",
    "green",
    "cyan",
    "red",
    "purple",
    "yellow",
    "white",
)  # index = 4·red + 2·green + blue
_CHANNELS, _PATCH, _SIDE, _SHARPNESS = 8, 16, 4, 6.0


def build_projector(weights: Path, out: Path) -> None:
    """Write a projector (GGUF) that fits a language model's weights.

    Parameters
    ----------
    weights
        The model's GGUF file.
    out
        Where to write; it appears whole or not at all.
    """
    from gguf import GGUFWriter

    words = _colour_embeddings(weights)
    grey = words["gray"]
    writer = GGUFWriter(str(out.with_suffix(".part")), "clip")
    writer.add_type("mmproj")
    writer.add_name("colour-projector")
    writer.add_file_type(0)
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("phi4")
    writer.add_vision_projection_dim(len(grey))
    writer.add_vision_image_size(_SIDE * _PATCH)
    writer.add_vision_patch_size(_PATCH)
    writer.add_vision_embedding_length(_CHANNELS)
    writer.add_vision_feed_forward_length(_CHANNELS)
    writer.add_vision_block_count(1)
    writer.add_vision_head_count(1)
    writer.add_vision_attention_layernorm_eps(1e-6)
    writer.add_vision_use_gelu(True)
    writer.add_vision_image_mean([0.5] * 3)
    writer.add_vision_image_std([0.5] * 3)
    writer.add_vision_min_pixels((_SIDE * _PATCH) ** 2)
    writer.add_vision_max_pixels((_SIDE * _PATCH) ** 2)

    for name, tensor in _encoder().items():
        writer.add_tensor(name, tensor)
    corner = np.zeros((8, _CHANNELS), np.float32)
    for index in range(8):
        corner[index, :3] = [_SHARPNESS if index & bit else -_SHARPNESS for bit in (4, 2, 1)]
    writer.add_tensor("mm.0.weight", corner)
    writer.add_tensor("mm.0.bias", np.full(8, -2 * _SHARPNESS, np.float32))
    to_words = np.stack([(words[name] - grey) / _SHARPNESS for name in _CORNERS], axis=1)
    writer.add_tensor("mm.2.weight", to_words.astype(np.float32))
    writer.add_tensor("mm.2.bias", grey.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    out.with_suffix(".part").replace(out)


def _encoder() -> dict[str, NDArray[np.float32]]:
    """A vision transformer of one block that does nothing but average each patch's colour."""

    def zeros(*shape: int) -> NDArray[np.float32]:
        return np.zeros(shape, np.float32)

    average = zeros(_CHANNELS, 3, _PATCH, _PATCH)
    for channel in range(3):
        average[channel, channel] = 1 / _PATCH**2
    tensors = {
        "v.patch_embd.weight": average,
        "v.patch_embd.bias": zeros(_CHANNELS),
        "v.position_embd.weight": zeros(_SIDE * _SIDE, _CHANNELS),
    }
    for name in ("attn_q", "attn_k", "attn_v", "attn_out", "ffn_up", "ffn_down"):
        tensors[f"v.blk.0.{name}.weight"] = zeros(_CHANNELS, _CHANNELS)
        tensors[f"v.blk.0.{name}.bias"] = zeros(_CHANNELS)
    for name in ("ln1", "ln2"):
        tensors[f"v.blk.0.{name}.weight"] = np.ones(_CHANNELS, np.float32)
        tensors[f"v.blk.0.{name}.bias"] = zeros(_CHANNELS)
    return tensors


def _colour_embeddings(weights: Path) -> dict[str, NDArray[np.float32]]:
    """The model's embedding of each colour's name."""
    from gguf import GGUFReader
    from gguf.quants import dequantize

    reader = GGUFReader(str(weights))
    field = reader.fields["tokenizer.ggml.tokens"]
    tokens = [bytes(field.parts[index]).decode("utf-8", "replace") for index in field.data]
    tensor = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
    table = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
    position = {token: index for index, token in enumerate(tokens)}
    found = {name: table[position["Ġ" + name]] for name in (*_CORNERS, "gray") if "Ġ" + name in position}
    found.setdefault("cyan", found["blue"])
    return found
