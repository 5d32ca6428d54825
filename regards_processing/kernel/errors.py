"""The root of every error that the domain foresees."""

from collections.abc import Sequence
from typing import ClassVar


class DomainError(Exception):
    """Something foreseen went wrong; the class docstring is the default message."""

    #: Stable name for clients and logs.
    code: ClassVar[str] = "ERROR"
    http_status: ClassVar[int] = 500
    #: Whether the same call may succeed later.
    retryable: ClassVar[bool] = False

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or type(self).__name__).strip())

    @property
    def messages(self) -> Sequence[str]:
        """One text for each thing that is wrong."""
        return (str(self),)
