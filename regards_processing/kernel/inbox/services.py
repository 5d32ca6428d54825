"""Remember messages that were handled, so that one which comes again is known.

Note: the inbox.
    Most messages may come twice: what they say is a state, or names a request that can be looked at. What
    says "one more" may not. The broker tells which messages it has delivered before, but not whether they
    were handled then; that is what is remembered here, in the transaction that handles them.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction, transaction_required
from regards_processing.kernel.inbox.models import HandledMessage

_COLUMNS: Final = ("fingerprint", "handled_at")


def fingerprint(message: Inbound) -> UUID:
    """Return by what a message is known when the same queue gives it again.

    Few publishers name their messages, so it is made of all that stays as it is.
    """
    told = (message.queue, message.message_id, message.properties.get("timestamp"))
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


@transaction
def forget_handled(*, at: datetime, kept: timedelta) -> int:
    """Forget messages that were handled longer ago than ``kept``; return how many."""
    forgotten, _ = HandledMessage.objects.filter(handled_at__lt=at - kept).delete()
    return forgotten
