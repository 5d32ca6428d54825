"""Errors that a worker type raises on purpose, and mistakes in its declaration."""


class WorkerError(Exception):
    """Root of the errors of the SDK."""


class InvalidContent(WorkerError):
    """The content of the request can never be processed; ends the request in INVALID_CONTENT.

    One message, or one for each fault.
    """

    def __init__(self, message: str, *others: str) -> None:
        super().__init__(message, *others)
        self.messages = (message, *others)

    @property
    def message(self) -> str:
        """All messages, as one."""
        return "; ".join(self.messages)

    def __str__(self) -> str:
        """Return all messages."""
        return self.message


class RetryLater(WorkerError):
    """The work cannot be done now; asks for a new attempt ``after`` that many seconds."""

    def __init__(self, after: float, reason: str) -> None:
        # Positional arguments let a Celery result backend build the error again from its ``args``.
        super().__init__(after, reason)
        self.after = after
        self.reason = reason

    def __str__(self) -> str:
        """Return the reason and the delay."""
        return f"{self.reason} (retry after {self.after:g} s)"


class Cancelled(BaseException):
    """Nobody awaits the result any more: the work is to end, and clean up on its way out.

    Not an `Exception`, so that work which survives errors of its own making does not survive this.
    """


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
