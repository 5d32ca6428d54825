"""Requests that the broker delivers again, of managers that do not count attempts themselves.

Whoever had such a request may have died of it, and the broker does not count. So it is not run as it is: a
copy that says how often this has happened takes its place in the queue, until it has happened too often.
"""

from collections.abc import Callable, Mapping
from typing import Any

from workers.contract import headers as header_names
from workers.contract import names
from workers.contract.wire import Wire
from workers.sdk.intake import ManagedWork
from workers.sdk.outgoing import Outgoing


def counted(
    *, work: ManagedWork, headers: Mapping[str, Any], most: int, confirmed: Callable[[], None]
) -> Outgoing:
    """Return what replaces a request that was delivered again: its copy, or a dead letter that says why."""
    losses = _losses(headers) + 1
    if losses < most:
        kept = {**headers, header_names.LOSSES: losses}
        exchange, key = "", names.request_queue(work.worker_type)
    else:
        reason = (
            f"Given up after {most} deliveries without an answer: the workers that had the request were lost."
        )
        kept = {**headers, header_names.STACKTRACE: reason}
        exchange, key = names.REQUEST_DEAD_LETTERS, ""
    wire = Wire(headers=kept, body=work.request.content)
    return Outgoing(exchange=exchange, key=key, wire=wire, confirmed=confirmed)


def _losses(headers: Mapping[str, Any]) -> int:
    value = headers.get(header_names.LOSSES)
    return value if type(value) is int and value >= 0 else 0
