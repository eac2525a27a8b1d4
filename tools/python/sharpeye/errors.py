"""What goes wrong: one exception, and classes of it where Python has a name for it."""


class Error(Exception):
    """Every failure that the library reports. Its text says where, what was expected, and what was found."""

    def __init__(self, text: str, kind: str = "internal") -> None:
        super().__init__(text)
        self.kind = kind
        """One of the library's names: "invalid argument", "format", "config", "limit", "unsupported", ..."""


class InvalidArgumentError(Error, ValueError):
    """An option, a size or an array is out of its range."""


class MissingFileError(Error, FileNotFoundError):
    """A file or folder does not exist."""


class CancelledError(Error):
    """A callback asked to stop."""


_CLASSES: "dict[str, type[Error]]" = {"invalid argument": InvalidArgumentError, "file not found": MissingFileError,
                                      "cancelled": CancelledError}


def error_of(status: int, kind: str, text: str) -> Exception:
    """The exception for a status of c_api.h."""
    if kind == "out of memory":
        return MemoryError(text)
    return _CLASSES.get(kind, Error)(text or f"status {status}", kind)
