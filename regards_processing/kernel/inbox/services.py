"""Remember messages that were handled, so that one which comes again is known.

Note: the inbox.
    Most messages may come twice: what they say is a state, or names a request that can be looked at. What
    says "one more", or "that is done" and not what, may not. The broker tells which messages it has
    delivered before, but not whether they were handled then; that is what is remembered here, in the
    transaction that handles them.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction_required
from regards_processing.kernel.inbox.models import HandledMessage

_COLUMNS: Final = ("fingerprint", "handled_at")


def fingerprint(message: Inbound, *, also: Sequence[str | None] = ()) -> UUID:
    """Return by what a message is known when the same queue gives it again.

    Few publishers name their messages, so it is made of all that stays as it is.

    Args:
        also: what else tells messages of the queue apart, such as headers.
    """
    told = (message.queue, message.message_id, message.properties.get("timestamp"), *also)
    digest = hashlib.sha256(repr(told).encode() + message.body).digest()
    return UUID(bytes=digest[:16])


def remember(*, fingerprints: Collection[UUID], at: datetime) -> set[UUID]:
    """Remember messages that the current transaction handles; return those that were handled before.

    Of two transactions with the same message, the second one waits for the first.

    Raises:
        TransactionRequired: no transaction is open.
    """
    transaction_required()
    # In one order for all: two managers must not wait for each other.
    values = [(each, at) for each in sorted(set(fingerprints))]
    inserted = rows.insert_new(
        model=HandledMessage, columns=_COLUMNS, rows=values, returning=("fingerprint",)
    )
    # SQLite returns the text that it keeps.
    return set(fingerprints) - {UUID(str(new)) for (new,) in inserted}


def known(*, fingerprints: Collection[UUID]) -> set[UUID]:
    """Return those of messages that were handled before; lock first what they are about."""
    if not fingerprints:
        return set()
    return set(HandledMessage.objects.filter(pk__in=set(fingerprints)).values_list("pk", flat=True))


def note(*, fingerprints: Collection[UUID], at: datetime) -> None:
    """Remember messages that the current transaction handles, whether they are known or not.

    Raises:
        TransactionRequired: no transaction is open.
    """
    transaction_required()
    # In one order for all: two managers must not wait for each other.
    values = [(each, at) for each in sorted(fingerprints)]
    rows.upsert(model=HandledMessage, key=_COLUMNS[:1], columns=_COLUMNS[1:], rows=values)


def forget_handled(*, at: datetime, kept: timedelta) -> int:
    """Forget messages that were handled longer ago than ``kept``, page by page; return how many.

    Each page is a transaction of its own.
    """
    old = HandledMessage.objects.filter(handled_at__lt=at - kept).order_by("handled_at")
    forgotten = 0
    while page := list(old.values_list("pk", flat=True)[: settings.SWEEP_PAGE]):
        # Not those that were handled once more meanwhile.
        forgotten += old.filter(pk__in=page).delete()[0]
    return forgotten
