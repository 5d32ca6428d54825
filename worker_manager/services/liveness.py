"""Who is alive."""

import logging
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction
from worker_manager import hearing, queries
from worker_manager.models import WorkerInstance
from worker_manager.models.heartbeat import WorkerInstanceQuerySet
from worker_manager.queries import LiveTypes
from worker_manager.services import waiting
from worker_manager.services.dropped import Dropped
from workers.contract.heartbeat import WorkerHeartbeat

log = logging.getLogger(__name__)

_KEY: Final = ("worker_type", "worker_id")
_BEAT: Final = (
    "beaten_at",
    "protocol",
    "concurrency",
    "prefetch",
    "version",
    "hold_seconds",
    "run_seconds",
    "stored_contents",
    "clock_ahead",
    "first_beaten_at",
    "heard_since",
)


def record_heartbeats(*, beats: Sequence[WorkerHeartbeat], at: datetime) -> list[Dropped]:
    """Store heartbeats, and take up what waited for a worker type that has come alive, or takes more now.

    A beat older than the expiry is ignored; any other counts as now, whatever its sender's clock says.
    Returns the beats of tenants that are not active.
    """
    tenants = queries.active_tenants(names={beat.tenant for beat in beats})
    oldest = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    latest: dict[tuple[str, str], WorkerHeartbeat] = {}
    dropped = []
    for position, beat in enumerate(beats):
        if beat.tenant not in tenants:
            dropped.append(
                Dropped(position, f"Heartbeat of worker {beat.worker_id}: no active tenant {beat.tenant}")
            )
        elif beat.beaten_at > oldest:
            key = (beat.worker_type, beat.worker_id)
            latest[key] = max(beat, latest.get(key, beat), key=_date)
    known = queries.live_types(at=at)
    _store(list(latest.values()), at)
    if _has_grown(known, queries.live_types(at=at)):
        # One page: the sweep takes the rest, and the next heartbeats are not kept waiting.
        waiting.redispatch_waiting(at=at, max_pages=1)
    return dropped


def _has_grown(before: LiveTypes, now: LiveTypes) -> bool:
    """Tell whether a worker type is alive that was not, or may have more in flight than before."""
    return any(
        name not in before or (before[name].limit or math.inf) < (live.limit or math.inf)
        for name, live in now.items()
    )


def _date(beat: WorkerHeartbeat) -> datetime:
    return beat.beaten_at


def _ahead(beat: WorkerHeartbeat, at: datetime) -> float:
    return (beat.beaten_at - at).total_seconds()


def _told(beat: WorkerHeartbeat, at: datetime) -> tuple[Any, ...]:
    """Return what a beat tells, in the order of the columns, but for what began with a first one."""
    return (
        beat.worker_type,
        beat.worker_id,
        at,
        beat.protocol,
        beat.concurrency,
        beat.prefetch,
        beat.version,
        beat.hold_seconds,
        beat.run_seconds,
        beat.stored_contents,
        _ahead(beat, at),
    )


@transaction
def _store(beats: Sequence[WorkerHeartbeat], at: datetime) -> None:
    values = [
        (*_told(beat, at), at, at)
        for beat in sorted(beats, key=lambda beat: (beat.worker_type, beat.worker_id))
    ]
    rows.upsert(
        model=WorkerInstance,
        key=_KEY,
        columns=_BEAT,
        rows=values,
        kept=("first_beaten_at",),
        kept_while={"heard_since": ("beaten_at", hearing.gap_before(at))},
    )


def vouching(*, at: datetime) -> WorkerInstanceQuerySet:
    """Return the instances that vouch for the managers: without any, these may be deaf (`hearing`)."""
    expired = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    return WorkerInstance.objects.vouching(since=expired, gap_before=hearing.gap_before(at))


def forget_dead_workers(*, at: datetime) -> int:
    """Drop instances that have been silent for long; return how many."""
    silent_since = at - timedelta(seconds=settings.HEARTBEAT_KEPT)
    return WorkerInstance.objects.filter(beaten_at__lt=silent_since).delete()[0]
