"""How connections to RabbitMQ are made, by platform and fleets alike."""

import socket
from typing import Any, Final

from workers.transport.tolerance import tolerant_frame_handler

#: Milliseconds that sent data may stay unacknowledged by the broker's machine. The driver's own value is one
#: second: a broker that holds publishers back for longer would lose the connection, and get all again.
_PATIENCE: Final = 30_000


def transport_options() -> dict[str, Any]:
    """Return kombu's options for connections to RabbitMQ."""
    option: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)
    settings = {} if option is None else {"socket_settings": {option: _PATIENCE}}
    return {"frame_handler": tolerant_frame_handler, **settings}
