"""Replay and drop dead letters, on an operator's request.

Note: why a replay may be repeated.
    A message leaves its dead-letter queue only after the broker has confirmed that the queue in which it died
    has it again. Whatever interrupts a replay, a message is in one of the two queues or in both. From both it
    is handled twice, after the next replay; every consumer bears that.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp.browsers import browsing
from regards_processing.kernel.amqp.browsing import Browser, Letter
from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import MessagesRefused
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.publisher import MessagePublisher, Publisher
from regards_processing.kernel.amqp.replay import origin, revived
from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.dead_letters.choice import Choice
from regards_processing.kernel.dead_letters.queries import queue_named
from workers.contract import headers as header

#: What is sent, confirmed and removed at a time.
_BULK: Final = BulkLimits(messages=100, body_bytes=8 * 1024**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stayed:
    """A message that could not be replayed."""

    position: int
    request_id: str | None
    reason: str


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of the messages that were chosen."""

    #: Replayed or dropped.
    done: int = 0
    stayed: list[Stayed] = field(default_factory=list)
    #: Whether all messages of the queue were looked at.
    complete: bool = True


#: Handles one bulk.
_Settle = Callable[[Browser, Sequence[Letter], Outcome], None]


def replay(*, choice: Choice, actor: Actor, at: datetime) -> Outcome:
    """Move messages back to the queues in which they died; those whose queue is unknown or gone stay.

    Safe to repeat, also after an interruption; see the note above. Messages that die again meanwhile are left
    for the next time. Both the beginning and the end are in the audit trail.

    Raises:
        UnknownDeadLetterQueue: there is no such queue.
        BrokerUnavailable: the connection was lost; call again to go on.
    """
    opened = Publisher(address=address_from_settings(), app_id=settings.AMQP_APP_ID)
    with closing(opened) as publisher:
        return _work_through(
            choice, settle=_Replay(publisher).settle, verbs=("replay_begun", "replayed"), actor=actor, at=at
        )


def drop(*, choice: Choice, actor: Actor, at: datetime) -> Outcome:
    """Remove messages for good. Both the beginning and the end are in the audit trail.

    Raises:
        UnknownDeadLetterQueue: there is no such queue.
        BrokerUnavailable: the connection was lost; call again to go on.
    """
    return _work_through(choice, settle=_drop, verbs=("drop_begun", "dropped"), actor=actor, at=at)


def _work_through(
    choice: Choice, *, settle: _Settle, verbs: tuple[str, str], actor: Actor, at: datetime
) -> Outcome:
    spec = queue_named(choice.queue)
    begun, done = (f"dead_letters.{verb}" for verb in verbs)
    write = partial(record, actor=actor, tenant=choice.tenant, target=choice.queue, at=at)
    outcome = Outcome()
    with browsing(spec) as browser:
        told = choice.as_json()
        write(action=begun, details=told)
        pick = choice.pick(browser.letters())
        try:
            for bulk in _bulks(pick):
                settle(browser, bulk, outcome)
        finally:
            outcome.complete = not pick.cut
            write(action=done, details={**told, "messages": outcome.done, "stayed": len(outcome.stayed)})
    return outcome


def _bulks(letters: Iterator[Letter]) -> Iterator[list[Letter]]:
    bulk: list[Letter] = []
    size = 0
    for letter in letters:
        bulk.append(letter)
        size += len(letter.message.body)
        if len(bulk) >= _BULK.messages or size >= _BULK.body_bytes:
            yield bulk
            bulk, size = [], 0
    if bulk:
        yield bulk


def _drop(browser: Browser, letters: Sequence[Letter], outcome: Outcome) -> None:
    browser.remove(letters)
    outcome.done += len(letters)


class _Replay:
    """Sends bulks back; remembers which queues there are."""

    def __init__(self, publisher: MessagePublisher) -> None:
        self._publisher = publisher
        self._exists: dict[str, bool] = {}

    def settle(self, browser: Browser, letters: Sequence[Letter], outcome: Outcome) -> None:
        """Send what can be sent, and remove it once the broker has it."""
        copies: list[tuple[Letter, Outbound]] = []
        for letter in letters:
            queue, why_not = self._destination(browser, letter)
            if queue is None:
                outcome.stayed.append(_stayed(letter, why_not))
            else:
                copies.append((letter, revived(letter.message, queue=queue)))
        refused = self._sent([copy for _, copy in copies])
        arrived = [letter for number, (letter, _) in enumerate(copies) if number not in refused]
        browser.remove(arrived)
        outcome.done += len(arrived)
        outcome.stayed += [_stayed(copies[number][0], reason) for number, reason in refused.items()]

    def _destination(self, browser: Browser, letter: Letter) -> tuple[str | None, str]:
        """Return the queue to send to, or why there is none."""
        message = letter.message
        if message.unreadable is not None:
            return None, f"Headers and properties cannot be read: {message.unreadable}"
        queue = origin(message)
        if queue is None:
            return None, "It does not tell in which queue it died"
        if queue not in self._exists:
            self._exists[queue] = browser.has(queue)
        return (queue, "") if self._exists[queue] else (None, f"There is no queue {queue}")

    def _sent(self, copies: Sequence[Outbound]) -> dict[int, str]:
        """Publish; return the reasons of what the broker refused, by position."""
        try:
            self._publisher.publish_all(copies)
        except MessagesRefused as error:
            return error.refused
        return {}


def _stayed(letter: Letter, reason: str) -> Stayed:
    told = letter.message.headers.get(header.REQUEST_ID)
    return Stayed(position=letter.position, request_id=told if isinstance(told, str) else None, reason=reason)
