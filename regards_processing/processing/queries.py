"""Reads of processes; each is a constant number of statements."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from regards_processing.kernel.db.key_pairs import of_pairs
from regards_processing.kernel.db.reads import select
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import (
    Batch,
    DatasetLink,
    Execution,
    PluginConfiguration,
    Process,
)
from regards_processing.processing.plugin_values import (
    ConfiguredProcess,
    PluginValues,
    Rights,
    StoredParameter,
)
from regards_processing.processing.states import OPEN

#: Batch, and digest of what its order calls an execution.
OrderKey = tuple[UUID, str]


class UnknownProcess(DomainError):
    """There is no such process."""

    code = "UNKNOWN_PROCESS"
    http_status = 404

    def __init__(self, process_id: UUID) -> None:
        # The words of the reference.
        super().__init__(f'404 NOT_FOUND "Rights for plugin with UUID {process_id} not found"')


class UnknownPluginConfiguration(DomainError):
    """There is no such plugin configuration."""

    code = "UNKNOWN_PLUGIN_CONFIGURATION"
    http_status = 404

    def __init__(self, business_id: str) -> None:
        super().__init__(f"There is no plugin configuration {business_id}")


class UnknownExecution(DomainError):
    """There is no such execution."""

    code = "UNKNOWN_EXECUTION"
    http_status = 404

    def __init__(self, execution_id: UUID) -> None:
        super().__init__(f"There is no execution {execution_id}")


def processes(*, tenant: Tenant, **conditions: Any) -> list[ConfiguredProcess]:
    """Return the processes of a tenant that meet some conditions, by label; two statements."""
    rows = Process.objects.for_tenant(tenant).filter(**conditions).order_by("configuration__label", "pk")
    return [_process(row) for row in rows.select_related("configuration").prefetch_related("datasets")]


def process(*, tenant: Tenant, process_id: UUID) -> ConfiguredProcess:
    """Return a process.

    Raises:
        UnknownProcess: the tenant has none of this id.
    """
    found = processes(tenant=tenant, process_id=process_id)
    if not found:
        raise UnknownProcess(process_id)
    return found[0]


def uses_of_role(*, tenant: Tenant, role: str) -> list[str]:
    """Name the processes that those of a role may order; one statement."""
    rows = Process.objects.for_tenant(tenant).filter(role=role).order_by("configuration__label", "pk")
    named = rows.values_list("configuration__label", "process_id")
    return [f"process {label} ({process_id})" for label, process_id in named]


def processes_in_use(*, tenant: Tenant, process_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those processes of which executions have not ended."""
    executions = Execution.objects.for_tenant(tenant).filter(process_id__in=process_ids)
    open_ones = executions.filter(status__in=sorted(OPEN)).order_by()
    return frozenset(open_ones.values_list("process_id", flat=True).distinct())


def open_orders(*, orders: Collection[OrderKey]) -> set[OrderKey]:
    """Return which of these orders have an execution that has not ended.

    A batch has one tenant: orders of a batch that was read by its tenant find no others.
    """
    if not orders:
        return set()
    statuses = ", ".join(f"'{status.value}'" for status in sorted(OPEN))
    query = of_pairs(
        table=Execution._meta.db_table,
        columns="tenant_id, batch_id, correlation_digest",
        key={"batch_id": "uuid", "correlation_digest": "text"},
        pairs=orders,
        condition=f"status IN ({statuses})",
    )
    return {(UUID(str(batch)), digest) for _, batch, digest in select(*query, by_index=True)}


def ended_orders(*, orders: Collection[OrderKey], since: datetime) -> set[OrderKey]:
    """Return which of these orders have an execution that has ended since a time, those tried again aside.

    Asked only for what the broker delivers again: it reads the executions of their batches.
    """
    if not orders:
        return set()
    batches, digests = map(set, zip(*orders, strict=True))
    known = Execution.objects.across_tenants(because="a batch has one tenant, by which it was read")
    found = known.filter(batch__in=batches, correlation_digest__in=digests, last_updated__gte=since)
    tried_first = found.filter(retry_of=None).exclude(status__in=sorted(OPEN))
    return set(tried_first.order_by().values_list("batch_id", "correlation_digest")) & set(orders)


def keep_batches(*, tenants: Collection[Tenant], ids: Collection[UUID]) -> None:
    """Let nobody drop some batches before the transaction ends; wait for those that are being dropped.

    Other orders of the same batches go on. On SQLite a writer has the database for itself.
    """
    if ids and connection.features.has_select_for_update:
        select(
            f"SELECT id FROM {Batch._meta.db_table} WHERE tenant_id = ANY(%s) AND id = ANY(%s) "  # noqa: S608 (our own words)
            "ORDER BY id FOR KEY SHARE",
            [[tenant.pk for tenant in tenants], list(ids)],
        )


def was_ordered_again(*, execution: Execution) -> bool:
    """Return whether there is a newer execution of the same order, which alone can be tried again."""
    same_order = Execution.objects.of_tenants([execution.tenant_id]).filter(
        batch_id=execution.batch_id, correlation_digest=execution.correlation_digest
    )
    same_time = Q(created=execution.created, pk__gt=execution.pk)
    return same_order.filter(Q(created__gt=execution.created) | same_time).exists()


def locked_executions(*, ids: Collection[UUID], skip_locked: bool = False) -> list[Execution]:
    """Lock those of some executions that have not ended, and return them with their tenants; two statements.

    Their input files are left in the table: they would be read by every sweep.

    They are asked for by their primary keys alone: PostgreSQL would take any index that has one more of the
    words that are asked for, and read all that it has of them, as long as it knows of few executions.
    """
    known = Execution.objects.across_tenants(because="these very executions are meant")
    found = known.filter(pk__in=ids).without_files().locked(skip_locked=skip_locked)
    open_ones = [execution for execution in found if execution.status in OPEN]
    tenants = Tenant.objects.in_bulk({execution.tenant_id for execution in open_ones})
    for execution in open_ones:
        execution.tenant = tenants[execution.tenant_id]
    return open_ones


def configurations_of_processes(*, tenant: Tenant, pks: Collection[int]) -> frozenset[int]:
    """Return those plugin configurations, by their technical ids, that processes are made of."""
    made = Process.objects.for_tenant(tenant).filter(configuration__in=pks)
    return frozenset(made.values_list("configuration_id", flat=True))


def configuration_row(*, tenant: Tenant, business_id: str) -> PluginConfiguration:
    """Return the row of a plugin configuration.

    Raises:
        UnknownPluginConfiguration: the tenant has none of this id.
    """
    found = PluginConfiguration.objects.for_tenant(tenant).filter(business_id=business_id)
    row: PluginConfiguration | None = found.order_by("pk").first()
    if row is None:
        raise UnknownPluginConfiguration(business_id)
    return row


def configurations(*, tenant: Tenant, **conditions: Any) -> list[PluginValues]:
    """Return the plugin configurations of a tenant that meet some conditions, by label."""
    rows = PluginConfiguration.objects.for_tenant(tenant).filter(**conditions)
    return [values_of_row(row) for row in rows.order_by("label", "pk")]


def processes_of_datasets(
    *, tenant: Tenant, datasets: Collection[str]
) -> Mapping[str, list[tuple[UUID, str]]]:
    """Return, for each dataset, id and label of the processes that may be ordered for it; two statements."""
    rows = Process.objects.for_tenant(tenant).order_by("configuration__label", "pk")
    labels = {
        pk: (process_id, label, to_all)
        for pk, process_id, label, to_all in rows.values_list(
            "pk", "process_id", "configuration__label", "linked_to_all_datasets"
        )
    }
    links = DatasetLink.objects.for_tenant(tenant).filter(Q(dataset__in=list(datasets)))
    linked: dict[str, set[int]] = {}
    for dataset, pk in links.values_list("dataset", "process_id"):
        linked.setdefault(dataset, set()).add(pk)
    return {
        dataset: [
            (process_id, label)
            for pk, (process_id, label, to_all) in labels.items()
            if to_all or pk in linked.get(dataset, ())
        ]
        for dataset in datasets
    }


def values_of_row(row: PluginConfiguration) -> PluginValues:
    """Return a stored plugin configuration as a value."""
    return PluginValues(
        pk=row.pk,
        plugin_id=row.plugin_id,
        label=row.label,
        business_id=row.business_id,
        version=row.version,
        priority_order=row.priority_order,
        active=row.active,
        parameters=tuple(StoredParameter.from_json(stored) for stored in row.parameters),
        icon_url=row.icon_url,
    )


def _process(row: Process) -> ConfiguredProcess:
    return ConfiguredProcess(
        process_id=row.process_id,
        plugin=values_of_row(row.configuration),
        rights=Rights(
            role=row.role,
            datasets=tuple(sorted(link.dataset for link in row.datasets.all())),
            linked_to_all_datasets=row.linked_to_all_datasets,
            max_concurrent=row.max_concurrent,
        ),
    )
