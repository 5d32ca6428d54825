"""From the page of an execution to what belongs to it."""

from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel.admin_links import link, list_address
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Execution, Process
from worker_manager.admin.gone import request_address
from worker_manager.admin.trails import attempts_table
from worker_manager.models import FinishedRequest, Request


def process_link(*, tenant: Tenant, process_id: UUID, last_name: str = "") -> SafeString:
    """Link a process, as long as there is one, and its executions."""
    found = Process.objects.for_tenant(tenant).filter(process_id=process_id).order_by("pk")
    key, label = found.values_list("pk", "configuration__label").first() or (None, "")
    name = f"{last_name or label or 'without a name'} ({process_id})"
    named = name if key is None else link(reverse("admin:processing_process_change", args=[key]), name)
    of_it = {"process_id": process_id, "tenant__id__exact": tenant.pk}
    return format_html("{} | {}", named, link(list_address(Execution, **of_it), "its executions"))


def batch_link(execution: Execution) -> SafeString:
    """Link the batch of an execution, and the other executions of that."""
    batch = link(
        reverse("admin:processing_batch_change", args=[execution.batch_id]), execution.batch_correlation_id
    )
    others = link(list_address(Execution, batch__id__exact=execution.batch_id), "its executions")
    return format_html("{} | {}", batch, others)


def retry_links(execution: Execution) -> SafeString | str:
    """Link the execution that this one tries again, and the one that tries this one again."""
    siblings = Execution.objects.for_tenant(execution.tenant).filter(batch=execution.batch_id)
    again = siblings.filter(retry_of=execution.pk).order_by("pk").values_list("pk", flat=True)[:1]
    told = [("tries again", execution.retry_of)] if execution.retry_of else []
    told += [("tried again by", pk) for pk in again]
    lines = ((word, _execution_link(pk)) for word, pk in told)
    return format_html_join(", ", "{} {}", lines) or "no"


def request_link(execution: Execution) -> SafeString | str:
    """Link the request to the engine that carries an execution out, with its attempts."""
    known = {"request_id": str(execution.pk)}
    going = Request.objects.for_tenant(execution.tenant).filter(**known)
    ended = FinishedRequest.objects.for_tenant(execution.tenant).filter(**known)
    for key, trail in going.order_by("-pk").values_list("pk", "trail")[:1]:
        address = request_address(key=key, tenant=execution.tenant, **known)
        return format_html("{} {}", link(address, execution.pk), attempts_table(trail))
    for key, trail in ended.order_by("-pk").values_list("pk", "trail")[:1]:
        address = reverse("admin:worker_manager_finishedrequest_change", args=[key])
        return format_html("{} {}", link(address, execution.pk), attempts_table(trail))
    return "none: it waits for a place, or the request is forgotten"


def _execution_link(key: object) -> SafeString:
    return link(reverse("admin:processing_execution_change", args=[key]), key)
