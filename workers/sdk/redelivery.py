"""Requests that the broker delivers again, of managers that do not count attempts themselves.

Whoever had such a request may have died of it, and the broker does not count. So it is not run as it is: a
copy that says how often this has happened takes its place in the queue, until it has happened too often.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from workers.contract import headers as header_names
from workers.contract import names
from workers.sdk.handing_back import copied
from workers.sdk.intake import ManagedWork
from workers.sdk.outgoing import Outgoing


def counted(*, message: Any, work: ManagedWork, most: int, confirmed: Callable[[], None]) -> Outgoing:
    """Return what replaces a request that was delivered again: its copy, or a dead letter that says why."""
    copy = copied(message=message, work=work, confirmed=confirmed)
    losses = _losses(message.headers) + 1
    if losses < most:
        return _with_header(copy, header_names.LOSSES, losses)
    reason = (
        f"Given up after {most} deliveries without an answer: the workers that had the request were lost."
    )
    letter = replace(copy, exchange=names.REQUEST_DEAD_LETTERS, key="")
    return _with_header(letter, header_names.STACKTRACE, reason)


def _with_header(outgoing: Outgoing, name: str, value: object) -> Outgoing:
    wire = outgoing.wire
    return replace(outgoing, wire=replace(wire, headers={**wire.headers, name: value}))


def _losses(headers: Mapping[str, Any]) -> int:
    value = headers.get(header_names.LOSSES)
    return value if type(value) is int and value >= 0 else 0
