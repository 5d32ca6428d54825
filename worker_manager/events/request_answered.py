"""What a client hears of its request: `ResponseEvent`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.errors import MalformedMessage

#: Headers that readers of a response take for something else than a worker's.
_OF_OTHERS: Final = frozenset({names.TRACE_PARENT, names.TYPE_ID})
_PREFIXES_OF_OTHERS: Final = (names.RESERVED_PREFIX, "x-")
#: Kept by the reference for an old client.
_TYPE: Final = "EXTRACTION"


class ResponseState(StrEnum):
    """What became of a request, in the client's words."""

    #: Refused; nothing was stored.
    SKIPPED = "SKIPPED"
    #: Sent to a worker; repeated at each dispatch.
    GRANTED = "GRANTED"
    #: Waits for a worker.
    DELAYED = "DELAYED"
    INVALID_CONTENT = "INVALID_CONTENT"
    ERROR = "ERROR"
    SUCCESS = "SUCCESS"


def _state(value: object) -> ResponseState:
    try:
        return ResponseState(str(value))
    except ValueError:
        raise MalformedMessage(f"state must be one of {', '.join(ResponseState)}, got {value!r}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswered:
    """One response to a client."""

    tenant: str
    request_id: str | None
    owner: str | None
    session: str | None
    content_type: str | None
    state: ResponseState
    messages: tuple[str, ...]
    #: The worker type the request was dispatched to.
    worker_type: str | None = None
    #: Final content, with ``SUCCESS`` only.
    content: bytes | None = None
    #: Ours: the request's span, as the header ``traceparent``.
    trace_parent: str | None = None
    #: Ours: what a workflow kept of the additional headers of its steps, with ``SUCCESS`` only.
    additional_headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, *, headers: Mapping[str, Any], body: bytes) -> Self:
        """Read a response.

        Raises:
            MalformedMessage: the tenant is missing, or the body does not follow the contract.
        """
        fields = bodies.load_object(body)
        return cls(
            tenant=names.required_text(headers, names.TENANT),
            request_id=fields.get("requestId"),
            owner=fields.get("requestOwner"),
            session=names.text(headers, names.SESSION),
            content_type=names.text(headers, names.CONTENT_TYPE),
            state=_state(fields.get("state")),
            messages=tuple(str(message) for message in fields.get("messages") or ()),
            worker_type=names.text(headers, names.WORKER_ID),
            content=bodies.decode_content(fields.get("content")),
            trace_parent=names.trace_parent(headers),
            additional_headers=_additional(headers),
        )

    def to_message(self) -> Outbound:
        """Write the response."""
        body = bodies.dump_object(
            {
                "state": self.state.value,
                "messages": list(self.messages),
                "requestId": self.request_id,
                "content": None if self.content is None else bodies.encode_content(self.content),
                "type": _TYPE,
                "requestOwner": self.owner,
            }
        )
        return Outbound(exchange=topology.response_exchange(self.owner), headers=self._headers(), body=body)

    def _headers(self) -> dict[str, str]:
        fields = {
            names.TENANT: self.tenant,
            names.REQUEST_ID: self.request_id,
            names.OWNER: self.owner,
            names.SESSION: self.session,
            names.CONTENT_TYPE: self.content_type,
            names.WORKER_ID: self.worker_type,
            names.CONVERTER: topology.CONVERTER,
            names.TYPE: topology.RESPONSE_EVENT,
            names.TRACE_PARENT: self.trace_parent,
        }
        own = {name: value for name, value in fields.items() if value is not None}
        return _additional(self.additional_headers) | own if self.additional_headers else own


def _additional(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that neither the protocol nor the broker uses for itself."""
    return {
        name: str(value)
        for name, value in headers.items()
        if value is not None and name not in _OF_OTHERS and not name.startswith(_PREFIXES_OF_OTHERS)
    }
