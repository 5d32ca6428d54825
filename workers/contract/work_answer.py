"""What a worker answers, on the response exchange."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.errors import MalformedMessage
from workers.contract.stored_content import Content, StoredContent
from workers.contract.wire import Wire


class AnswerStatus(StrEnum):
    """What became of the work."""

    #: The work has started, or goes on.
    RUNNING = "RUNNING"
    #: The content can never be processed.
    INVALID_CONTENT = "INVALID_CONTENT"
    #: Done; ``content`` is the next step's body or the final content.
    SUCCESS = "SUCCESS"
    #: Failed.
    ERROR = "ERROR"
    #: Ours: the broker delivered this dispatch before, a worker may have died of it; it was not run.
    REDELIVERED = "REDELIVERED"
    #: Ours: the worker asks for a new attempt after ``retry_after`` seconds.
    RETRY_LATER = "RETRY_LATER"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkAnswer:
    """One answer to one dispatch."""

    tenant: str
    request_id: str
    status: AnswerStatus
    messages: tuple[str, ...] = ()
    #: Headers for the next step; ``None`` when the answer has none.
    additional_headers: Mapping[str, str] | None = None
    #: ``None`` when absent; empty content is content.
    content: bytes | None = None
    #: Ours: where the content is, when it is not here.
    stored: StoredContent | None = None
    #: The dispatch that is answered; ``None`` from workers that do not echo it.
    dispatch_id: str | None = None
    #: Ours: seconds to wait before the next attempt, with ``RETRY_LATER``.
    retry_after: float | None = None
    #: Ours: the instance that did the work.
    worker_id: str | None = None
    #: Ours: how long the work took, in seconds.
    run_seconds: float | None = None

    @classmethod
    def from_wire(cls, *, headers: Mapping[str, Any], body: bytes, correlation_id: str | None) -> Self:
        """Read an answer.

        Raises:
            MalformedMessage: tenant, request id or status is missing, a field has the wrong type, or the
                content is said to be stored for another dispatch than the answered one.
        """
        fields = bodies.load_object(body)
        is_stored = headers.get(names.STORED_CONTENT) == names.YES
        return cls(
            tenant=names.required_text(headers, names.TENANT),
            request_id=names.required_text(headers, names.REQUEST_ID),
            status=_status(fields.get("status")),
            messages=_messages(fields.get("messages")),
            additional_headers=_additional_headers(fields.get("additionalHeaders")),
            content=None if is_stored else bodies.decode_content(fields.get("content")),
            stored=_stored(fields.get("content"), correlation_id) if is_stored else None,
            dispatch_id=correlation_id or None,
            retry_after=_seconds(fields.get("retryAfter"), "retryAfter"),
            worker_id=_optional_text(fields.get("workerId"), "workerId"),
            run_seconds=_seconds(fields.get("runSeconds"), "runSeconds"),
        )

    @property
    def made(self) -> Content | None:
        """What the work has made: a content, or where that is stored."""
        return self.content if self.stored is None else self.stored

    def to_wire(self) -> Wire:
        """Write the answer."""
        body = bodies.dump_object(
            {
                "status": self.status.value,
                "messages": list(self.messages),
                "additionalHeaders": dict(self.additional_headers) if self.additional_headers else None,
                "content": self._written_content(),
                "retryAfter": self.retry_after,
                "workerId": self.worker_id,
                "runSeconds": self.run_seconds,
            }
        )
        headers: dict[str, object] = {names.TENANT: self.tenant, names.REQUEST_ID: self.request_id}
        if self.stored is not None:
            headers[names.STORED_CONTENT] = names.YES
        return Wire(headers=headers, body=body, correlation_id=self.dispatch_id)

    def _written_content(self) -> object:
        if self.stored is not None:
            # No text: whoever does not know the header refuses it, and does not take it for a content.
            return self.stored.to_json()
        return None if self.content is None else bodies.encode_content(self.content)


def _stored(value: object, dispatch_id: str | None) -> StoredContent:
    stored = StoredContent.from_json(value)
    if (dispatch_id or "").rpartition(":")[2] != str(stored.attempt):
        raise MalformedMessage(f"The content of attempt {stored.attempt} does not answer {dispatch_id}")
    return stored


def _status(value: object) -> AnswerStatus:
    try:
        return AnswerStatus(str(value))
    except ValueError:
        allowed = ", ".join(AnswerStatus)
        raise MalformedMessage(f"status must be one of {allowed}, got {value!r}") from None


def _messages(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise MalformedMessage(f"messages must be an array of strings, not {type(value).__name__}")
    return tuple(str(message) for message in value if message is not None)


def _additional_headers(value: object) -> Mapping[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise MalformedMessage(f"additionalHeaders must be an object, not {type(value).__name__}")
    return {name: _header_text(name, header) for name, header in value.items() if header is not None}


def _header_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise MalformedMessage(f"additionalHeaders.{name} must be a string, not {type(value).__name__}")


def _seconds(value: object, field: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise MalformedMessage(f"{field} must be a number of seconds, got {value!r}")
    return float(value)


def _optional_text(value: object, field: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise MalformedMessage(f"{field} must be a string, not {type(value).__name__}")
    return value
