"""Make, change and delete processes."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.configuration import lock
from regards_processing.kernel.configuration.seen import check_seen
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries
from regards_processing.processing.models import Batch
from regards_processing.processing.plugin_values import ConfiguredProcess, PluginValues, Rights
from regards_processing.processing.services import plugin_configurations, process_changes
from regards_processing.processing.services.outputs import BatchesInUse, forget_quiet

#: Batches of which nothing was heard for so long await no order.
_QUIET: Final = timedelta(hours=1)


class IdsDiffer(DomainError):
    """The ids in path and body differ."""

    code = "IDS_DIFFER"
    http_status = 400


class ProcessInUse(DomainError):
    """Executions of the process have not ended."""

    code = "PROCESS_IN_USE"
    http_status = 422

    def __init__(self, process_id: UUID) -> None:
        # The words of the reference.
        super().__init__(f"Can not delete process {process_id} because still in use by executions.")


@transaction
def create_process(
    *, tenant: Tenant, plugin: PluginValues, rights: Rights, actor: Actor, at: datetime
) -> ConfiguredProcess:
    """Make a process of a new plugin configuration, or of the one that has the business id given.

    Raises:
        InvalidPluginConfiguration: the new configuration does not fit its plugin.
        UnknownPluginConfiguration: a business id is given, and nothing has it.
        NotAProcessId: that business id is no UUID.
        ProcessExists: a process was made of it before.
        UnknownRole: the rights name a role that does not exist.
    """
    lock.hold(tenant)
    if plugin.business_id is None:
        new = replace(plugin, business_id=str(uuid4()))
        row = plugin_configurations.create(tenant=tenant, wanted=new, at=at)
    else:
        row = queries.configuration_row(tenant=tenant, business_id=plugin.business_id)
    made = process_changes.grant(tenant=tenant, row=row, rights=rights, at=at)
    _record(tenant, made, "process.created", actor, at)
    return made


@transaction
def update_process(
    *,
    tenant: Tenant,
    process_id: UUID,
    plugin: PluginValues,
    rights: Rights,
    actor: Actor,
    at: datetime,
    keep_links: bool = False,
    seen: str | None = None,
) -> ConfiguredProcess:
    """Change a process and its plugin configuration.

    With ``keep_links``, rights without any dataset leave those that it is linked to. With ``seen``
    (`seen_of`) it must still be what somebody saw.

    Raises:
        UnknownProcess: the tenant has none of this id.
        SomebodyElseChangedIt: it is not what was seen.
        IdsDiffer: the configuration is that of another process.
        InvalidPluginConfiguration: the configuration does not fit its plugin.
        UnknownRole: the rights name a role that does not exist.
    """
    lock.hold(tenant)
    before = queries.process(tenant=tenant, process_id=process_id)
    check_seen(seen=seen, value=before.to_json())
    if plugin.business_id not in {None, before.plugin.business_id}:
        raise IdsDiffer(f"businessId {plugin.business_id} in the body is not {process_id} of the path")
    row = queries.configuration_row(tenant=tenant, business_id=before.plugin.business_id or "")
    plugin_configurations.overwrite(row=row, wanted=plugin, at=at)
    if keep_links and not rights.datasets:
        rights = replace(rights, datasets=before.rights.datasets)
    return _change_rights(tenant, before, rights, actor, at)


@transaction
def change_role(
    *, tenant: Tenant, process_id: UUID, role: str, actor: Actor, at: datetime
) -> ConfiguredProcess:
    """Change who may order a process.

    Raises:
        UnknownProcess: the tenant has none of this id.
        UnknownRole: there is no such role.
    """
    lock.hold(tenant)
    before = queries.process(tenant=tenant, process_id=process_id)
    return _change_rights(tenant, before, replace(before.rights, role=role), actor, at)


@transaction
def switch_process(*, tenant: Tenant, process_id: UUID, active: bool, actor: Actor, at: datetime) -> bool:
    """Let a process be ordered, or not any more; return whether that is a change.

    Raises:
        UnknownProcess: the tenant has none of this id.
        InvalidPluginConfiguration: its configuration does not fit its plugin.
    """
    lock.hold(tenant)
    before = queries.process(tenant=tenant, process_id=process_id)
    if before.plugin.active == active:
        return False
    row = queries.configuration_row(tenant=tenant, business_id=before.plugin.business_id or "")
    wanted = replace(before.plugin, active=active)
    plugin_configurations.overwrite(row=row, wanted=wanted, at=at)
    _change_rights(tenant, before, before.rights, actor, at)
    return True


def delete_process(*, tenant: Tenant, process_id: UUID, actor: Actor, at: datetime) -> None:
    """Delete a process, its plugin configuration and its batches.

    Batches to which nothing happened for an hour go page by page before; so one transaction drops no more
    than an hour of them, however many there are. They stay dropped if the process is ordered just then.

    Raises:
        UnknownProcess: the tenant has none of this id.
        ProcessInUse: some of its executions have not ended.
        ConfigurationUsed: another plugin configuration uses its own.
    """
    process = queries.process(tenant=tenant, process_id=process_id)
    _check_unused(tenant, process_id)
    plugin_configurations.check_unused(tenant=tenant, business_id=process.plugin.business_id or "")
    batches = Batch.objects.for_tenant(tenant).filter(process_id=process_id)
    forget_quiet(batches=batches, before=at - _QUIET)
    try:
        _delete_process(tenant, process_id, actor, at)
    except BatchesInUse as error:
        raise ProcessInUse(process_id) from error


@transaction
def link_dataset(
    *, tenant: Tenant, dataset: str, process_ids: Collection[UUID], actor: Actor, at: datetime
) -> None:
    """Have a dataset served by these processes, and by no others but those that serve all datasets.

    Raises:
        UnknownProcess: one of them does not exist; nothing is changed.
    """
    lock.hold(tenant)
    processes = {each.process_id: each for each in queries.processes(tenant=tenant)}
    unknown = [process_id for process_id in process_ids if process_id not in processes]
    if unknown:
        raise queries.UnknownProcess(unknown[0])
    for process_id, process in processes.items():
        if (dataset in process.rights.datasets) != (process_id in process_ids):
            # The symmetric difference: in when it was out, out when it was in.
            wanted = tuple(sorted({*process.rights.datasets} ^ {dataset}))
            _change_rights(tenant, process, replace(process.rights, datasets=wanted), actor, at)


@transaction
def _delete_process(tenant: Tenant, process_id: UUID, actor: Actor, at: datetime) -> None:
    lock.hold(tenant)
    process = queries.process(tenant=tenant, process_id=process_id)
    _check_unused(tenant, process_id)
    process_changes.remove(tenant=tenant, process=process, at=at)
    _record(tenant, process, "process.deleted", actor, at)


def _check_unused(tenant: Tenant, process_id: UUID) -> None:
    if process_id in queries.processes_in_use(tenant=tenant, process_ids=[process_id]):
        raise ProcessInUse(process_id)


def _change_rights(
    tenant: Tenant, before: ConfiguredProcess, rights: Rights, actor: Actor, at: datetime
) -> ConfiguredProcess:
    after = process_changes.change_rights(tenant=tenant, before=before, rights=rights, at=at)
    if after != before:
        _record(tenant, after, "process.updated", actor, at)
    return after


def _record(tenant: Tenant, process: ConfiguredProcess, action: str, actor: Actor, at: datetime) -> None:
    """Write into the audit trail what was done, without the parameters: they may hold secrets."""
    details = {"label": process.plugin.label, "rights": process.rights.to_json()}
    target = str(process.process_id)
    record(actor=actor, tenant=tenant.name, action=action, target=target, details=details, at=at)
