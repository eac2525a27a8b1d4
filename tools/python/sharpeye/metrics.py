"""Caption metrics as coco-caption (pycocoevalcap) computes them, without Java and without numpy.

The classes have pycocoevalcap's names and calls, so that only the import changes:

    from sharpeye.metrics import Bleu, Cider, PTBTokenizer, Rouge

Where pycocoevalcap gives numpy arrays they give lists. METEOR and SPICE need models or Java and are not here.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, Union

from . import _core

Id = TypeVar("Id", bound=Hashable)
Captions = Union[str, Sequence[Any]]
"""A caption, or captions: texts, or dictionaries that have one as "caption"."""

NAMES = ("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "ROUGE_L", "CIDEr", "CIDEr_plain")
"""The metrics. "CIDEr" is what papers report: CIDEr-D. All but the CIDErs are in [0, 1], those in [0, 10]."""

_ROUGE, _CIDER = 4, 5


@dataclass(frozen=True)
class Scores:
    """The scores of a set of images, by the names of `NAMES`."""

    corpus: dict[str, float]
    images: dict[Any, dict[str, float]]


def _texts(captions: Captions) -> list[str]:
    if isinstance(captions, str):
        return [captions]
    return [caption if isinstance(caption, str) else caption["caption"] for caption in captions]


def _scores(gts: Mapping[Id, Captions], res: Mapping[Id, Captions],
            is_tokenized: bool) -> tuple[list[float], list[list[float]]]:
    if gts.keys() != res.keys():
        differing = next(iter(gts.keys() ^ res.keys()))
        raise ValueError(f"expected the same images in both, image {differing!r} is only in one")
    candidates = []
    for image in gts:
        texts = _texts(res[image])
        if len(texts) != 1:
            raise ValueError(f"image {image!r}: expected one candidate, actual {len(texts)}")
        candidates += texts
        if len(_texts(gts[image])) == 0:
            raise ValueError(f"image {image!r}: expected at least one reference, actual none")
    return _core.evaluate(is_tokenized, candidates, [_texts(captions) for captions in gts.values()])


def evaluate(gts: Mapping[Id, Captions], res: Mapping[Id, Captions]) -> Scores:
    """All metrics of plain captions, which are tokenized first.

    CIDEr weighs n-grams by how many of these images have them: give it the whole set that you report.

    :param gts: the references of each image
    :param res: the candidate of each image
    :raises ValueError: naming an image that is in one of them only, or has no reference, or not one candidate
    """
    corpus, images = _scores(gts, res, is_tokenized=False)
    return Scores(dict(zip(NAMES, corpus)), {image: dict(zip(NAMES, row)) for image, row in zip(gts, images)})


class PTBTokenizer:
    """The words of captions, as the scorers below expect them."""

    def tokenize(self, captions_for_image: Mapping[Id, Captions]) -> dict[Id, list[str]]:
        """Each image's captions as lower-case words with a space between them, without punctuation."""
        return {image: [_core.scored_words(text) for text in _texts(captions)]
                for image, captions in captions_for_image.items()}


class Bleu:
    """BLEU-1 to BLEU-n."""

    def __init__(self, n: int = 4) -> None:
        if not 1 <= n <= 4:
            raise ValueError(f"n: expected 1 to 4, actual {n}")
        self._n = n

    def compute_score(self, gts: Mapping[Id, Captions], res: Mapping[Id, Captions],
                      verbose: int = 0) -> tuple[list[float], list[list[float]]]:
        """BLEU-1, ... of the set, and lists of those of each image. Captions are tokenized: words and spaces."""
        corpus, images = _scores(gts, res, is_tokenized=True)
        return corpus[:self._n], [[row[order] for row in images] for order in range(self._n)]

    def method(self) -> str:
        return "Bleu"


class _MeanScorer:
    _column: int
    _name: str

    def compute_score(self, gts: Mapping[Id, Captions], res: Mapping[Id, Captions],
                      verbose: int = 0) -> tuple[float, list[float]]:
        """The score of the set, and those of each image. Captions are tokenized: words and spaces."""
        corpus, images = _scores(gts, res, is_tokenized=True)
        return corpus[self._column], [row[self._column] for row in images]

    def method(self) -> str:
        return self._name


class Rouge(_MeanScorer):
    """ROUGE-L."""

    _column, _name = _ROUGE, "Rouge"


class Cider(_MeanScorer):
    """CIDEr-D, which coco-caption calls CIDEr, with document frequencies from the references given."""

    _column, _name = _CIDER, "CIDEr"


class COCOEvalCap:
    """pycocoevalcap's evaluation of pycocotools' COCO objects: `evaluate()`, then `eval`, `imgToEval`, `evalImgs`."""

    def __init__(self, coco: Any, cocoRes: Any) -> None:
        self.coco, self.cocoRes = coco, cocoRes
        self.params = {"image_id": coco.getImgIds()}
        self.eval: dict[str, float] = {}
        self.imgToEval: dict[Any, dict[str, Any]] = {}
        self.evalImgs: list[dict[str, Any]] = []

    def evaluate(self) -> None:
        ids = self.params["image_id"]
        scores = evaluate({image: self.coco.imgToAnns[image] for image in ids},
                          {image: self.cocoRes.imgToAnns[image] for image in ids})
        names = NAMES[:-1]
        self.eval = {name: scores.corpus[name] for name in names}
        self.imgToEval = {image: {"image_id": image, **{name: row[name] for name in names}}
                          for image, row in scores.images.items()}
        self.evalImgs = list(self.imgToEval.values())
