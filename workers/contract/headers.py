"""Names of the AMQP headers of REGARDS, and how to read them."""

from collections.abc import Mapping
from typing import Any, Final

from workers.contract.errors import InvalidHeader

TENANT: Final = "regards.tenant"
REQUEST_ID: Final = "regards.request.id"
OWNER: Final = "regards.request.owner"
SESSION: Final = "regards.request.session"
CONTENT_TYPE: Final = "regards.request.content_type"
WORKER_ID: Final = "regards.worker_id"
TYPE: Final = "regards.type"
CONVERTER: Final = "regards.converter"
#: By which the reference knows what is in a message, before it looks at `TYPE`.
TYPE_ID: Final = "__TypeId__"
STACKTRACE: Final = "x-exception-stacktrace"
EXCEPTION_MESSAGE: Final = "x-exception-message"
ORIGINAL_EXCHANGE: Final = "x-original-exchange"
ORIGINAL_ROUTING_KEY: Final = "x-original-routingKey"
DEATH_QUEUE: Final = "x-death-queue"
#: Ours: an operator has sent the message back from the dead letters; it may have been handled before.
REPLAYED: Final = "x-replayed"
#: Ours: how many workers were lost with a raw request of a manager that does not count attempts.
LOSSES: Final = "x-worker-losses"
#: Ours, of a task message: the manager takes an answer whose content is stored (`stored_content`).
ACCEPTS_STORED_CONTENT: Final = "x-accepts-stored-content"
#: Ours, of an answer: its content is stored, and the body has the reference.
STORED_CONTENT: Final = "x-stored-content"
#: Value of both.
YES: Final = "true"
#: Ours, of W3C Trace Context: the span that caused the message (`trace_parent.TraceParent`).
TRACE_PARENT: Final = "traceparent"

#: Headers that a worker must not set for the next step.
RESERVED_PREFIX: Final = "regards."
#: Longest value of an identifying header, in characters (the reference's columns).
MAX_LENGTH: Final = 255


def text(headers: Mapping[str, Any], name: str) -> str | None:
    """Return a header's text; ``None`` when it is absent or void.

    Raises:
        InvalidHeader: the header is not a string, or longer than 255 characters.
    """
    value = headers.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidHeader(f"Header {name} must be a string, not {type(value).__name__}")
    if len(value) > MAX_LENGTH:
        raise InvalidHeader(f"Header {name} is limited to {MAX_LENGTH} characters, got {len(value)}")
    return value


def trace_parent(headers: Mapping[str, Any]) -> str | None:
    """Return ``traceparent`` if it is text; whether it makes sense is seen where it is used."""
    value = headers.get(TRACE_PARENT)
    return value if isinstance(value, str) else None


def required_text(headers: Mapping[str, Any], name: str) -> str:
    """Return a header's text.

    Raises:
        InvalidHeader: the header is absent, empty, not a string or too long.
    """
    value = text(headers, name)
    if not value:
        raise InvalidHeader(f"Missing **{name}** header in given request")
    return value
