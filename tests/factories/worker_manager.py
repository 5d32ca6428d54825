"""Rows of the engine: tenants, worker types, workflows, live workers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from regards_processing.kernel.tenancy.models import Tenant, TenantSetting
from tests.factories.rows import every
from worker_manager.configuration.workflow_steps import WorkflowStep
from worker_manager.models import InputContentType, Request, WorkerInstance, WorkerType, Workflow

#: When tests happen.
AT = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    """Return a time after `AT`, in seconds."""
    return AT + timedelta(seconds=seconds)


def a_tenant(
    *,
    name: str = "demo",
    active: bool = True,
    skipped: Sequence[str] = (),
    own_request_queue: bool = False,
) -> Tenant:
    """Store a tenant and its setting ``skipContentTypes``."""
    tenant = Tenant.objects.create(
        name=name, active=active, own_request_queue=own_request_queue, created_at=AT
    )
    TenantSetting.objects.create(tenant=tenant, name="skipContentTypes", value=list(skipped))
    return tenant


def a_worker_type(
    tenant: Tenant,
    *,
    worker_type: str = "unzip-worker",
    inputs: Sequence[str] = ("unzip",),
    output: str | None = "tree",
    keep_errors: bool = True,
    policy: Mapping[str, object] | None = None,
    max_in_flight: int | None = None,
    priority: int = 0,
) -> WorkerType:
    """Store a configured worker type."""
    stored = WorkerType.objects.create(
        tenant=tenant,
        worker_type=worker_type,
        content_type_out=output,
        keep_errors=keep_errors,
        policy=policy,
        max_in_flight=max_in_flight,
        priority=priority,
    )
    for content_type in inputs:
        InputContentType.objects.create(tenant=tenant, worker_type=stored, content_type=content_type)
    return stored


def a_workflow(
    tenant: Tenant,
    *,
    workflow_type: str = "ingest",
    steps: Mapping[int, str | tuple[str, ...]] | None = None,
    keep_errors: bool = True,
    priority: int = 0,
) -> Workflow:
    """Store a workflow; its steps are worker types by number, several where they work in parallel."""
    chosen = steps or {1: "unzip-worker", 2: "sip-worker"}
    members = {number: (names,) if isinstance(names, str) else names for number, names in chosen.items()}
    listed = [WorkflowStep(number, names).to_value() for number, names in members.items()]
    return Workflow.objects.create(
        tenant=tenant, workflow_type=workflow_type, steps=listed, keep_errors=keep_errors, priority=priority
    )


def live_workers(
    *worker_types: str,
    protocol: str = "raw",
    worker_id: str | None = None,
    at: datetime = AT,
    since: datetime | None = None,
    concurrency: int | None = None,
    prefetch: int = 1,
    hold_seconds: float | None = None,
    run_seconds: float | None = None,
    stored_contents: bool = False,
) -> None:
    """Store one live instance of each worker type; as a foreign one, it does not say how much it takes.

    It was heard at ``at``, and without a gap ``since`` a time before; by default only this once.
    """
    for worker_type in worker_types:
        WorkerInstance.objects.create(
            worker_type=worker_type,
            worker_id=worker_id or f"{worker_type}-{protocol}",
            beaten_at=at,
            first_beaten_at=since or at,
            heard_since=since or at,
            protocol=protocol,
            concurrency=concurrency,
            prefetch=prefetch,
            hold_seconds=hold_seconds,
            run_seconds=run_seconds,
            stored_contents=stored_contents,
        )


def the_request(request_id: str = "r-1", *, tenant: str = "demo") -> Request:
    """Return a stored request."""
    return every(Request).get(tenant__name=tenant, request_id=request_id)
