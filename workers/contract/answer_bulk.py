"""Several answers in one message, between our workers and our manager.

Two lines of JSON for each answer: its headers and correlation id, then its body.
"""

import json
from collections.abc import Sequence
from typing import Final

from workers.contract.errors import MalformedMessage
from workers.contract.wire import Wire

#: AMQP content type of such a message; a single answer travels as in the contract.
CONTENT_TYPE: Final = "application/x-ndjson"


def join(answers: Sequence[Wire]) -> bytes:
    """Write answers as the body of one message."""
    lines: list[bytes] = []
    for answer in answers:
        head = {"headers": answer.headers, "correlationId": answer.correlation_id}
        lines += (json.dumps(head, separators=(",", ":")).encode("ascii"), answer.body)
    return b"\n".join(lines)


def parts(message: Wire, *, content_type: str | None) -> list[Wire]:
    """Return the answers of a message, in order: the message itself unless it is a bulk.

    Raises:
        MalformedMessage: it is a bulk, and was not written by `join`.
    """
    if content_type != CONTENT_TYPE:
        return [message]
    lines = message.body.split(b"\n")
    if len(lines) % 2:
        raise MalformedMessage(f"A bulk of answers has two lines for each, got {len(lines)} lines")
    return [_wire(head, text) for head, text in zip(lines[::2], lines[1::2], strict=True)]


def _wire(head: bytes, body: bytes) -> Wire:
    try:
        fields = json.loads(head)
        headers, correlation_id = fields["headers"], fields["correlationId"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MalformedMessage(f"The head of an answer cannot be read: {error!r}") from error
    if not isinstance(headers, dict) or not isinstance(correlation_id, str | None):
        raise MalformedMessage("The head of an answer has headers, an object, and correlationId, a string")
    return Wire(headers=headers, body=body, correlation_id=correlation_id)
