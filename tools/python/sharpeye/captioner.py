"""Captions of images: the model, the captioner, and what it gives."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from . import _core
from .images import give

if TYPE_CHECKING:
    from .stream import StreamCaption

_ASPECTS = {None: 0, "pad": 1, "crop": 2, "squash": 3}


class Timings(NamedTuple):
    """Milliseconds of each stage; several refinements add up."""

    image: float
    """decoding, resizing and normalising"""
    vision: float
    connector: float
    pass1_prefill: float
    """the language model reads the prompt of the initial caption"""
    pass1_decode: float
    ser_connector: float
    pass2_prefill: float
    pass2_decode: float
    total: float


class Confidence(NamedTuple):
    """How sure the model was of a caption."""

    value: float | None
    """from 0 to 1: the geometric mean of the tokens' probabilities; None for a caption that was given"""
    log_probabilities: tuple[float, ...]
    """of each id"""
    words: tuple[tuple[str, float], ...]
    """the words with their punctuation, and the product of their tokens' probabilities"""


class Attention(NamedTuple):
    """What the tokens of one glance's caption attended to."""

    glance: int
    """1: the initial caption; 2, 3, ...: its refinements"""
    values: memoryview
    """[layers, heads, tokens, keys] of 32-bit floats: each row sums to 1, and is that of the position which chose the
    token. Keys are the prompt with its visual tokens, and the caption but for its last token. numpy.asarray(values)
    copies nothing."""
    visual_keys: tuple[int, ...]
    """which keys are visual tokens"""
    boxes: tuple[tuple[float, float, float, float], ...]
    """where each of those stands in the image, upright if it was turned: left, top, width, height in pixels; without
    width where it has no place"""


class Caption(NamedTuple):
    """The captions of one image."""

    initial: str
    """the first glance's"""
    refined: str
    """the last complete one: the initial caption if there was no second glance"""
    glances: int
    """glances that were completed"""
    deadline_passed: bool
    initial_ids: tuple[int, ...]
    """the token ids, with the end token"""
    refined_ids: tuple[int, ...]
    initial_confidence: Confidence
    refined_confidence: Confidence
    timings: Timings
    attention: tuple[Attention, ...] = ()
    """of each glance, where the call asked for it"""

    @property
    def text(self) -> str:
        """The best caption there is: `refined`."""
        return self.refined

    def __str__(self) -> str:
        return self.refined


def _threads(threads: int | None) -> int:
    if threads is not None and threads < 1:
        raise ValueError(f"threads: expected 1 or more, actual {threads}")
    return min(256, len(os.sched_getaffinity(0))) if threads is None else threads


class Model:
    """A model directory in memory. It does not change: any number of captioners and threads may share one."""

    def __init__(self, folder: str | os.PathLike[str], *, map: bool = False, allow_non_finite: bool = False,
                 threads: int | None = None) -> None:
        """
        :param map: map the weight files instead of reading them. A packed model (`sharpeye pack`) is there at once and
            shares its memory with other processes; its files must not change, and its elements are not checked.
        :param allow_non_finite: accept NaN and infinite weights
        :param threads: to pack the weights with, as many as the machine has by default
        """
        self._core = _core.Model(os.fsencode(folder), map, allow_non_finite, _threads(threads))

    @property
    def refines(self) -> bool:
        """Whether the model has a second glance."""
        return self._core.refines


def caption_of(fields: Any) -> Caption:
    """The caption that the core gave as a tuple."""
    *front, initial_confidence, refined_confidence, timings, attention = fields
    return Caption(*front, Confidence(*initial_confidence), Confidence(*refined_confidence), Timings(*timings),
                   tuple(Attention(glance, memoryview(values).cast("f", shape), keys, boxes)
                         for glance, values, shape, keys, boxes in attention))


class Captioner:
    """Captions images: `captioner(image)`.

    An image is the path of a file, the bytes of one, a PIL image, or an array of 8-bit numbers
    [height, width, 3] (also 1 or 4 channels, or [height, width] for grey): numpy's, torch's, or anything with DLPack
    or the buffer protocol. Alpha is dropped. While it computes, other threads run Python. Calls of several threads
    wait for each other; `map` captions several images at once.
    """

    def __init__(self, model: Model | str | os.PathLike[str], *, threads: int | None = None, map: bool = False,
                 glances: int | None = None, beams: int | None = None, max_new_tokens: int | None = None,
                 prompt: str | None = None, aspect: Literal["pad", "crop", "squash"] | None = None,
                 exif: bool | None = None, max_pixels: int | None = None) -> None:
        """
        :param model: a model directory, or a Model to share
        :param threads: to compute with, as many as the machine has by default; the captions do not depend on it
        :param map: see Model
        :param glances: 1 is the initial caption only, 2 also refines it; by default as the model says
        :param beams: of the search, 1 is greedy; by default as the model says
        :param max_new_tokens: the longest caption; by default as the model says
        :param prompt: asks for the initial caption, instead of the model's own
        :param aspect: how an image becomes square, instead of the model's own way
        :param exif: whether images are turned upright by their orientation, instead of as the model says
        :param max_pixels: files with more are refused before decoding; by default 67,108,864
        """
        if aspect not in _ASPECTS:
            raise ValueError(f'aspect: expected "pad", "crop" or "squash", actual {aspect!r}')
        self.threads = _threads(threads)
        self.model = model if isinstance(model, Model) else Model(model, map=map, threads=threads)
        turn = 0 if exif is None else 1 if exif else 2
        self._settings = (_ASPECTS[aspect], turn, max_pixels or 0)
        self._numbers = {"glances": glances, "beams": beams, "max_new_tokens": max_new_tokens}
        self._prompt = prompt
        self._core = self._new_core(self.threads)
        self._lock = threading.RLock()  # a callback that captions gets an error, not a deadlock

    def _new_core(self, threads: int) -> _core.Captioner:
        return _core.Captioner(self.model._core, threads, *self._settings)

    def __call__(self, image: Any, *, order: Literal["RGB", "BGR"] = "RGB", glances: int | None = None,
                 beams: int | None = None, max_new_tokens: int | None = None, prompt: str | None = None,
                 initial: str | None = None, deadline: float | None = None,
                 on_initial: Callable[[str], object] | None = None,
                 on_token: Callable[[int, str], object] | None = None, attention: bool = False) -> Caption:
        """Both captions of an image.

        :param order: of an array's channels; OpenCV has "BGR"
        :param glances,beams,max_new_tokens,prompt: instead of the captioner's own
        :param initial: refine this caption, instead of generating an initial one
        :param deadline: seconds from now after which no refinement is begun or finished
        :param on_initial: called with the initial caption, before the second glance. If it returns False, the call ends
            with CancelledError; an exception reaches the caller.
        :param on_token: called with the glance (1, 2, ...) and its text so far, after each token; as on_initial
        :param attention: also keep what each token attended to; the model reads each caption once more for it
        :raises Error: naming what is wrong with the image or an option
        """
        options = self._options(glances, beams, max_new_tokens, prompt, initial, deadline, on_initial, on_token, attention)
        with self._lock:
            return self._caption(self._core, image, order, options)

    def map(self, images: Iterable[Any], *, parallel: int | None = None, order: Literal["RGB", "BGR"] = "RGB",
            errors: Literal["raise", "return"] = "raise", **options: Any) -> Iterator[Any]:
        """The captions of many images, in their order, several at once.

        :param images: anything to iterate over; only a few images ahead of the caption being waited for are taken
        :param parallel: images at once, each on its share of the captioner's threads; by default one thread each
        :param errors: "return" yields the Error of a bad image in the place of its caption, and goes on
        :param options: those of a call, but for callbacks
        """
        if errors not in ("raise", "return"):
            raise ValueError(f'errors: expected "raise" or "return", actual {errors!r}')
        workers = self.threads if parallel is None else parallel
        if workers < 1:
            raise ValueError(f"parallel: expected 1 or more, actual {workers}")
        chosen = self._options(**{**dict.fromkeys(("glances", "beams", "max_new_tokens", "prompt", "initial",
                                                   "deadline", "on_initial", "on_token", "attention")), **options})
        chosen.pop("check_signals")
        return self._map(images, workers, order, errors == "return", chosen)

    def _map(self, images: Iterable[Any], workers: int, order: str, returns_errors: bool,
             options: dict[str, Any]) -> Iterator[Any]:
        free: SimpleQueue[_core.Captioner] = SimpleQueue()
        for _ in range(workers):
            free.put(self._new_core(max(1, self.threads // workers)))

        def work(image: Any) -> Caption:
            core = free.get()
            try:
                return self._caption(core, image, order, {**options, "check_signals": False})
            finally:
                free.put(core)

        def result(future: Future[Caption]) -> Any:
            error = future.exception()
            if error is None:
                return future.result()
            if returns_errors and isinstance(error, Exception):
                return error
            raise error

        executor = ThreadPoolExecutor(workers, "sharpeye")
        try:
            waiting: deque[Future[Caption]] = deque()
            for image in images:
                waiting.append(executor.submit(work, image))
                if len(waiting) > 2 * workers:
                    yield result(waiting.popleft())
            while waiting:
                yield result(waiting.popleft())
        finally:
            executor.shutdown(cancel_futures=True)

    def _options(self, glances: int | None, beams: int | None, max_new_tokens: int | None, prompt: str | None,
                 initial: str | None, deadline: float | None, on_initial: Callable[[str], object] | None,
                 on_token: Callable[[int, str], object] | None, attention: bool | None = False) -> dict[str, Any]:
        numbers = {"glances": glances, "beams": beams, "max_new_tokens": max_new_tokens}
        chosen: dict[str, Any] = {}
        for name, value in numbers.items():
            value = self._numbers[name] if value is None else value
            if value is not None and not 1 <= value < 1 << 31:
                raise ValueError(f"{name}: expected 1 or more, actual {value}")
            chosen[name] = value or 0
        if deadline is not None and not 0 < deadline < 2e6:
            raise ValueError(f"deadline: expected seconds, more than 0, actual {deadline}")
        chosen["deadline_ms"] = 0 if deadline is None else max(1, round(1000 * deadline))
        chosen["prompt"] = self._prompt if prompt is None else prompt
        chosen["initial"] = initial
        chosen["on_initial"] = on_initial
        chosen["on_token"] = on_token
        chosen["attention"] = bool(attention)
        chosen["check_signals"] = threading.current_thread() is threading.main_thread()
        return chosen

    @staticmethod
    def _caption(core: _core.Captioner, image: Any, order: str, chosen: dict[str, Any]) -> Caption:
        return caption_of(give(core, image, order, _core.Options(**chosen)))

    def stream(self, frames: Iterable[Any], *, fps: float = 25.0, live: bool = False, **options: Any) -> Iterator[StreamCaption]:
        """The captions of a stream of frames, as soon as they are there: an iterator of StreamCaption.

            for said in captioner.stream(frames_of_a_camera(), live=True):
                print(said.seconds, said.text)

        The frames are taken by a thread of its own. It waits for whoever iterates, two captions ahead; the frames that
        a camera delivers meanwhile are dropped in live mode. Closing the iterator (or leaving its loop) ends the thread
        when the next frame is there.

        :param frames: anything to iterate over: images, or pairs (image, seconds) of an image and where it stands
        :param fps: of images without seconds; in live mode the clock tells
        :param live: see Stream; the other options are those of Stream, too
        """
        from .stream import captions_of

        return captions_of(self, frames, fps, live, options)
