"""Publishing requests to the engine, and waiting until they have ended."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.publisher import MessagePublisher
from worker_manager.client.following import Followed, Following
from worker_manager.events.request_submitted import RequestSubmitted

#: Requests published at once.
_BULK: Final = 1000
#: Longest wait for a message, in seconds: how often the caller is told that time goes by.
_PATIENCE: Final = 0.25


class Hearing(Protocol):
    """What hears responses, from before the first request is published."""

    def receive(self, timeout: float) -> Sequence[Inbound]:
        """Return what has arrived; wait up to ``timeout`` seconds for the first message."""


def request_message(submission: RequestSubmitted) -> Outbound:
    """Return the message that submits a request."""
    return Outbound(
        exchange=topology.REQUEST_EXCHANGE,
        headers=submission.wire_headers(),
        body=submission.content,
        must_route=True,
    )


def publish_requests(*, submissions: Sequence[RequestSubmitted], publisher: MessagePublisher) -> None:
    """Publish requests; return when the broker has them.

    Raises:
        BrokerUnavailable: the broker is away; any of them may or may not have left.
    """
    for bulk in _bulks(submissions):
        publisher.publish_all([request_message(submission) for submission in bulk])


def submit_and_follow(
    *,
    submissions: Sequence[RequestSubmitted],
    following: Following,
    hearing: Hearing,
    publisher: MessagePublisher,
    patience: float,
    on_turn: Callable[[], None] = lambda: None,
) -> Iterator[Followed]:
    """Publish requests and give each one as soon as it has ended.

    Ends when all have ended, or ``patience`` seconds after the last was published; ``following`` then tells
    which are still open. ``on_turn`` is called a few times a second.

    Raises:
        BrokerUnavailable: the broker was away when requests were to be published.
    """
    for bulk in _bulks(submissions):
        following.submitted(request_ids=[each.request_id for each in bulk], at=time.monotonic())
        publish_requests(submissions=bulk, publisher=publisher)
        yield from following.hear(messages=hearing.receive(0), at=time.monotonic())
        on_turn()
    deadline = time.monotonic() + patience
    while following.open_count and (left := deadline - time.monotonic()) > 0:
        yield from following.hear(messages=hearing.receive(min(left, _PATIENCE)), at=time.monotonic())
        on_turn()


def _bulks(submissions: Sequence[RequestSubmitted]) -> Iterator[Sequence[RequestSubmitted]]:
    for start in range(0, len(submissions), _BULK):
        yield submissions[start : start + _BULK]
