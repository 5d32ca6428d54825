"""A tenant with rows of every kind, none of which another tenant may learn of or change."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.rest.filters import TextFilter
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting
from regards_processing.processing.models import Batch, Execution, KeptOutputs, UnneededFolder
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from tests.factories.access import a_custom_role, a_grant, a_membership, a_role_address, an_endpoint_role
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome, the_execution
from tests.factories.history import A_TRAIL
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_worker_type, a_workflow
from worker_manager.models import (
    Branch,
    FinishedRequest,
    KeptContent,
    Pause,
    PauseKind,
    Request,
    SessionChange,
    SessionStep,
)
from worker_manager.request_filter import RequestFilter
from worker_manager.services.orders import RETRY, RequestOrder
from worker_manager.states import RequestStatus

#: Found in every text of these rows.
SECRET: Final = "secret-of-theirs"
REQUEST_ID: Final = "their-request"
WORKER_TYPE: Final = "their-worker"
WORKFLOW_TYPE: Final = "their-workflow"
CONTENT_TYPE: Final = "their-content-type"
PROCESS_ID: Final = "0d4f2f0c-6c1c-4a51-9f3e-2f7a0f9b6a11"
BATCH_ID: Final = "5b7f6c0e-51e5-4a0f-8f43-c4a1bb7d0c55"
#: Of one that has not ended.
EXECUTION_ID: Final = "c1d5a3b0-2f4e-4f0a-9a64-6a0e9c3f7d21"
#: Of an order.
JOB_ID: Final = "7e8c3c2e-0d55-4c7e-8b0f-3f1d2f6f4b90"
DATASET: Final = "URN:AIP:DATASET:theirs"


def fill(tenant: Tenant) -> None:
    """Store rows of every model that has a tenant."""
    every(TenantSetting).filter(tenant=tenant).update(value=[f"{SECRET}-skipped"])
    a_worker_type(tenant, worker_type=WORKER_TYPE, inputs=[CONTENT_TYPE, f"{SECRET}-type"])
    a_workflow(tenant, workflow_type=WORKFLOW_TYPE, steps={1: SECRET})
    a_membership(User.objects.create_user(SECRET), tenant)
    a_custom_role(tenant, name=f"{SECRET}-role")
    an_endpoint_role(tenant, role=Role.PUBLIC)
    a_grant(tenant, role=f"{SECRET}-role")
    a_role_address(tenant, role=Role.EXPLOIT, pattern=SECRET)
    Job.objects.create(
        tenant=tenant,
        kind=SECRET,
        parameters={},
        priority=0,
        asked_by=SECRET,
        origin=Origin.REST,
        created_at=AT,
    )
    wanted = RequestFilter(source=TextFilter(text=SECRET))
    Job.objects.create(
        id=UUID(JOB_ID),
        tenant=tenant,
        kind=RETRY,
        parameters=RequestOrder(wanted=wanted, last_id=0).to_json(),
        priority=0,
        asked_by=SECRET,
        origin=Origin.REST,
        created_at=AT,
    )
    _an_execution(tenant)
    for status in RequestStatus:
        _a_request(tenant, status)
    _a_branch(tenant)
    FinishedRequest.objects.create(
        tenant=tenant,
        request_id=f"{REQUEST_ID}-finished",
        content_type=SECRET,
        source=SECRET,
        session=SECRET,
        status=RequestStatus.SUCCESS,
        digest=b"",
        creation_date=AT,
        finished_at=AT,
        worker_id=SECRET,
        trail=A_TRAIL.replace("unzip-worker", SECRET),
    )
    for kind, name in ((PauseKind.WORKER_TYPE, WORKER_TYPE), (PauseKind.CONTENT_TYPE, CONTENT_TYPE)):
        Pause.objects.create(tenant=tenant, kind=kind, name=name, paused_at=AT, paused_by=SECRET)
    _counts(tenant)


def _counts(tenant: Tenant) -> None:
    counts = dict.fromkeys(("input_related", "output_related", "errors", "waiting", "running"), 1)
    session = {"tenant": tenant, "source": SECRET, "session": SECRET, "properties": {SECRET: 1}}
    SessionStep.objects.create(**session, **counts, last_update_at=AT)
    SessionChange.objects.create(**session, **counts, changed_at=AT)
    KeptContent.objects.create(
        tenant=tenant, request_key=1, attempt=tenant.pk, sha256=SECRET, size=1, stored_at=AT
    )
    KeptOutputs.objects.create(tenant=tenant, size=1, counted_at=AT)
    UnneededFolder.objects.create(tenant=tenant, name=SECRET)


def _an_execution(tenant: Tenant) -> None:
    process = a_process(tenant, SECRET, process_id=UUID(PROCESS_ID), datasets=[DATASET], to_all=True)
    opened = a_batch(tenant, process)
    every(Batch).filter(pk=opened.pk).update(id=UUID(BATCH_ID))
    batch = every(Batch).get(pk=UUID(BATCH_ID))
    order_executions(orders=[an_execution_order(batch, SECRET)], at=AT)
    response = replace(a_response(the_execution(SECRET).pk, content=an_outcome()), tenant=tenant.name)
    apply_responses(responses=[response], at=AT)
    order_executions(orders=[an_execution_order(batch, SECRET)], at=AT)
    every(Execution).filter(tenant=tenant, status="REGISTERED").update(id=UUID(EXECUTION_ID))


def _a_branch(tenant: Tenant) -> None:
    Branch.objects.create(
        tenant=tenant,
        request=Request.objects.for_tenant(tenant).get(request_id=REQUEST_ID),
        step_number=1,
        position=0,
        step_worker_type=SECRET,
        status=RequestStatus.SUCCESS,
        error=SECRET,
        moved_at=AT,
    )


def _a_request(tenant: Tenant, status: RequestStatus) -> None:
    Request.objects.create(
        tenant=tenant,
        request_id=REQUEST_ID if status == RequestStatus.ERROR else f"{REQUEST_ID}-{status}",
        creation_date=AT,
        content_type=SECRET,
        source=SECRET,
        session=SECRET,
        status=status,
        step_worker_type=SECRET,
        original_content=b"{}",
        digest=b"",
        error=SECRET,
        moved_at=AT,
    )
