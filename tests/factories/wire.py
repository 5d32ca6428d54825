"""Messages as they are read from a queue."""

import json
from collections.abc import Mapping

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.testing import inbound
from workers.contract.bodies import format_date

#: The five headers of a request.
HEADERS: Mapping[str, object] = {
    "regards.tenant": "demo",
    "regards.request.id": "r-1",
    "regards.request.owner": "acme",
    "regards.request.session": "2025-06",
    "regards.request.content_type": "unzip",
}


def a_request_message(
    request_id: str = "r-1", *, body: bytes = b"{}", redelivered: bool = False, **others: object
) -> Inbound:
    """Return a client's message; ``others`` replace the headers ``regards.<name>``."""
    replaced = {f"regards.{name}": value for name, value in others.items()}
    headers = {**HEADERS, "regards.request.id": request_id, **replaced}
    return inbound(headers=headers, body=body, redelivered=redelivered)


def an_answer_message(
    request_id: str = "r-1",
    *,
    tenant: str = "demo",
    correlation_id: str | None = None,
    redelivered: bool = False,
    **fields: object,
) -> Inbound:
    """Return a worker's message; ``fields`` are those of its body."""
    return inbound(
        headers={"regards.tenant": tenant, "regards.request.id": request_id},
        body=json.dumps(fields).encode(),
        correlation_id=correlation_id,
        redelivered=redelivered,
    )


def a_dead_message(
    request_id: str = "r-1", *, message_id: str | None = None, error: object = None
) -> Inbound:
    """Return a dispatch that came back; its body is anything."""
    headers = {**HEADERS, "regards.request.id": request_id, "x-exception-stacktrace": error}
    return inbound(headers=headers, body=b"\xff\x00", message_id=message_id)


def a_heartbeat_message(worker_id: str = "w-1", *, tenant: str = "demo") -> Inbound:
    """Return the sign of life of an ``unzip-worker``, of this moment."""
    fields = {"id": worker_id, "type": "unzip-worker", "heartBeatDate": format_date(clock.now())}
    return inbound(headers={"regards.tenant": tenant}, body=json.dumps(fields).encode())
