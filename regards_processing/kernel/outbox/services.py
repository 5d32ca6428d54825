"""Publish what a transaction decided, after it has committed, whatever happens in between.

Note: the outbox.
    The messages are written in the transaction that decided them. After the commit they are published and
    the entry is deleted; a manager does not wait for the broker's word, and deletes it with its next bulk.
    When the broker is away or the process dies in between, the entry stays and the relay sends it: nothing is
    lost, nothing is invented. A message may leave twice; every consumer is idempotent.
    What is for a worker type whose queues cannot be declared, for a full queue, or for an exchange to which
    we may not publish stays in its entry by itself, until it can leave. A dispatch that the broker can never
    take is replaced by its dead letter, which ends the attempt.
    What is for the virtual host of the instance is left to the relay at once: no manager waits for it, and
    when it is away nothing else is held up.
    An entry has no more than ``BULK_MAX_BYTES`` of bodies, but for a message that has more by itself:
    PostgreSQL takes no value of a gigabyte, and the relay reads an entry whole.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.conf import settings

from regards_processing.kernel import correlation
from regards_processing.kernel.amqp.connection import BROKER_ERRORS
from regards_processing.kernel.amqp.dead_letters import dead_dispatch
from regards_processing.kernel.amqp.envelope import Outbound, pack, unpack
from regards_processing.kernel.amqp.errors import BrokerUnavailable, MessagesHeld, MessagesRefused
from regards_processing.kernel.amqp.publisher import MessagePublisher
from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import after_commit, transaction, transaction_required
from regards_processing.kernel.observability import tracing
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.outbox.port import hand_over, wire, wire_of_instance
from workers.contract.headers import TRACE_PARENT

log = logging.getLogger(__name__)

#: Entries of this process whose messages the broker has, and that are still to be deleted.
_confirmed: Final[set[int]] = set()
_COLUMNS: Final = ("created_at", "message_count", "messages")
#: Exchange and routing key.
_Route = tuple[str, str]


def publish_after_commit(*, messages: Sequence[Outbound], at: datetime) -> None:
    """Store messages in the current transaction and publish them once it has committed.

    Raises:
        TransactionRequired: no transaction is open.
    """
    transaction_required()
    if not messages:
        return
    # In the same transaction: a commit of its own for each would cost more than the deletion.
    _forget(list(_confirmed))
    messages = _correlated(messages)
    theirs = [message for message in messages if message.for_instance]
    ours = [message for message in messages if not message.for_instance]
    for part in _parts(theirs):
        _store(part, at)
    for part in _parts(ours):
        after_commit(partial(_publish, _store(part, at), part))


def _parts(messages: Sequence[Outbound]) -> Iterator[Sequence[Outbound]]:
    """Give messages as entries are to have them, in their order: in one, unless they are too large."""
    begun = size = 0
    for position, message in enumerate(messages):
        size += len(message.body)
        if size > settings.BULK_MAX_BYTES and position > begun:
            yield messages[begun:position]
            begun, size = position, len(message.body)
    if messages:
        yield messages[begun:]


def _store(messages: Sequence[Outbound], at: datetime) -> int:
    row = (at, len(messages), pack(messages))
    ((entry_id,),) = rows.insert_new(model=OutboxEntry, columns=_COLUMNS, rows=[row], returning=("id",))
    return int(entry_id)


def _correlated(messages: Sequence[Outbound]) -> Sequence[Outbound]:
    """Let messages carry the correlation id and the span of the call that caused them, unless they have."""
    known = {correlation.HEADER: correlation.current(), TRACE_PARENT: tracing.current()}
    headers = {name: value for name, value in known.items() if value is not None}
    if not headers:
        return messages
    return [replace(message, headers={**headers, **message.headers}) for message in messages]


def _publish(entry_id: int, messages: Sequence[Outbound]) -> None:
    def done(error: BrokerUnavailable | MessagesRefused | None) -> None:
        if isinstance(error, MessagesHeld | MessagesRefused):
            _keep_rest(entry_id, messages, error)
        elif error is not None:
            _report_delayed(error, len(messages))
        else:
            _confirmed.add(entry_id)

    try:
        hand_over(messages, done=done)
    except (MessagesHeld, MessagesRefused) as error:
        done(error)
    except BROKER_ERRORS as error:
        _report_delayed(error, len(messages))
    except Exception:
        # The transaction has committed: raising would have its bulk handled a second time.
        log.exception("messages wait in the outbox", extra={"action": "outbox.failed", "entry": entry_id})
    if entry_id in _confirmed:
        forget_confirmed()


def _keep_rest(entry_id: int, messages: Sequence[Outbound], error: MessagesHeld | MessagesRefused) -> None:
    """Leave in an entry what the relay is to send."""
    rest = _rest(messages, error)
    if not rest:
        _confirmed.add(entry_id)
        return
    try:
        with transaction():
            _store_rest(entry_id, rest)
    except Exception:
        # Whoever tells us what became of the messages goes on; the relay sends all of the entry again.
        log.exception("messages wait in the outbox", extra={"action": "outbox.failed", "entry": entry_id})


def _rest(messages: Sequence[Outbound], error: MessagesHeld | MessagesRefused) -> list[Outbound]:
    """Return what is still to be sent of messages: what is held, and the dead letters of dispatches."""
    if error.refused:
        _report_refused(error.refused)
    dead = {
        at: dead_dispatch(messages[at], reason=reason)
        for at, reason in error.refused.items()
        if messages[at].worker_type is not None
    }
    return [dead.get(at, messages[at]) for at in sorted(dead.keys() | _held(error).keys())]


def _held(error: MessagesHeld | MessagesRefused) -> Mapping[int, str]:
    held = error.held if isinstance(error, MessagesHeld) else {}
    if held:
        log.warning(
            "messages wait in the outbox, others are not held up",
            extra={"action": "outbox.held", "messages": len(held), "reasons": sorted(set(held.values()))},
        )
    return held


def _store_rest(entry_id: int, rest: Sequence[Outbound]) -> None:
    OutboxEntry.objects.filter(pk=entry_id).update(messages=pack(rest), message_count=len(rest))


def forget_confirmed() -> None:
    """Delete the entries of this process whose messages the broker has."""
    with transaction():
        _forget(list(_confirmed))


def _forget(entry_ids: Sequence[int]) -> None:
    if not entry_ids:
        return
    rows.delete(model=OutboxEntry, keys=entry_ids)
    after_commit(lambda: _confirmed.difference_update(entry_ids))


def _report_delayed(error: Exception, messages: int) -> None:
    log.warning(
        "messages wait in the outbox",
        extra={"action": "outbox.delayed", "messages": messages, "reason": repr(error)},
    )


def _report_refused(reasons: Mapping[int, str]) -> None:
    """Say which messages the broker can never take; keeping them would not help."""
    log.error("messages refused by the broker", extra={"action": "outbox.refused", "reasons": dict(reasons)})


def relay_outbox(*, at: datetime, grace: timedelta) -> int:
    """Publish entries that their process left behind for longer than ``grace``; return how many messages.

    Each entry is a transaction of its own: what goes wrong with one has none before it sent again.

    Raises:
        one of BROKER_ERRORS: the broker is away; the entries stay that were not sent before.
    """
    sent, last = 0, 0
    obstacles = _Obstacles()
    while True:
        with transaction():
            left = OutboxEntry.objects.filter(created_at__lt=at - grace, pk__gt=last).order_by("pk")
            entry = left.select_for_update(skip_locked=True).first()
            if entry is None:
                break
            last = entry.pk
            sent += _relay(entry, obstacles)
    if sent:
        log.info("outbox relayed", extra={"action": "outbox.relayed", "messages": sent})
    return sent


@dataclass(slots=True)
class _Obstacles:
    """What a run of the relay has met: trying again for each entry would take the time of those behind."""

    #: The virtual host of the instance did not answer.
    instance_away: bool = False
    #: Routes on which messages were tried, and those of them on which none can leave.
    tried: set[_Route] = field(default_factory=set)
    closed: set[_Route] = field(default_factory=set)

    def split(self, messages: Sequence[Outbound]) -> tuple[list[Outbound], list[Outbound]]:
        """Give the first message of each new route, and the others.

        One shows whether a route is open; all that a full queue gives back has reached the queues beside it.
        """
        first: list[Outbound] = []
        others: list[Outbound] = []
        for message in messages:
            part = others if _route(message) in self.tried else first
            part.append(message)
            self.tried.add(_route(message))
        return first, others


def _relay(entry: OutboxEntry, obstacles: _Obstacles) -> int:
    """Publish an entry; return how many of its messages left.

    One that cannot be read or sent stays, and does not hold up those behind it.
    """
    messages: Sequence[Outbound] = ()
    try:
        messages = unpack(bytes(entry.messages))
        rest = _send_again(messages, obstacles)
    except BROKER_ERRORS as error:
        if not _is_for_instance(messages):
            raise
        obstacles.instance_away = True
        _report_delayed(error, len(messages))
        return 0
    except Exception:
        log.exception("outbox entry cannot be sent", extra={"action": "outbox.failed", "entry": entry.pk})
        return 0
    if not rest:
        entry.delete()
    elif rest != messages:
        _store_rest(entry.pk, rest)
    return len(messages) - len(rest)


def _send_again(messages: Sequence[Outbound], obstacles: _Obstacles) -> Sequence[Outbound]:
    """Publish messages, but for those in whose way something is known to be; return what stays."""
    if _is_for_instance(messages) and obstacles.instance_away:
        return messages
    first, others = obstacles.split(messages)
    return [*_send_open(first, obstacles), *_send_open(others, obstacles)]


def _send_open(messages: Sequence[Outbound], obstacles: _Obstacles) -> list[Outbound]:
    free = [message for message in messages if _route(message) not in obstacles.closed]
    waiting = [message for message in messages if _route(message) in obstacles.closed]
    if not free:
        return waiting
    try:
        _wire_of(free).publish_all(free)
    except MessagesHeld as error:
        obstacles.closed |= {_route(free[at]) for at in error.held}
        return [*waiting, *_rest(free, error)]
    except MessagesRefused as error:
        return [*waiting, *_rest(free, error)]
    return waiting


def _route(message: Outbound) -> _Route:
    return message.exchange, message.routing_key


def _wire_of(messages: Sequence[Outbound]) -> MessagePublisher:
    return wire_of_instance() if _is_for_instance(messages) else wire()


def _is_for_instance(messages: Sequence[Outbound]) -> bool:
    """Tell of an entry; all its messages go the same way."""
    return any(message.for_instance for message in messages)
