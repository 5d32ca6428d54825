"""Through whom the outbox publishes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from regards_processing.kernel.amqp.publisher import MessagePublisher, publisher

_substitutes: Final[list[MessagePublisher]] = []


def wire() -> MessagePublisher:
    """Return what publishes: the publisher of this process, unless a substitute stands in for it."""
    return _substitutes[-1] if _substitutes else publisher()


@contextmanager
def publishing_through(substitute: MessagePublisher) -> Iterator[None]:
    """Let everything in this process publish through ``substitute`` while the block runs."""
    _substitutes.append(substitute)
    try:
        yield
    finally:
        _substitutes.remove(substitute)
