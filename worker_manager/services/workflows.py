"""Configure workflows: chains of configured worker types."""

from collections.abc import Sequence
from typing import Final

from django.db.models import QuerySet

from regards_processing.kernel.configuration.faults import Fault
from regards_processing.kernel.configuration.items import Item, Refusals
from regards_processing.kernel.db.transactions import transaction_required
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.configuration.chain import Workers, chain_faults
from worker_manager.configuration.workflow_items import WorkflowItem
from worker_manager.configuration.workflow_steps import WorkflowStep
from worker_manager.models import Workflow
from worker_manager.services.worker_types import stored_worker_types

_TYPE_CLASH: Final = (
    "[DuplicatedWorkflowTypesError]: Cannot import workflow configuration because duplicated types were "
    "found within the worker configurations.\n"
    "To fix the configuration make sure the workflowTypes are not the same than the workers "
    "contentTypeInputs."
)


def store_workflows(*, tenant: Tenant, items: Sequence[Item[WorkflowItem]]) -> Refusals:
    """Store the workflows whose steps make a chain, each in place of its earlier self.

    When one of them has the name of a content type that goes to a worker type, none is stored.
    """
    transaction_required()
    workers = _workers(tenant)
    inputs = {name for worker in workers.values() for name in worker.inputs}
    clashing = [item for item in items if item.content.workflow_type in inputs]
    if clashing:
        return refuse_all(items) | {clashing[0].position: [_type_clash(clashing)]}
    refusals: Refusals = {}
    accepted: dict[str, WorkflowItem] = {}
    for item in items:
        faults = chain_faults(workflow=item.content, workers=workers)
        if faults:
            refusals[item.position] = faults
        else:
            accepted[item.content.workflow_type] = item.content
    _write(tenant, accepted)
    return refusals


def refuse_all(items: Sequence[Item[WorkflowItem]]) -> Refusals:
    """Return the refusal of workflows because of another one."""
    return {item.position: () for item in items}


def forget_workflows(*, tenant: Tenant) -> None:
    """Delete every workflow of a tenant; requests keep the plans that they have."""
    Workflow.objects.for_tenant(tenant).delete()


def delete_workflow(*, tenant: Tenant, workflow_type: str) -> None:
    """Delete a workflow; requests keep the plans that they have."""
    transaction_required()
    Workflow.objects.for_tenant(tenant).filter(workflow_type=workflow_type).delete()


def find_workflow(*, tenant: Tenant, workflow_type: str) -> WorkflowItem | None:
    """Return a workflow by its name."""
    return next(iter(_items(Workflow.objects.for_tenant(tenant).filter(workflow_type=workflow_type))), None)


def stored_workflows(*, tenant: Tenant) -> list[WorkflowItem]:
    """Return the workflows of a tenant, by name."""
    return _items(Workflow.objects.for_tenant(tenant))


def workflows_by_worker_type(*, tenant: Tenant) -> dict[str, list[str]]:
    """Return the workflows that each worker type has a step of."""
    found: dict[str, list[str]] = {}
    for workflow in stored_workflows(tenant=tenant):
        for worker_type in dict.fromkeys(name for step in workflow.steps for name in step.worker_types):
            found.setdefault(worker_type, []).append(workflow.workflow_type)
    return found


def _items(stored: QuerySet[Workflow]) -> list[WorkflowItem]:
    return [
        WorkflowItem(
            workflow_type=workflow.workflow_type,
            steps=tuple(WorkflowStep.from_value(step) for step in workflow.steps),
            keep_errors=workflow.keep_errors,
            priority=workflow.priority,
            keep_headers=workflow.keep_headers,
        )
        for workflow in stored.order_by("workflow_type")
    ]


def broken_workflows(*, tenant: Tenant) -> list[str]:
    """Return what is wrong with the stored workflows: their worker types may have changed since."""
    workers = _workers(tenant)
    return [
        fault.text
        for workflow in stored_workflows(tenant=tenant)
        for fault in chain_faults(workflow=workflow, workers=workers)
    ]


def _workers(tenant: Tenant) -> Workers:
    return {worker.worker_type: worker for worker in stored_worker_types(tenant=tenant)}


def _type_clash(clashing: Sequence[Item[WorkflowItem]]) -> Fault:
    names = ", ".join(item.content.workflow_type for item in clashing)
    allowed = f"names that no worker type takes as a content type, unlike {names}"
    return Fault(text=_TYPE_CLASH, field="workflowType", allowed=allowed, clashes=True)


def _write(tenant: Tenant, accepted: dict[str, WorkflowItem]) -> None:
    Workflow.objects.bulk_create(
        [
            Workflow(
                tenant=tenant,
                workflow_type=item.workflow_type,
                steps=item.steps_value(),
                keep_errors=item.keep_errors,
                priority=item.priority,
                keep_headers=item.keep_headers,
            )
            for item in accepted.values()
        ],
        update_conflicts=True,
        unique_fields=["tenant", "workflow_type"],
        update_fields=["steps", "keep_errors", "priority", "keep_headers"],
    )
