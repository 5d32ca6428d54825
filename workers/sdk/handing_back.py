"""What goes back to its queue because no work on it has begun.

A message that is given back to the broker comes again as one that was delivered before, and whoever had such
a message may have died of it: it counts as a lost attempt. So an unchanged copy takes its place.
"""

from collections.abc import Callable
from typing import Any

from workers.contract.wire import Wire
from workers.sdk.intake import ManagedWork
from workers.sdk.outgoing import Outgoing


def copied(*, message: Any, work: ManagedWork, confirmed: Callable[[], None]) -> Outgoing:
    """Return the copy of a kombu message, for the queue that it came from."""
    properties = message.properties
    return Outgoing(
        exchange="",
        key=work.queue,
        wire=Wire(
            headers=dict(message.headers),
            body=message.body.encode() if isinstance(message.body, str) else bytes(message.body),
            message_id=properties.get("message_id"),
            correlation_id=properties.get("correlation_id"),
        ),
        confirmed=confirmed,
        priority=properties.get("priority") or 0,
    )
