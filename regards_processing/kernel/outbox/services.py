"""Publish what a transaction decided, after it has committed, whatever happens in between.

Note: the outbox.
    The messages are written in the transaction that decided them. After the commit they are published and
    the entry is deleted; a manager does not wait for the broker's word, and deletes it with its next bulk.
    When the broker is away or the process dies in between, the entry stays and the relay sends it: nothing is
    lost, nothing is invented. A message may leave twice; every consumer is idempotent.
    What is for the virtual host of the instance is left to the relay at once: no manager waits for it, and
    when it is away nothing else is held up.
    An entry has no more than ``BULK_MAX_BYTES`` of bodies, but for a message that has more by itself:
    PostgreSQL takes no value of a gigabyte, and the relay reads an entry whole.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.conf import settings

from regards_processing.kernel import correlation
from regards_processing.kernel.amqp.connection import BROKER_ERRORS
from regards_processing.kernel.amqp.envelope import Outbound, pack, unpack
from regards_processing.kernel.amqp.errors import BrokerUnavailable, MessagesRefused
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
#: Entries that the relay takes in one transaction.
_PAGE: Final = 10


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
        if isinstance(error, BrokerUnavailable):
            _report_delayed(error, len(messages))
            return
        if error is not None:
            _report_refused(error)
        _confirmed.add(entry_id)

    try:
        hand_over(messages, done=done)
    except BROKER_ERRORS as error:
        _report_delayed(error, len(messages))
    except MessagesRefused as error:
        done(error)
    except Exception:
        # The transaction has committed: raising would have its bulk handled a second time.
        log.exception("messages wait in the outbox", extra={"action": "outbox.failed", "entry": entry_id})
    if entry_id in _confirmed:
        forget_confirmed()


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


def _report_refused(error: MessagesRefused) -> None:
    """Say which messages the broker can never take; keeping them would not help."""
    log.error("messages refused by the broker", extra={"action": "outbox.refused", "reasons": error.refused})


def relay_outbox(*, at: datetime, grace: timedelta) -> int:
    """Publish entries that their process left behind for longer than ``grace``; return how many messages.

    Raises:
        one of BROKER_ERRORS: the broker is away; the entries stay.
    """
    sent, last = 0, 0
    instance = _Instance()
    while True:
        with transaction():
            left = OutboxEntry.objects.filter(created_at__lt=at - grace, pk__gt=last).order_by("pk")
            entries = list(left.defer("messages").select_for_update(skip_locked=True)[:_PAGE])
            if not entries:
                return sent
            gone = [entry for entry in entries if _send_again(entry, _packed(entry), instance)]
            OutboxEntry.objects.filter(pk__in=[entry.pk for entry in gone]).delete()
        last = entries[-1].pk
        sent += sum(entry.message_count for entry in gone)
        log.info("outbox relayed", extra={"action": "outbox.relayed", "entries": len(gone), "messages": sent})


@dataclass(slots=True)
class _Instance:
    """The virtual host of the instance, during one run of the relay."""

    #: It did not answer: trying again for each entry would take the time of those behind.
    away: bool = False


def _send_again(entry: OutboxEntry, packed: bytes, instance: _Instance) -> bool:
    """Publish an entry; one that cannot be read or sent stays, and does not hold up those behind it."""
    messages: Sequence[Outbound] = ()
    try:
        messages = unpack(packed)
        if _is_for_instance(messages) and instance.away:
            return False
        _wire_of(messages).publish_all(messages)
    except BROKER_ERRORS as error:
        if not _is_for_instance(messages):
            raise
        instance.away = True
        _report_delayed(error, len(messages))
        return False
    except MessagesRefused as error:
        _report_refused(error)
    except Exception:
        log.exception("outbox entry cannot be sent", extra={"action": "outbox.failed", "entry": entry.pk})
        return False
    return True


def _packed(entry: OutboxEntry) -> bytes:
    """Return what an entry holds; the entry does not keep it: a page of them would be much memory."""
    return bytes(OutboxEntry.objects.values_list("messages", flat=True).get(pk=entry.pk))


def _wire_of(messages: Sequence[Outbound]) -> MessagePublisher:
    return wire_of_instance() if _is_for_instance(messages) else wire()


def _is_for_instance(messages: Sequence[Outbound]) -> bool:
    """Tell of an entry; all its messages go the same way."""
    return any(message.for_instance for message in messages)
