"""Responses as a client hears them, and something that lets it hear them."""

from collections.abc import Sequence

from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.testing import inbound
from worker_manager.events.request_answered import RequestAnswered, ResponseState


def response(
    request_id: str,
    state: ResponseState,
    *,
    tenant: str = "demo",
    worker_type: str | None = None,
    content: bytes | None = None,
) -> Inbound:
    answer = RequestAnswered(
        tenant=tenant,
        request_id=request_id,
        owner="acme",
        session="s",
        content_type="unzip",
        state=state,
        messages=(f"{request_id} is {state}",),
        worker_type=worker_type,
        content=content,
    )
    message = answer.to_message()
    return inbound(headers=message.headers, body=message.body)


class Script:
    """Lets a client hear prepared bulks, one at each turn, then silence."""

    def __init__(self, *bulks: Sequence[Inbound]) -> None:
        self._bulks = list(bulks)

    def receive(self, timeout: float) -> Sequence[Inbound]:  # noqa: ARG002 (nothing is waited for)
        return self._bulks.pop(0) if self._bulks else ()
