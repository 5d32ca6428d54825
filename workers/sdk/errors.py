"""Errors that a worker type raises on purpose, and mistakes in its declaration."""

import math


class WorkerError(Exception):
    """Root of the errors of the SDK."""


class InvalidContent(WorkerError):
    """The content of the request can never be processed; ends the request in INVALID_CONTENT.

    One message, or one for each fault: texts, or whatever has one, such as the error that was caught.
    """

    def __init__(self, message: object, *others: object) -> None:
        self.messages = tuple(str(one) for one in (message, *others))
        super().__init__(*self.messages)

    @property
    def message(self) -> str:
        """All messages, as one."""
        return "; ".join(self.messages)

    def __str__(self) -> str:
        """Return all messages."""
        return self.message


class RetryLater(WorkerError):
    """The work cannot be done now; asks for a new attempt ``after`` that many seconds.

    Raises:
        InvalidDelay: ``after`` is no number, or an infinite one.
    """

    def __init__(self, after: float, reason: object) -> None:
        self.after = _seconds(after)
        self.reason = str(reason)
        # Positional arguments let a Celery result backend build the error again from its ``args``.
        super().__init__(self.after, self.reason)

    def __str__(self) -> str:
        """Return the reason and the delay."""
        return f"{self.reason} (retry after {self.after:g} s)"


class Cancelled(BaseException):
    """Nobody awaits the result any more: the work is to end, and clean up on its way out.

    Not an `Exception`, so that work which survives errors of its own making does not survive this.
    """


class InvalidDelay(WorkerError):
    """A worker type asked for a new attempt after something that is no number of seconds."""


class InvalidResult(WorkerError):
    """A worker type returned something that cannot be answered."""


class SecretMissing(WorkerError):
    """A secret that a worker type asked for cannot be read."""


class InvalidCheckpoint(WorkerError):
    """A worker type saved something that is no checkpoint."""


class WorkFolderFull(WorkerError):
    """The folder of a run holds more than it may."""


class DeclarationError(WorkerError):
    """A worker type is declared twice, has a bad name, or is not a function of two arguments."""


class UnknownWorkerType(WorkerError):
    """A worker type was asked for that nothing declares."""


class ConfigurationError(WorkerError):
    """An environment variable has a value that makes no sense."""


def told(error: BaseException) -> str:
    """Return the kind and the text of an error; one of somebody else's making may have a text that fails."""
    kind = type(error).__name__
    try:
        return f"{kind}: {error}"
    # Whatever it is: the work has an end, and somebody waits for it.
    except Exception as broken:  # noqa: BLE001
        return f"{kind}, whose text cannot be told ({type(broken).__name__})"


def _seconds(after: object) -> float:
    try:
        seconds = float(after)  # type: ignore[arg-type]  # what is no number is refused
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise InvalidDelay(f"RetryLater takes a finite number of seconds, got {after!r:.100}")
    return seconds
