"""Open batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from regards_processing.kernel.amqp.topology import PROCESSING_OWNER
from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.auth.access import Access
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries
from regards_processing.processing.execution_order import CONTENT_TYPE, WORKER_TYPE
from regards_processing.processing.models import Batch
from regards_processing.processing.plugin_checks import values_of, violations_of, with_overrides
from regards_processing.processing.plugin_values import ConfiguredProcess
from regards_processing.processing.sensitive import opened, sealed_texts
from regards_processing.processing.services.catalogue import NoSuchProcess, offered_processes_of
from regards_processing.processing.services.quotas import allowance_of
from worker_manager.services.worker_types import ensure_worker_type
from workers.processes.registry import plugins

#: Who has the engine route executions, when the tenant does not.
_PLATFORM: Final = Actor(name=PROCESSING_OWNER, origin=Origin.PLATFORM)


class ProcessNotOffered(DomainError):
    """The process exists, and cannot be ordered."""

    code = "PROCESS_NOT_OFFERED"
    http_status = 422


class BatchRefused(DomainError):
    """The process does not take this batch."""

    code = "BATCH_REFUSED"
    http_status = 422

    def __init__(self, *violations: str) -> None:
        super().__init__("; ".join(violations))
        self.violations = violations

    @property
    def messages(self) -> Sequence[str]:
        """One text for each violation."""
        return self.violations


class NotForThisRole(DomainError):
    """The role of the user may not order this process."""

    code = "NOT_FOR_THIS_ROLE"
    http_status = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOrder:
    """What an order service asks for."""

    correlation_id: str
    process_id: UUID
    user: str
    user_role: str
    parameters: Mapping[str, str]
    filesets: Mapping[str, Mapping[str, Any]]


@transaction
def order_batch(*, tenant: Tenant, order: BatchOrder, actor: Actor, at: datetime) -> Batch:
    """Open a batch as `open_batch` does, and record who did."""
    batch = open_batch(tenant=tenant, order=order, at=at)
    details = {
        "process": str(order.process_id),
        "correlationId": order.correlation_id,
        "user": order.user,
        "role": order.user_role,
        "executions": _executions(order),
    }
    target = str(batch.pk)
    record(actor=actor, tenant=tenant.name, action="batch.opened", target=target, details=details, at=at)
    return batch


@transaction
def open_batch(*, tenant: Tenant, order: BatchOrder, at: datetime) -> Batch:
    """Open a batch of a process; its executions are ordered later, by message.

    Raises:
        NoSuchProcess: the tenant has no process of this id.
        ProcessNotOffered: it is inactive, or broken.
        NotForThisRole: the role of the user may not order it.
        BatchRefused: it is not for one of the datasets, a parameter cannot be given so, its plugin is
            against it, or it is more than the quotas of the tenant and of the user leave.
    """
    configured = queries.processes(tenant=tenant, process_id=order.process_id)
    if not configured:
        raise NoSuchProcess(order.process_id)
    offered = offered_processes_of(tenant=tenant, configured=configured)
    if not offered:
        raise ProcessNotOffered(f"Process {order.process_id} is inactive, or its configuration is broken")
    (offer,) = offered
    process = offer.process
    if settings.PROCESS_RIGHTS_CHECKED:
        _check_role(tenant, process, order)
        _check_datasets(process, order)
    violations = [*_plugin_violations(process, order), *_quota_violations(tenant, order, at)]
    if violations:
        raise BatchRefused(*violations)
    ensure_worker_type(
        tenant=tenant, worker_type=WORKER_TYPE, content_type=CONTENT_TYPE, actor=_PLATFORM, at=at
    )
    return Batch.objects.create(
        tenant=tenant,
        correlation_id=order.correlation_id,
        process_id=order.process_id,
        process_name=offer.name,
        process_info=offer.info_for(tenant.name),
        user_email=order.user,
        user_role=order.user_role,
        parameters=sealed_texts(given=order.parameters, plugin=plugins()[process.plugin.plugin_id]),
        filesets=dict(order.filesets),
        created=at,
    )


def _check_role(tenant: Tenant, process: ConfiguredProcess, order: BatchOrder) -> None:
    user = Caller(tenant=tenant.name, login=order.user, email=order.user, role=order.user_role)
    if not Access.of(user).includes(process.rights.role):
        raise NotForThisRole(
            f"Role {order.user_role} may not order process {process.process_id}, "
            f"which is for {process.rights.role} and above"
        )


def _plugin_violations(process: ConfiguredProcess, order: BatchOrder) -> list[str]:
    """Return what is wrong with the values that an order gives, or else what the plugin has against it."""
    known = plugins()
    plugin = known[process.plugin.plugin_id]
    stored = opened(values=process.plugin, plugins=known)
    values, faults = with_overrides(stored=stored, plugin=plugin, given=order.parameters)
    if faults:
        return [fault.text for fault in faults]
    parameters = values_of(stored=values, plugin=plugin)
    return violations_of(
        lambda: plugin.batch_violations(parameters, order.filesets), plugin_id=plugin.metadata.plugin_id
    )


def _quota_violations(tenant: Tenant, order: BatchOrder, at: datetime) -> list[str]:
    return allowance_of(tenant=tenant, user=order.user, at=at).violations(
        user=order.user,
        executions=_executions(order),
        size=sum(fileset["totalBytes"] for fileset in order.filesets.values()),
    )


def _executions(order: BatchOrder) -> int:
    return sum(fileset["executionCount"] for fileset in order.filesets.values())


def _check_datasets(process: ConfiguredProcess, order: BatchOrder) -> None:
    if process.rights.linked_to_all_datasets:
        return
    others = sorted(set(order.filesets).difference(process.rights.datasets))
    if others:
        raise BatchRefused(f"Process {process.process_id} may not be ordered for {', '.join(others)}")
