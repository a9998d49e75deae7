"""The one tree of errors. Every message says what was found, what was expected and what to do."""

from __future__ import annotations


class SegueError(Exception):
    """Root of every error that Segue raises on purpose."""


class UsageError(SegueError):
    """A call or an option does not make sense; the caller can mend it."""


class LibraryError(SegueError):
    """The library folder or its catalogue cannot be opened, read or written."""


class NotFoundError(SegueError):
    """Nothing in the library answers to what was named."""


class AudioError(SegueError):
    """One audio file cannot be read or analysed. `kind` is a short stable word for its cause."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    def __reduce__(self) -> tuple[type[AudioError], tuple[str, str]]:
        return type(self), (self.kind, str(self))


class EarError(SegueError):
    """The network's weights cannot be fetched, read or run."""


class SourceError(SegueError):
    """What was to be added cannot be read at all: not there, not recognised, or not what it says.

    One bad record in a source that can be read is no error: it is skipped, with a reason.
    """


class ServiceError(SegueError):
    """An outside service refused, failed or did not answer.

    Attributes
    ----------
    status
        The HTTP status, or 0 where there was no answer.
    retry_after
        Seconds after which it may be asked again, where it said so.
    """

    def __init__(self, message: str, *, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
