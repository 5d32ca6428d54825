"""Changes of processes inside a transaction; whoever orders processes hears of each."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from regards_processing.kernel.auth.services.role_names import check_role
from regards_processing.kernel.db.transactions import transaction_required
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.outbox.services import publish_after_commit
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries
from regards_processing.processing.events.rights_changed import ChangeType, RightsChanged
from regards_processing.processing.models import Batch, DatasetLink, PluginConfiguration, Process
from regards_processing.processing.plugin_values import ConfiguredProcess, Rights
from regards_processing.processing.services import plugin_configurations
from regards_processing.processing.services.outputs import drop_batches


class NotAProcessId(DomainError):
    """The id of a process must be a UUID, written as UUIDs are: it is told so in paths, links and events."""

    code = "NOT_A_PROCESS_ID"
    http_status = 422

    def __init__(self, business_id: str) -> None:
        super().__init__(
            f"businessId {business_id} is refused: the id of a process must be a UUID "
            "in lower case, with its four dashes"
        )


class ProcessExists(DomainError):
    """There is a process of this plugin configuration already."""

    code = "PROCESS_EXISTS"
    http_status = 409

    def __init__(self, process_id: UUID) -> None:
        super().__init__(f"There is already a process {process_id}: change it instead")


def grant(*, tenant: Tenant, row: PluginConfiguration, rights: Rights, at: datetime) -> ConfiguredProcess:
    """Make a process of a stored plugin configuration.

    Raises:
        UnknownRole: the rights name a role that does not exist.
        NotAProcessId: the business id of the configuration is no UUID, or not written as they are.
        ProcessExists: a process was made of it before.
    """
    transaction_required()
    check_role(role=rights.role, tenant=tenant)
    process_id = process_id_of(row.business_id)
    if Process.objects.for_tenant(tenant).filter(process_id=process_id).exists():
        raise ProcessExists(process_id)
    process = Process.objects.create(
        tenant=tenant,
        process_id=process_id,
        configuration=row,
        role=rights.role,
        linked_to_all_datasets=rights.linked_to_all_datasets,
        max_concurrent=rights.max_concurrent or 0,
    )
    _link(tenant, process, rights.datasets)
    made = queries.process(tenant=tenant, process_id=process_id)
    _tell(RightsChanged(tenant=tenant.name, type=ChangeType.CREATE, process=made), at)
    return made


def change_rights(
    *, tenant: Tenant, before: ConfiguredProcess, rights: Rights, at: datetime
) -> ConfiguredProcess:
    """Change who may order a process; its configuration may have been changed since ``before``.

    An update is told even where nothing is different: by contract, and for those who missed the last one.
    A role that stays is not asked for again: what else is changed, or switched off, does not depend on it.

    Raises:
        UnknownRole: the rights name another role than before, which does not exist.
    """
    transaction_required()
    if rights.role != before.rights.role:
        check_role(role=rights.role, tenant=tenant)
    process = Process.objects.for_tenant(tenant).get(process_id=before.process_id)
    process.role, process.linked_to_all_datasets = rights.role, rights.linked_to_all_datasets
    if rights.max_concurrent is not None:
        process.max_concurrent = rights.max_concurrent
    process.save(update_fields=["role", "linked_to_all_datasets", "max_concurrent"])
    process.datasets.all().delete()
    _link(tenant, process, rights.datasets)
    after = queries.process(tenant=tenant, process_id=before.process_id)
    _tell(RightsChanged(tenant=tenant.name, type=ChangeType.UPDATE, process=after, replaced=before), at)
    return after


def remove(*, tenant: Tenant, process: ConfiguredProcess, at: datetime) -> None:
    """Delete a process, its plugin configuration, and its batches with their files.

    All executions of the batches have ended.

    Raises:
        ConfigurationUsed: other plugin configurations use that of the process; nothing is changed.
    """
    transaction_required()
    row = queries.configuration_row(tenant=tenant, business_id=process.plugin.business_id or "")
    plugin_configurations.delete(row=row, at=at)
    drop_batches(batches=Batch.objects.for_tenant(tenant).filter(process_id=process.process_id))
    _tell(RightsChanged(tenant=tenant.name, type=ChangeType.DELETE, process=process), at)


def process_id_of(business_id: str) -> UUID:
    """Return the id of the process of a plugin configuration.

    Raises:
        NotAProcessId: the business id is no UUID, or not written as they are.
    """
    try:
        process_id = UUID(business_id)
    except ValueError:
        raise NotAProcessId(business_id) from None
    if str(process_id) != business_id:
        raise NotAProcessId(business_id)
    return process_id


def _link(tenant: Tenant, process: Process, datasets: Collection[str]) -> None:
    DatasetLink.objects.bulk_create(
        [DatasetLink(tenant=tenant, process=process, dataset=dataset) for dataset in datasets]
    )


def _tell(event: RightsChanged, at: datetime) -> None:
    publish_after_commit(messages=[event.to_message()], at=at)
