"""Configure worker types and the content types that go to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from django.db.models import QuerySet

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.configuration import lock
from regards_processing.kernel.configuration.faults import Fault
from regards_processing.kernel.configuration.items import Item, Refusals
from regards_processing.kernel.db.transactions import transaction_required
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.configuration.worker_items import WorkerItem, read_worker
from worker_manager.models import InputContentType, WorkerType, Workflow
from worker_manager.policy import UNSET, Policy
from worker_manager.services import configuration_updates
from workers.contract import names

_CLASH: Final = "WorkerConf with type={worker} declares contentType [{names}] which are {why}"
_SAME_QUEUE: Final = (
    "WorkerConf with type={worker} differs only by case from [{other}]: both would share one queue"
)


def store_worker_types(*, tenant: Tenant, items: Sequence[Item[WorkerItem]]) -> Refusals:
    """Store the worker types that fit the tenant's configuration, each in place of its earlier self.

    The order of the items is of no importance: one may take a content type that another gives up.
    """
    transaction_required()
    claims = _Claims.of(tenant)
    accepted: dict[str, WorkerItem] = {}
    refusals = _accept(items, claims, accepted)
    refusals = _accept([item for item in items if item.position in refusals], claims, accepted)
    _write(tenant, accepted)
    return refusals


def ensure_worker_type(
    *, tenant: Tenant, worker_type: str, content_type: str, actor: Actor, at: datetime
) -> None:
    """Have a content type go to a worker type, unless the tenant sends it somewhere already, or skips it.

    For services of the platform, whose requests would wait for a configuration otherwise. A worker type that
    is configured gets one more content type; else it is made. Services hear of errors themselves: then
    requests in error are not kept.
    """
    transaction_required()
    taken = InputContentType.objects.for_tenant(tenant).filter(content_type=content_type)
    if taken.exists():
        return
    lock.hold(tenant)
    earlier = find_worker_type(tenant=tenant, worker_type=worker_type)
    value = {"workerType": worker_type, "contentTypeInputs": [content_type], "keepErrors": False}
    item = replace(earlier, inputs=(*earlier.inputs, content_type)) if earlier else read_worker(value)
    # Others may have seen to it until the lock was free.
    if taken.exists() or _Claims.of(tenant).faults(item):
        return
    _write(tenant, {worker_type: item})
    configuration_updates.announce(tenant=tenant, at=at)
    before = {"earlier": earlier.to_value()} if earlier else {}
    record(
        actor=actor,
        tenant=tenant.name,
        action="worker_types.updated" if earlier else "worker_types.created",
        target=worker_type,
        at=at,
        details={"value": item.to_value(), **before},
    )


def forget_worker_types(*, tenant: Tenant) -> None:
    """Delete every worker type of a tenant; requests keep the plans that they have."""
    WorkerType.objects.for_tenant(tenant).delete()


def delete_worker_type(*, tenant: Tenant, worker_type: str) -> None:
    """Delete a worker type; requests keep the plans that they have."""
    transaction_required()
    WorkerType.objects.for_tenant(tenant).filter(worker_type=worker_type).delete()


def find_worker_type(*, tenant: Tenant, worker_type: str) -> WorkerItem | None:
    """Return a worker type by its name."""
    return next(iter(_items(WorkerType.objects.for_tenant(tenant).filter(worker_type=worker_type))), None)


def stored_worker_types(*, tenant: Tenant) -> list[WorkerItem]:
    """Return the worker types of a tenant, by name."""
    return _items(WorkerType.objects.for_tenant(tenant))


def _items(stored: QuerySet[WorkerType]) -> list[WorkerItem]:
    return [
        WorkerItem(
            worker_type=worker.worker_type,
            inputs=tuple(sorted(entry.content_type for entry in worker.inputs.all())),
            output=worker.content_type_out,
            keep_errors=worker.keep_errors,
            policy=Policy.from_json(worker.policy),
            max_in_flight=worker.max_in_flight,
            priority=worker.priority,
        )
        for worker in stored.prefetch_related("inputs").order_by("worker_type")
    ]


@dataclass(slots=True, kw_only=True)
class _Claims:
    """Which names of a tenant are taken, and by whom."""

    #: Content type → the worker type that takes it.
    owners: dict[str, str]
    #: Queue → the worker type that has it.
    queues: dict[str, str]
    skipped: frozenset[str]
    workflow_types: frozenset[str]

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        """Read the claims of what is stored."""
        inputs = InputContentType.objects.for_tenant(tenant)
        worker_types = WorkerType.objects.for_tenant(tenant).values_list("worker_type", flat=True)
        workflow_types = Workflow.objects.for_tenant(tenant).values_list("workflow_type", flat=True)
        skipped = queries.skipped_content_types(tenant_ids=[tenant.pk])
        return cls(
            owners=dict(inputs.values_list("content_type", "worker_type__worker_type")),
            queues={names.request_queue(worker_type): worker_type for worker_type in worker_types},
            skipped=skipped.get(tenant.pk, frozenset()),
            workflow_types=frozenset(workflow_types),
        )

    def faults(self, item: WorkerItem) -> list[Fault]:
        """Return what stands in the way of a worker type."""
        taken = {name: self.owners[name] for name in item.inputs if self._is_taken(name, item)}
        skipped = [name for name in item.inputs if name in self.skipped]
        workflows = [name for name in item.inputs if name in self.workflow_types]
        return [
            *self._same_queue(item),
            *_clash(item, sorted(taken), f"already used by [{', '.join(sorted(set(taken.values())))}]"),
            *_clash(item, skipped, "already used inside the skipContentTypes setting"),
            *_clash(item, sorted(workflows), "workflow types"),
        ]

    def take(self, item: WorkerItem) -> None:
        """Give a worker type what it asks for, and take from it what it had."""
        self.owners = {name: owner for name, owner in self.owners.items() if owner != item.worker_type}
        self.owners.update(dict.fromkeys(item.inputs, item.worker_type))
        self.queues[names.request_queue(item.worker_type)] = item.worker_type

    def _is_taken(self, name: str, item: WorkerItem) -> bool:
        return self.owners.get(name, item.worker_type) != item.worker_type

    def _same_queue(self, item: WorkerItem) -> list[Fault]:
        other = self.queues.get(names.request_queue(item.worker_type), item.worker_type)
        if other == item.worker_type:
            return []
        text = _SAME_QUEUE.format(worker=item.worker_type, other=other)
        allowed = f"{other}, or a name that differs by more"
        return [Fault(text=text, field="workerType", allowed=allowed, clashes=True)]


def _accept(items: Iterable[Item[WorkerItem]], claims: _Claims, accepted: dict[str, WorkerItem]) -> Refusals:
    refusals: Refusals = {}
    for item in items:
        faults = claims.faults(item.content)
        if faults:
            refusals[item.position] = faults
        else:
            claims.take(item.content)
            accepted[item.content.worker_type] = item.content
    return refusals


def _write(tenant: Tenant, accepted: dict[str, WorkerItem]) -> None:
    """Store worker types and their inputs, with the same few statements however many there are."""
    WorkerType.objects.bulk_create(
        [
            WorkerType(
                tenant=tenant,
                worker_type=item.worker_type,
                content_type_out=item.output,
                keep_errors=item.keep_errors,
                policy=None if item.policy == UNSET else item.policy.to_json(),
                max_in_flight=item.max_in_flight,
                priority=item.priority,
            )
            for item in accepted.values()
        ],
        update_conflicts=True,
        unique_fields=["tenant", "worker_type"],
        update_fields=["content_type_out", "keep_errors", "policy", "max_in_flight", "priority"],
    )
    stored = WorkerType.objects.for_tenant(tenant).filter(worker_type__in=accepted)
    keys = dict(stored.values_list("worker_type", "pk"))
    InputContentType.objects.for_tenant(tenant).filter(worker_type__in=keys.values()).delete()
    InputContentType.objects.bulk_create(
        [
            InputContentType(tenant=tenant, worker_type_id=keys[item.worker_type], content_type=name)
            for item in accepted.values()
            for name in item.inputs
        ]
    )


def _clash(item: WorkerItem, taken: Sequence[str], why: str) -> list[Fault]:
    if not taken:
        return []
    text = _CLASH.format(worker=item.worker_type, names=", ".join(taken), why=why)
    allowed = "content types that nothing else uses"
    return [Fault(text=text, field="contentTypeInputs", allowed=allowed, clashes=True)]
