"""Through whom the outbox publishes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.publisher import (
    Done,
    MessagePublisher,
    Publisher,
    instance_publisher,
    publisher,
)

_substitutes: Final[list[MessagePublisher]] = []
_ahead: Final[list[Publisher]] = []


def wire() -> MessagePublisher:
    """Return what publishes: the publisher of this process, unless a substitute stands in for it."""
    return _substitutes[-1] if _substitutes else publisher()


def wire_of_instance() -> MessagePublisher:
    """Return what publishes to the virtual host of the instance; all publish to one where it has none."""
    if _substitutes or not settings.INSTANCE_BROKER_URL:
        return wire()
    return instance_publisher()


def hand_over(messages: Sequence[Outbound], *, done: Done) -> None:
    """Publish messages; ``done`` hears when the broker has them: at once, or later while working ahead.

    Raises:
        BrokerUnavailable: the broker is away.
        MessagesHeld: some cannot leave now; others were sent or refused.
        MessagesRefused: some can never be sent; all others were.
    """
    if _ahead and not _substitutes:
        _ahead[-1].publish_soon(messages, done=done)
    else:
        wire().publish_all(messages)
        done(None)


@contextmanager
def publishing_through(substitute: MessagePublisher) -> Iterator[None]:
    """Let everything in this process publish through ``substitute`` while the block runs."""
    _substitutes.append(substitute)
    try:
        yield
    finally:
        _substitutes.remove(substitute)


@contextmanager
def working_ahead(through: Publisher) -> Iterator[None]:
    """Let this process go on while the broker confirms; its loop calls ``through.settle`` now and then."""
    _ahead.append(through)
    try:
        yield
    finally:
        _ahead.remove(through)
        through.settle(wait=True)
