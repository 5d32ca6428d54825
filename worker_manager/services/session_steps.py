"""Fold what bulks counted into the steps of sessions, and tell the session dashboard."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import Exists, OuterRef

from regards_processing.kernel.db import rows
from regards_processing.kernel.db.locks import one_at_a_time
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.outbox.services import publish_after_commit
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.events.session_step_changed import SessionStepChanged
from worker_manager.models import SessionChange, SessionStep
from worker_manager.session_counters import SUMS, SessionKey

log = logging.getLogger(__name__)

_LOCK: Final = "worker_manager.session_steps"
_KEY: Final = ("tenant", "source", "session")
_COLUMNS: Final = (*SUMS, "properties", "last_update_at")


def fold_changes(*, at: datetime) -> int:
    """Add what changed to the steps, page by page, and publish each step that is new or changed.

    Returns:
        how many changes were added.
    """
    folded = 0
    while page := _fold_page(at):
        folded += page
    if folded:
        log.info("session changes folded", extra={"action": "session.folded", "changes": folded})
    return folded


@transaction
def _fold_page(at: datetime) -> int:
    # Two sweeps that add to the same step at once would lose what one of them added.
    one_at_a_time(_LOCK)
    waiting = SessionChange.objects.across_tenants(because="the sweep serves every tenant")
    changes = list(waiting.order_by("pk")[: settings.SWEEP_PAGE])
    if not changes:
        return 0
    steps = _added_up(changes)
    _save(steps)
    rows.delete(model=SessionChange, keys=[change.pk for change in changes])
    tenants = dict(Tenant.objects.in_bulk({step.tenant_id for step in steps}))
    publish_after_commit(
        messages=[_event(step, tenants[step.tenant_id].name).to_message() for step in steps], at=at
    )
    return len(changes)


def _added_up(changes: Sequence[SessionChange]) -> list[SessionStep]:
    """Return the steps that changes are of, with all of them added, in the order of their keys."""
    steps = {_key(step): step for step in _stored(changes)}
    for change in changes:
        step = steps.setdefault(_key(change), _new(change))
        step.properties = Counter(step.properties)
        step.properties.update(change.properties)
        step.last_update_at = max(step.last_update_at, change.changed_at)
        for name in SUMS:
            setattr(step, name, getattr(step, name) + getattr(change, name))
    return [steps[key] for key in sorted(steps)]


def _stored(changes: Iterable[SessionChange]) -> Iterable[SessionStep]:
    same = {name: OuterRef(name) for name in _KEY}
    read = SessionChange.objects.across_tenants(because="these very changes were read before")
    these = read.filter(pk__in=[change.pk for change in changes], **same)
    return SessionStep.objects.across_tenants(because="the sweep serves every tenant").filter(Exists(these))


def _new(change: SessionChange) -> SessionStep:
    return SessionStep(
        tenant_id=change.tenant_id,
        source=change.source,
        session=change.session,
        properties={},
        last_update_at=change.changed_at,
        **dict.fromkeys(SUMS, 0),
    )


def _save(steps: Sequence[SessionStep]) -> None:
    """Store steps that count anything; a session without requests has no step any more."""
    kept = [step for step in steps if any(step.properties.values())]
    gone = [step.pk for step in steps if step.pk and not any(step.properties.values())]
    values = [[*_key(step), *(getattr(step, name) for name in _COLUMNS)] for step in kept]
    rows.upsert(model=SessionStep, key=_KEY, columns=_COLUMNS, rows=values)
    if gone:
        rows.delete(model=SessionStep, keys=gone)


def _key(row: SessionChange | SessionStep) -> SessionKey:
    return row.tenant_id, row.source, row.session


def _event(step: SessionStep, tenant: str) -> SessionStepChanged:
    return SessionStepChanged(
        tenant=tenant,
        source=step.source,
        session=step.session,
        properties=step.properties,
        last_update_at=step.last_update_at,
        input_related=step.input_related,
        output_related=step.output_related,
        errors=step.errors,
        waiting=step.waiting,
        running=step.running,
    )
