"""Image captioning in two glances (MM-SeR, arXiv 2508.21451), on a CPU.

    import sharpeye

    captioner = sharpeye.Captioner("weights/demo")
    caption = captioner("photo.jpg")  # or bytes, a numpy array, a PIL image
    print(caption.initial, caption.refined)

`sharpeye.metrics` scores captions as coco-caption does, without Java. Nothing here needs numpy or torch.
"""

from . import metrics
from ._core import version as __version__
from .captioner import Attention, Caption, Captioner, Confidence, Model, Timings
from .errors import CancelledError, Error, InvalidArgumentError, MissingFileError
from .stream import Stream, StreamCaption, StreamCounts

__all__ = ["Attention", "CancelledError", "Caption", "Captioner", "Confidence", "Error", "InvalidArgumentError", "MissingFileError",
           "Model", "Stream", "StreamCaption", "StreamCounts", "Timings", "__version__", "metrics"]
