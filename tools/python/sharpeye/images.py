"""Images of every kind that people have, for the core."""

from __future__ import annotations

import os
from typing import Any

_ORDERS = {"RGB": False, "BGR": True}
_EXIF_ORIENTATION = 0x0112


def _is_pillow(image: Any) -> bool:
    return hasattr(image, "getexif") and hasattr(image, "convert") and hasattr(image, "tobytes")


def give(core: Any, image: Any, order: str, last: Any) -> Any:
    """What the core's `file`, `encoded` or `pixels` returns for the image.

    :param order: of an array's channels, "RGB" or "BGR"
    :param last: their last argument
    """
    if order not in _ORDERS:
        raise ValueError(f'order: expected "RGB" or "BGR", actual {order!r}')
    if isinstance(image, (str, os.PathLike)):
        return core.file(os.fsencode(image), last)
    if isinstance(image, (bytes, bytearray)) or (isinstance(image, memoryview) and image.ndim == 1):
        return core.encoded(image, last)
    if _is_pillow(image):
        rgb = image if image.mode in ("RGB", "L") else image.convert("RGB")
        shape = [rgb.height, rgb.width, 3] if rgb.mode == "RGB" else [rgb.height, rgb.width]
        pixels = memoryview(rgb.tobytes()).cast("B", shape) if rgb.height and rgb.width else None
        if pixels is None:
            raise ValueError(f"image: expected pixels, actual {rgb.width} x {rgb.height}")
        turned = image.getexif().get(_EXIF_ORIENTATION, 1)
        return core.pixels(pixels, False, turned if turned in range(1, 9) else 1, last)
    try:
        return core.pixels(image, _ORDERS[order], 1, last)
    except TypeError as error:
        if "incompatible function arguments" not in str(error):
            raise
        raise TypeError("image: expected a path, bytes, a PIL image or an array of 8-bit numbers, actual "
                        f"{type(image).__name__}") from None
