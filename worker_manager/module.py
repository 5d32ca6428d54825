"""What the worker manager plugs into the platform: its configuration items and its tenant settings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings

from regards_processing.kernel.configuration.faults import Value
from regards_processing.kernel.configuration.items import Importing, Item, Refusals
from regards_processing.kernel.configuration.modules import Module
from regards_processing.kernel.dynamic_settings.definitions import Definition
from regards_processing.kernel.rest.services import RS_WORKER_MANAGER
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.configuration import worker_items, workflow_items
from worker_manager.configuration.worker_items import WorkerItem
from worker_manager.configuration.workflow_items import WorkflowItem
from worker_manager.queries import HISTORY_KEPT, SKIPPED_CONTENT_TYPES
from worker_manager.services import configuration_updates, worker_types, workflows
from worker_manager.services.skipped_content_types import check_skipped_content_types

#: Ten years.
_LONGEST_KEPT: Final = 10 * 366 * 86_400


class WorkerItems:
    """Items that configure worker types."""

    key: str = worker_items.KEY
    schema: Value = worker_items.SCHEMA
    tells_unknown_fields: bool = True
    noun: str = "worker type"
    subject: str = "worker_types"
    name_field: str = "workerType"

    def read(self, value: Value) -> WorkerItem:
        """Read a worker type."""
        return worker_items.read_worker(value)

    def store(self, *, importing: Importing, items: Sequence[Item[WorkerItem]]) -> Refusals:
        """Store the worker types that fit."""
        return worker_types.store_worker_types(tenant=importing.tenant, items=items)

    def reset(self, *, tenant: Tenant, at: datetime) -> Sequence[str]:  # noqa: ARG002 (of every kind)
        """Delete all worker types."""
        worker_types.forget_worker_types(tenant=tenant)
        return ()

    def exported(self, *, tenant: Tenant) -> Iterable[Value]:
        """Return all worker types."""
        return [worker.to_value() for worker in worker_types.stored_worker_types(tenant=tenant)]

    def find(self, *, tenant: Tenant, name: str) -> Value | None:
        """Return a worker type."""
        worker = worker_types.find_worker_type(tenant=tenant, worker_type=name)
        return worker.to_value() if worker else None

    def users(self, *, tenant: Tenant) -> Mapping[str, Sequence[str]]:
        """Return the workflows that have a step of each worker type."""
        found = workflows.workflows_by_worker_type(tenant=tenant)
        return {name: [f"workflow {workflow}" for workflow in users] for name, users in found.items()}

    def delete(self, *, tenant: Tenant, name: str) -> None:
        """Delete a worker type."""
        worker_types.delete_worker_type(tenant=tenant, worker_type=name)


class WorkflowItems:
    """Items that configure workflows."""

    key: str = workflow_items.KEY
    schema: Value = workflow_items.SCHEMA
    tells_unknown_fields: bool = True
    noun: str = "workflow"
    subject: str = "workflows"
    name_field: str = "workflowType"

    def read(self, value: Value) -> WorkflowItem:
        """Read a workflow."""
        return workflow_items.read_workflow(value)

    def store(self, *, importing: Importing, items: Sequence[Item[WorkflowItem]]) -> Refusals:
        """Store the workflows that fit; as in REGARDS none of them, when one could not be read."""
        tenant = importing.tenant
        if self.key in importing.unreadable:
            refusals = workflows.refuse_all(items)
        else:
            refusals = workflows.store_workflows(tenant=tenant, items=items)
        importing.warnings += workflows.broken_workflows(tenant=tenant)
        return refusals

    def reset(self, *, tenant: Tenant, at: datetime) -> Sequence[str]:  # noqa: ARG002 (of every kind)
        """Delete all workflows."""
        workflows.forget_workflows(tenant=tenant)
        return ()

    def exported(self, *, tenant: Tenant) -> Iterable[Value]:
        """Return all workflows."""
        return [workflow.to_value() for workflow in workflows.stored_workflows(tenant=tenant)]

    def find(self, *, tenant: Tenant, name: str) -> Value | None:
        """Return a workflow."""
        workflow = workflows.find_workflow(tenant=tenant, workflow_type=name)
        return workflow.to_value() if workflow else None

    def users(self, *, tenant: Tenant) -> Mapping[str, Sequence[str]]:  # noqa: ARG002 (the protocol's signature)
        """Return nothing: no configuration needs a workflow."""
        return {}

    def delete(self, *, tenant: Tenant, name: str) -> None:
        """Delete a workflow."""
        workflows.delete_workflow(tenant=tenant, workflow_type=name)


SKIPPED: Final = Definition(
    name=SKIPPED_CONTENT_TYPES,
    description="List of content-types to ignore for requests dispatch.",
    default=[],
    schema={"type": "array", "items": {"type": "string"}},
    class_name="java.util.ArrayList",
    check_fit=check_skipped_content_types,
)
KEPT: Final = Definition(
    name=HISTORY_KEPT,
    description="Seconds that finished requests are remembered.",
    default=settings.HISTORY_KEPT,
    schema={"type": "integer", "minimum": 0, "maximum": _LONGEST_KEPT},
    class_name="java.lang.Integer",
    ours=True,
)
MODULE: Final = Module(
    service=RS_WORKER_MANAGER,
    name="Worker Manager module",
    description="Dispatch request to workers",
    version="1.8.0",
    author="REGARDS",
    legal_owner="CNES",
    documentation="https://regardsoss.github.io/",
    settings=(SKIPPED, KEPT),
    items=(WorkerItems(), WorkflowItems()),
    on_change=configuration_updates.announce,
)
