"""Captions of frames as they come: from a camera, a video, a robot."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Full, Queue
from typing import Any, Literal, NamedTuple

from . import _core
from .captioner import Caption, Captioner, Model, caption_of
from .images import give


class StreamCaption(NamedTuple):
    """A caption of a frame."""

    frame: int
    """from 0 on, in the order of the pushes"""
    seconds: float
    """where in the stream it stands: what `push` was told"""
    is_refined: bool
    """whether it is of the second glance"""
    is_last: bool
    """whether no other one of this frame follows"""
    caption: Caption

    @property
    def text(self) -> str:
        """The caption: the initial one, or if `is_refined` the refined one."""
        return self.caption.refined

    def __str__(self) -> str:
        return self.text


class StreamCounts(NamedTuple):
    """What became of the frames."""

    frames: int
    """pushed"""
    skipped: int
    """within the period, or unchanged"""
    dropped: int
    """late: a newer one came before their turn"""
    captioned: int
    """with an initial caption at least"""
    refined: int
    """with a refined caption too"""
    failed: int
    """see `on_error`"""


class Stream:
    """Captions frames one after the other, and calls back: the initial caption at once, then the refined one.

        with sharpeye.Stream("weights/demo", print, live=True) as stream:
            while (frame := camera.read()) is not None:
                stream.push(frame, time.monotonic())
            stream.finish()

    With `live` frames come when they come: a push returns at once, and a thread of the stream's own captions. Of
    frames that come meanwhile the latest waits, and the others are dropped and counted; the second glance gives way to
    a frame that waits. Without, a push returns when its frame is captioned. The GIL is released meanwhile.
    """

    def __init__(self, model: Model | Captioner | str | os.PathLike[str],
                 on_caption: Callable[[StreamCaption], object], *, live: bool = False, always_refine: bool = False,
                 period: float = 0, change_threshold: float = 0,
                 on_error: Callable[[int, Exception], object] | None = None, glances: int | None = None,
                 beams: int | None = None, max_new_tokens: int | None = None, prompt: str | None = None,
                 deadline: float | None = None, **settings: Any) -> None:
        """
        :param model: a model directory, a Model to share, or a Captioner whose settings and options to use
        :param on_caption: called with each caption as soon as it is there: on the thread of the push, or in live mode on
            the stream's own. If it returns False the stream is over, and further calls raise CancelledError; an
            exception ends it too, and reaches the caller of `push` or `finish`. It may read `counts`, and nothing else.
        :param always_refine: of live: take the second glance whatever waits
        :param period: seconds from one captioned frame to the next; 0: every frame
        :param change_threshold: caption only frames of which one of 8 x 8 cells differs in its mean by more from the
            last captioned one, as a share of the range, for example 0.06; 0: unchanged ones too
        :param on_error: called with the number of a frame that could not be captioned and what was wrong; the stream
            goes on. Without it `push` or `finish` raises the error.
        :param glances,beams,max_new_tokens,prompt: as of Captioner
        :param deadline: seconds for each frame, after which no refinement is begun or finished
        :param settings: the others of Captioner: threads, map, aspect, exif, max_pixels
        """
        if isinstance(model, Captioner) and settings:
            raise TypeError(f"{next(iter(settings))}: expected with a model, actual with a captioner, which has its own")
        owner = model if isinstance(model, Captioner) else Captioner(model, **settings)
        chosen = owner._options(glances, beams, max_new_tokens, prompt, None, deadline, None, None)
        chosen["check_signals"] = not live  # Ctrl-C in a long push; finish() looks for itself

        def said(frame: int, seconds: float, is_refined: bool, is_last: bool, fields: Any) -> object:
            return on_caption(StreamCaption(frame, seconds, is_refined, is_last, caption_of(fields)))

        self._core = _core.Stream(owner.model._core, owner.threads, *owner._settings, period, change_threshold, live,
                                  always_refine, _core.Options(**chosen), said, on_error)
        self._lock = threading.RLock()

    def push(self, image: Any, seconds: float, *, order: Literal["RGB", "BGR"] = "RGB") -> None:
        """Takes the next frame.

        :param image: as of Captioner; it may change when this has returned
        :param seconds: where in the stream it stands; not before the one before it
        :param order: of an array's channels; OpenCV has "BGR"
        :raises Error: naming what is wrong with the frame, which is then left out
        """
        with self._lock:
            give(_Push(self._core), image, order, seconds)

    def wait(self, timeout: float) -> bool:
        """Waits for the frames that were pushed, for so many seconds at most: whether all are done."""
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            with self._lock:  # in slices: Ctrl-C ends it
                if self._core.wait(max(0, min(50, round(1000 * left)))):
                    return True
            if left <= 0:
                return False

    def finish(self) -> None:
        """Waits for the frames that were pushed; more may follow."""
        while not self.wait(3600):
            pass

    @property
    def counts(self) -> StreamCounts:
        """What became of the frames so far."""
        return StreamCounts(*self._core.counts())

    def close(self) -> None:
        """Gives up what is being captioned, and frees everything. (Leaving the `with` block does it too.)"""
        with self._lock:
            self._core.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Push:
    """The core's stream with the methods of its captioner."""

    def __init__(self, core: _core.Stream) -> None:
        self.encoded, self.pixels = core.encoded, core.pixels

    def file(self, path: bytes, seconds: float) -> None:
        with open(path, "rb") as file:
            self.encoded(file.read(), seconds)


def captions_of(captioner: Captioner, frames: Iterable[Any], fps: float, live: bool,
                options: dict[str, Any]) -> Iterator[StreamCaption]:
    """See Captioner.stream."""
    if not fps > 0:
        raise ValueError(f"fps: expected more than 0, actual {fps}")
    order = options.pop("order", "RGB")
    captions: Queue[StreamCaption | None] = Queue(2)
    is_over = threading.Event()

    def put(caption: StreamCaption | None) -> bool:
        while not is_over.is_set():
            try:
                captions.put(caption, timeout=0.1)
                return True
            except Full:
                continue
        return False

    stream = Stream(captioner, put, live=live, **options)  # here, so that wrong options are the caller's

    def read() -> None:
        begin = time.monotonic()
        for number, frame in enumerate(frames):
            if is_over.is_set():
                return
            image, seconds = frame if isinstance(frame, tuple) else (
                frame, time.monotonic() - begin if live else number / fps)
            stream.push(image, seconds, order=order)
        stream.finish()

    def captions_until_the_end() -> Iterator[StreamCaption]:
        problem: list[BaseException] = []

        def work() -> None:
            try:
                read()
            except BaseException as error:
                problem.append(error)
            finally:
                put(None)

        thread = threading.Thread(target=work, name="sharpeye-stream")
        try:
            thread.start()
            while (caption := captions.get()) is not None:
                yield caption
            if problem:
                raise problem[0]
        finally:
            is_over.set()
            if thread.ident is not None:
                thread.join()
            stream.close()

    return captions_until_the_end()
