"""A request in full: what is known of it, and its contents."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models.functions import Length

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries, searches
from worker_manager.contents import folder_of
from worker_manager.models import Request
from worker_manager.plan_progress import PlannedStep, planned_steps
from worker_manager.reasons import Reason
from worker_manager.services.explanation import explain_request
from worker_manager.steps_taken import steps_taken
from worker_manager.trail import Trail
from worker_manager.workflow_plan import Plan
from workers.contract.content_folder import ContentLost


class Which(StrEnum):
    """Which content of a request."""

    #: What the step that the request is at gets.
    CURRENT = "current"
    #: What the client sent.
    ORIGINAL = "original"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A content, without its bytes."""

    size: int
    #: SHA-256, in hexadecimal digits.
    sha256: str
    #: Where it is in the shared storage, from there on; ``None`` when the row has it.
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDetails:
    """A request in full; its payloads are not read."""

    request: Request
    #: That of its configuration, for one that was never dispatched.
    plan: Plan | None
    steps: tuple[PlannedStep, ...]
    reasons: tuple[Reason, ...]
    original: Measured
    current: Measured


class ContentUnavailable(DomainError):
    """The content is stored as a file, which cannot be read."""

    code = "CONTENT_LOST"
    http_status = 410


def describe(*, tenant: Tenant, request_id: str, at: datetime) -> RequestDetails:
    """Return a request in full.

    Raises:
        UnknownRequest: the tenant has none.
    """
    request = searches.without_payloads(tenant=tenant, request_id=request_id)
    plan = _plan_of(tenant=tenant, request=request)
    original, current = _measured(request, tenant)
    return RequestDetails(
        request=request,
        plan=plan,
        steps=planned_steps(
            plan=plan,
            step_number=request.step_number,
            begun=request.attempt > 0,
            taken={step.number: step.repeats for step in steps_taken(Trail.read(request.trail))},
            repeats=request.repeats,
        ),
        reasons=explain_request(tenant=tenant, request=request, at=at).reasons,
        original=original,
        current=current,
    )


def content_of(*, tenant: Tenant, request_id: str, which: Which) -> bytes:
    """Return a content of a request.

    Raises:
        UnknownRequest: the tenant has none.
        ContentUnavailable: the file of the content cannot be read.
    """
    request = searches.with_payloads(tenant=tenant, request_id=request_id)
    return payload_of(tenant=tenant, request=request, which=which)


def payload_of(*, tenant: Tenant, request: Request, which: Which) -> bytes:
    """Return a content of a request of this tenant that was read before.

    Raises:
        ContentUnavailable: the file of the content cannot be read.
    """
    if which is Which.ORIGINAL:
        return bytes(request.original_content)
    stored = request.stored_payload
    if stored is None:
        return request.body
    try:
        return folder_of(request, tenant=tenant.name).load(stored)
    except ContentLost as error:
        raise ContentUnavailable(str(error)) from error


def stored_content(*, tenant: Tenant, request: Request) -> Measured | None:
    """Return what is known of the content that the step of a request gets, if it is a file."""
    stored = request.stored_payload
    if stored is None:
        return None
    place = folder_of(request, tenant=tenant.name).place(stored)
    return Measured(size=stored.size, sha256=stored.sha256, place=place)


def _plan_of(*, tenant: Tenant, request: Request) -> Plan | None:
    """Return the plan that a request of this tenant follows, or would follow today."""
    if request.attempt and request.plan:
        return Plan.from_json(request.plan)
    return queries.plans(tenant_ids=[tenant.pk], content_types=[request.content_type]).get(
        (tenant.pk, request.content_type)
    )


def _measured(request: Request, tenant: Tenant) -> tuple[Measured, Measured]:
    """Return the client's content and that of the step, read only when it is another one in the row."""
    this = Request.objects.for_tenant(request.tenant_id).filter(pk=request.pk)
    size, content = this.values_list(Length("original_content"), "content").get()
    original = Measured(size=size, sha256=bytes(request.digest).hex())
    if content is None:
        return original, original
    if stored := stored_content(tenant=tenant, request=request):
        return original, stored
    return original, Measured(size=len(content), sha256=hashlib.sha256(content).hexdigest())
