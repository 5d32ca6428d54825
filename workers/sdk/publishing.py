"""How a wire message becomes a kombu message; the same for every transport."""

import time
from functools import partial
from typing import Any, Final, Self

from workers.contract import names
from workers.contract.wire import Wire
from workers.contract.work_answer import WorkAnswer
from workers.sdk.outgoing import Parcel
from workers.transport.frames import PublishEncoder
from workers.transport.turns import HeldWrites, TurnConnection

PERSISTENT: Final = 2
TRANSIENT: Final = 1
#: ``app_id`` of published messages, as the reference's.
_APP_ID: Final = "REGARDS"


def route(answer: WorkAnswer) -> tuple[str, str]:
    """Return exchange and key of an answer: the contract's, or ours if the manager fences its dispatches."""
    if answer.dispatch_id is None:
        return names.RESPONSE_EXCHANGE, names.WORKER_ROUTING_KEY
    return names.FENCED_ANSWERS, ""


def publish(
    *, channel: Any, exchange: str, wire: Wire, delivery_mode: int, key: str = names.WORKER_ROUTING_KEY
) -> None:
    """Publish a JSON message on a channel of any transport."""
    message = _message(channel, wire, delivery_mode)
    channel.basic_publish(message, exchange=exchange, routing_key=key)


class Line:
    """Writes publications to an AMQP channel, and does nothing else.

    The library's ``basic_publish`` first reads what the broker has sent. On a connection that also consumes
    it would start the next request in the middle of answering the last one.
    """

    def __init__(self, *, encoder: PublishEncoder, held: HeldWrites) -> None:
        self._encoder = encoder
        self._held = held

    @classmethod
    def of(cls, channel: Any, driver: TurnConnection) -> Self:
        """Return the line of a channel on a connection that takes turns."""
        encoder = PublishEncoder(channel_id=channel.channel_id, frame_max=driver.frame_max, app_id=_APP_ID)
        if driver.held is None:
            raise ConnectionError("The connection does not take turns")
        return cls(encoder=encoder, held=driver.held)

    def publish(self, parcel: Parcel) -> None:
        """Publish a parcel, with what it holds when the turn ends."""
        self._held.write_later(partial(self._frames, parcel))

    def flush(self) -> None:
        """Send what is held now."""
        self._held.flush()

    def _frames(self, parcel: Parcel) -> bytes:
        return b"".join(self._encoder.encode(parcel.leave(), timestamp=int(time.time())))


def _message(channel: Any, wire: Wire, delivery_mode: int) -> Any:
    properties: dict[str, Any] = {"delivery_mode": delivery_mode}
    if wire.correlation_id is not None:
        properties["correlation_id"] = wire.correlation_id
    if wire.message_id is not None:
        properties["message_id"] = wire.message_id
    return channel.prepare_message(
        wire.body,
        content_type="application/json",
        content_encoding="utf-8",
        headers=wire.headers,
        properties=properties,
    )
