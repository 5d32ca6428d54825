"""Messages of the contract, whose bodies stay as they came.

kombu unpacks the body of every message that has a header ``compression``. In a request that is an additional
header like any other, and the body is the worker type's business.
"""

from collections.abc import Mapping
from typing import Any, Final

from kombu.message import Message
from kombu.transport import pyamqp, virtual

from workers.contract import names

_COMPRESSION: Final = "compression"


class _AsItCame(Message):
    def __init__(
        self,
        body: Any = None,
        *,
        headers: dict[str, Any] | None = None,
        delivery_info: dict[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        shown = headers or {}
        if _COMPRESSION in shown and _is_request(delivery_info or {}):
            shown = {name: value for name, value in shown.items() if name != _COMPRESSION}
        super().__init__(body, headers=shown, delivery_info=delivery_info, **fields)
        self.headers = headers or {}


def _is_request(delivery: Mapping[str, Any]) -> bool:
    # One that was moved comes through the default exchange, by the name of its queue.
    return any(names.is_request_queue(delivery.get(field)) for field in ("exchange", "routing_key"))


class RabbitMessage(pyamqp.Message, _AsItCame):
    """A message of RabbitMQ."""


class EmbeddedMessage(virtual.Message, _AsItCame):
    """A message of the embedded broker."""
