"""Pause and resume a worker type or a content type: for one tenant, or for all of them.

What is paused is held; what is in flight goes on. So a pause drains a fleet, and nothing is lost by it.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Q

from regards_processing.kernel.audit import services as audit
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.visibility import seeing_every_tenant
from worker_manager.models import (
    Branch,
    InputContentType,
    Pause,
    PauseKind,
    Request,
    WorkerInstance,
    WorkerType,
    Workflow,
)
from worker_manager.services import waiting
from worker_manager.states import AWAITING_ANSWER, RequestStatus

#: Column of a request that a pause is about.
_COLUMN: Final = {PauseKind.WORKER_TYPE: "step_worker_type", PauseKind.CONTENT_TYPE: "content_type"}
_WHAT: Final = {PauseKind.WORKER_TYPE: "worker type", PauseKind.CONTENT_TYPE: "content type"}
_SUBJECT: Final = {PauseKind.WORKER_TYPE: "worker_type", PauseKind.CONTENT_TYPE: "content_type"}

#: What is told of a pause, by its name in JSON.
Row = dict[str, Any]
#: By name, tenant, and whether they are held.
Counts = Counter[tuple[str, int | None, bool]]


class NothingToPause(DomainError):
    """Nobody knows of such a worker type or content type."""

    code = "NOTHING_TO_PAUSE"
    http_status = 404

    def __init__(self, *, kind: PauseKind, name: str) -> None:
        known = "configured or alive" if kind is PauseKind.WORKER_TYPE else "configured"
        super().__init__(f"There is no {_WHAT[kind]} {name}: {known} ones can be paused")


def pause(*, kind: PauseKind, name: str, tenant: Tenant | None, actor: Actor, at: datetime) -> Row:
    """Hold the requests of a worker type or content type from now on; return what is told of the pause.

    Pausing what is paused changes nothing, and says since when it is.

    Args:
        kind: what ``name`` is.
        name: the worker type or content type.
        tenant: whose requests are meant; ``None`` for everybody's.
        actor: who pauses.
        at: when.

    Raises:
        NothingToPause: nobody knows of it.
    """
    if not _is_known(kind, name, tenant):
        raise NothingToPause(kind=kind, name=name)
    with transaction():
        stored, new = Pause.objects.within_reach(tenant).get_or_create(
            tenant=tenant, kind=kind, name=name, defaults={"paused_at": at, "paused_by": actor.name}
        )
        if new:
            _record("paused", stored, tenant, actor, at)
    (told,) = _told([stored], tenant)
    return told


def resume(*, kind: PauseKind, name: str, tenant: Tenant | None, actor: Actor, at: datetime) -> bool:
    """End a pause, and let go what was held by it as far as there is a place; return whether there was one.

    A pause of the platform is not ended by a tenant, nor one of a tenant by the platform.
    """
    with transaction():
        paused = Pause.objects.within_reach(tenant).filter(tenant=tenant, kind=kind, name=name)
        found = paused.select_for_update().order_by("pk").first()
        if found is None:
            return False
        found.delete()
        _record("resumed", found, tenant, actor, at)
    # One page: the sweep takes the rest, and whoever called is not kept waiting. It is for every tenant.
    with seeing_every_tenant():
        waiting.release_held(at=at, max_pages=1)
    return True


def list_pauses(*, tenant: Tenant | None) -> list[Row]:
    """Return what is paused, with how many requests are still in flight and how many are held.

    For one tenant: its own pauses and those of the platform, with its own requests; else all of them.
    """
    # Those of the platform belong to no tenant: they are not among the rows that a tenant's call sees.
    with seeing_every_tenant():
        pauses = Pause.objects.that_stop(tenant) if tenant else Pause.objects.within_reach(None)
        stored = list(pauses.select_related("tenant").order_by("kind", "name", "pk"))
    return _told(stored, tenant)


def _is_known(kind: PauseKind, name: str, tenant: Tenant | None) -> bool:
    if kind is PauseKind.WORKER_TYPE:
        configured = WorkerType.objects.within_reach(tenant).filter(worker_type=name)
        return configured.exists() or WorkerInstance.objects.filter(worker_type=name).exists()
    inputs = InputContentType.objects.within_reach(tenant).filter(content_type=name)
    return inputs.exists() or Workflow.objects.within_reach(tenant).filter(workflow_type=name).exists()


def _record(verb: str, pause: Pause, tenant: Tenant | None, actor: Actor, at: datetime) -> None:
    audit.record(
        actor=actor,
        tenant=tenant.name if tenant else None,
        action=f"{_SUBJECT[PauseKind(pause.kind)]}.{verb}",
        target=pause.name,
        at=at,
    )


def _told(pauses: Sequence[Pause], tenant: Tenant | None) -> list[Row]:
    counts = {
        kind: _counts(kind, [one.name for one in pauses if one.kind == kind], tenant) for kind in PauseKind
    }
    return [
        {
            "kind": pause.kind,
            "name": pause.name,
            "tenant": pause.tenant.name if pause.tenant else None,
            "pausedBy": pause.paused_by,
            "since": pause.paused_at,
            "inFlight": counts[PauseKind(pause.kind)][pause.name, pause.tenant_id, False],
            "held": counts[PauseKind(pause.kind)][pause.name, pause.tenant_id, True],
        }
        for pause in pauses
    ]


def _counts(kind: PauseKind, names: Collection[str], tenant: Tenant | None) -> Counts:
    """Count what pauses are about: by name, tenant (none: all within reach) and whether it is held."""
    found: Counts = Counter()
    if not names:
        return found
    moving = Q(status__in=AWAITING_ANSWER) | Q(status=RequestStatus.TO_DISPATCH, due_at=None)
    column = _COLUMN[kind]
    # A request at a parallel step is its branches here: it has no worker type of its own then.
    whole = Request.objects.within_reach(tenant).filter(step_worker_type__isnull=False)
    for requests in (whole, Branch.objects.within_reach(tenant)):
        groups = requests.filter(moving, **{f"{column}__in": names}).order_by()
        counted = groups.values_list(column, "tenant_id", "status").annotate(count=Count("*"))
        for name, tenant_id, status, count in counted:
            for owner in (tenant_id, None):
                found[name, owner, status == RequestStatus.TO_DISPATCH] += count
    return found
