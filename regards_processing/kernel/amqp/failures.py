"""Messages that a consumer could not handle, by the kinds that REGARDS tells its operators."""

from dataclasses import dataclass
from enum import StrEnum

from regards_processing.kernel.amqp.envelope import Inbound
from workers.contract import headers as header
from workers.contract.errors import InvalidHeader


class FailureKind(StrEnum):
    """What was wrong."""

    MISSING_TENANT = "MISSING_TENANT"
    #: A header does not follow the contract.
    INVALID_MESSAGE = "INVALID_MESSAGE"
    #: The body does not, or nothing can be read at all.
    NOT_CONVERTED_MESSAGE = "NOT_CONVERTED_MESSAGE"
    #: The message can be read, and handling it failed.
    UNEXPECTED_BATCH_FAILURE = "UNEXPECTED_BATCH_FAILURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A message that could not be handled."""

    message: Inbound
    kind: FailureKind
    reason: str


def undecodable(message: Inbound, error: Exception, *, reason: str) -> Failure:
    """Return the failure of a message that could not be decoded."""
    return Failure(message=message, kind=_kind(message, error), reason=reason)


def _kind(message: Inbound, error: Exception) -> FailureKind:
    if message.unreadable is not None:
        return FailureKind.NOT_CONVERTED_MESSAGE
    if message.headers.get(header.TENANT) in (None, ""):
        return FailureKind.MISSING_TENANT
    if isinstance(error, InvalidHeader):
        return FailureKind.INVALID_MESSAGE
    return FailureKind.NOT_CONVERTED_MESSAGE
