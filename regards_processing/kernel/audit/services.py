"""Write the audit trail, and forget what is older than it has to be kept."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from regards_processing.kernel import correlation
from regards_processing.kernel.audit.models import AuditEntry, Origin
from regards_processing.kernel.audit.storable import storable, storable_text
from regards_processing.kernel.db.transactions import transaction

log = logging.getLogger(__name__)

_MAX_NAME: Final = 255
#: Bytes of JSON that the details of an entry may take; of longer ones the begin of the text is kept.
_LARGEST: Final = 65_536
#: Entries that one statement writes or forgets.
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, and by which door."""

    name: str
    origin: Origin


#: The platform itself, when the retention is over.
RETENTION: Final = Actor(name="retention", origin=Origin.PLATFORM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing among many that an action was done to."""

    #: What it is done to; long texts are cut.
    target: str
    #: Facts as JSON; never a secret.
    details: Mapping[str, Any] = field(default_factory=dict)


def record(
    *,
    actor: Actor,
    tenant: str | None,
    action: str,
    target: str,
    at: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add one entry, in the transaction of the action itself: what is rolled back leaves no trace.

    Args:
        actor: who acts.
        tenant: name of the tenant concerned; none for the whole platform.
        action: ``<subject>.<verb>``, for instance ``settings.updated``.
        target: what it is done to; long texts are cut.
        at: when.
        details: facts as JSON; never a secret.
    """
    deed = Deed(target=target, details=details or {})
    record_all(actor=actor, tenant=tenant, action=action, deeds=[deed], at=at)


def record_all(*, actor: Actor, tenant: str | None, action: str, deeds: Sequence[Deed], at: datetime) -> None:
    """Add one entry for each thing that an action was done to, as `record` does."""
    entries = [
        AuditEntry(
            at=at,
            tenant=None if tenant is None else storable_text(tenant, longest=_MAX_NAME),
            actor=storable_text(actor.name, longest=_MAX_NAME),
            origin=actor.origin,
            action=action,
            target=storable_text(deed.target, longest=_MAX_NAME),
            details=_fitting(deed.details),
            correlation_id=correlation.current(),
        )
        for deed in deeds
    ]
    AuditEntry.objects.bulk_create(entries, batch_size=_PAGE)


def _fitting(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return details as they are stored: no call can fill the trail, from which nothing is deleted."""
    told: dict[str, Any] = storable(details)
    text = json.dumps(told)
    return told if len(text) <= _LARGEST else {"cut": text[:_LARGEST]}


def forget_old_entries(*, at: datetime, kept: timedelta) -> int:
    """Drop entries older than ``kept``, and leave one that says so; return how many were dropped.

    This is the only way: the database refuses every other deletion.
    """
    oldest = at - kept
    forgotten = 0
    while dropped := _forget_page(oldest):
        forgotten += dropped
    if forgotten:
        record(
            actor=RETENTION,
            tenant=None,
            action="audit.forgotten",
            target=f"entries before {oldest.isoformat(timespec='seconds')}",
            at=at,
            details={"entries": forgotten, "keptSeconds": int(kept.total_seconds())},
        )
        log.info("audit entries forgotten", extra={"action": "audit.forgotten", "entries": forgotten})
    return forgotten


@transaction
def _forget_page(oldest: datetime) -> int:
    page = AuditEntry.objects.filter(at__lt=oldest).order_by("at").values("pk")[:_PAGE]
    with connection.cursor() as cursor:
        # What lets deletions pass. Nobody else sees this row: it is gone again before the transaction ends.
        cursor.execute("INSERT INTO regards_audit_retention (opened) VALUES (1)")
        dropped = AuditEntry.objects.filter(pk__in=page).delete()[0]
        cursor.execute("DELETE FROM regards_audit_retention")
    return dropped
