"""The request of a client: `RequestEvent`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.names import MAX_PRIORITY


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSubmitted:
    """One request as it came in; what is missing is the service's to refuse."""

    tenant: str
    request_id: str
    #: ``None`` when the header is missing; an empty text is a value.
    owner: str | None
    session: str | None
    content_type: str | None
    #: The client's bytes: a JSON object.
    content: bytes
    #: The broker delivered this message before, or it is a replay: its request may be known already.
    redelivered: bool = False
    #: AMQP priority of the message, 0 to 255; ``None`` when the client named none that can be.
    priority: int | None = None
    #: The client's span, as the header ``traceparent``.
    trace_parent: str | None = None

    @classmethod
    def from_wire(
        cls, *, headers: Mapping[str, Any], body: bytes, redelivered: bool, priority: object = None
    ) -> Self:
        """Read a request.

        Raises:
            MalformedMessage: tenant or request id is missing, a header is no string, the body no JSON object.
        """
        tenant = names.required_text(headers, names.TENANT)
        request_id = names.required_text(headers, names.REQUEST_ID)
        bodies.load_object(body)
        return cls(
            tenant=tenant,
            request_id=request_id,
            owner=names.text(headers, names.OWNER),
            session=names.text(headers, names.SESSION),
            content_type=names.text(headers, names.CONTENT_TYPE),
            content=body,
            redelivered=redelivered,
            priority=priority if type(priority) is int and 0 <= priority <= MAX_PRIORITY else None,
            trace_parent=names.trace_parent(headers),
        )

    def wire_headers(self) -> dict[str, str]:
        """Return the five headers of the contract, those that are known."""
        fields = {
            names.TENANT: self.tenant,
            names.REQUEST_ID: self.request_id,
            names.OWNER: self.owner,
            names.SESSION: self.session,
            names.CONTENT_TYPE: self.content_type,
        }
        return {name: value for name, value in fields.items() if value is not None}
