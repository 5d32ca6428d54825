"""Store plugin configurations that fit their plugins; whoever uses them hears of each change."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from regards_processing.kernel.configuration.faults import Fault
from regards_processing.kernel.db.transactions import transaction_required
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.outbox.services import publish_after_commit
from regards_processing.kernel.rest.services import RS_PROCESSING
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries, sensitive
from regards_processing.processing.events.plugin_changed import PluginAction, PluginChanged
from regards_processing.processing.models import PluginConfiguration
from regards_processing.processing.plugin_checks import find_faults
from regards_processing.processing.plugin_references import missing, used_by, using_plugins
from regards_processing.processing.plugin_values import PluginValues
from workers.processes.registry import plugins


class InvalidPluginConfiguration(DomainError):
    """A plugin configuration does not fit its plugin."""

    code = "INVALID_PLUGIN_CONFIGURATION"
    http_status = 422

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(" ".join(fault.text for fault in faults))
        self.faults = faults

    @property
    def messages(self) -> Sequence[str]:
        """One text for each fault."""
        return [fault.text for fault in self.faults]


class ConfigurationUsed(DomainError):
    """Other plugin configurations use this one."""

    code = "CONFIGURATION_USED"
    http_status = 403

    def __init__(self, business_id: str, users: Sequence[str]) -> None:
        super().__init__(
            f"Plugin configuration {business_id} is used by {', '.join(users)}: change or delete those first"
        )


def users(*, tenant: Tenant) -> dict[str, list[str]]:
    """Return which plugin configurations are used by others, and the business ids of those; one statement."""
    known = plugins()
    using = using_plugins(plugins=known)
    found: dict[str, set[str]] = {}
    for values in queries.configurations(tenant=tenant, plugin_id__in=using) if using else ():
        user = str(values.business_id)
        for business_ids in used_by(values=values, plugins=known).values():
            for business_id in set(business_ids).difference({user}):
                found.setdefault(business_id, set()).add(user)
    return {business_id: sorted(those) for business_id, those in found.items()}


def create(*, tenant: Tenant, wanted: PluginValues, at: datetime) -> PluginConfiguration:
    """Store a new configuration under its business id, or under one that is made for it.

    Raises:
        InvalidPluginConfiguration: it does not fit its plugin.
    """
    transaction_required()
    row = PluginConfiguration(tenant=tenant, business_id=wanted.business_id or str(uuid4()))
    _write(row, _storable(wanted, tenant=tenant))
    _tell(row, [PluginAction.CREATE], at)
    return row


def overwrite(*, row: PluginConfiguration, wanted: PluginValues, at: datetime) -> PluginConfiguration:
    """Store a configuration over an earlier one, whose business id stays.

    Raises:
        InvalidPluginConfiguration: it does not fit its plugin.
    """
    transaction_required()
    was_active = row.active
    _write(row, _storable(wanted, tenant=row.tenant, stored=queries.values_of_row(row)))
    actions = [PluginAction.UPDATE]
    if row.active != was_active:
        actions.append(PluginAction.ACTIVATE if row.active else PluginAction.DISABLE)
    _tell(row, actions, at)
    return row


def relabel(*, row: PluginConfiguration, wanted: PluginValues, at: datetime) -> PluginConfiguration:
    """Take over label and parameters, and nothing else: what an import does to a configuration there is.

    Raises:
        InvalidPluginConfiguration: the result does not fit its plugin.
    """
    kept = queries.values_of_row(row)
    changed = replace(kept, label=wanted.label, parameters=wanted.parameters, version=wanted.version)
    return overwrite(row=row, wanted=changed, at=at)


def delete(*, row: PluginConfiguration, at: datetime) -> None:
    """Delete a configuration, and the process that is made of it.

    Raises:
        ConfigurationUsed: others use it; nothing is changed.
    """
    transaction_required()
    check_unused(tenant=row.tenant, business_id=row.business_id)
    _tell(row, [PluginAction.DELETE], at)
    row.delete()


def check_unused(*, tenant: Tenant, business_id: str) -> None:
    """Let a configuration pass that may be deleted.

    Raises:
        ConfigurationUsed: others use it.
    """
    others = users(tenant=tenant).get(business_id)
    if others:
        raise ConfigurationUsed(business_id, others)


def _storable(wanted: PluginValues, *, tenant: Tenant, stored: PluginValues | None = None) -> PluginValues:
    """Return a configuration as it can be stored: with the version of its plugin, its secrets encrypted.

    Raises:
        InvalidPluginConfiguration: it does not fit its plugin, or uses a configuration that there is not;
            every fault is named.
    """
    known = plugins()
    sealed = sensitive.sealed(wanted=wanted, stored=stored, plugins=known)
    faults = find_faults(wanted=sensitive.opened(values=sealed, plugins=known), plugins=known)
    faults = faults or _missing(wanted, tenant)
    if faults:
        raise InvalidPluginConfiguration(faults)
    return replace(sealed, version=known[wanted.plugin_id].metadata.version)


def _missing(wanted: PluginValues, tenant: Tenant) -> list[Fault]:
    used = used_by(values=wanted, plugins=plugins())
    named = {business_id for business_ids in used.values() for business_id in business_ids}
    if not named:
        return []
    stored = PluginConfiguration.objects.for_tenant(tenant).filter(business_id__in=named)
    return missing(used=used, existing=set(stored.values_list("business_id", flat=True)))


def _write(row: PluginConfiguration, values: PluginValues) -> None:
    row.plugin_id, row.version, row.label = values.plugin_id, values.version or "", values.label
    row.priority_order, row.active, row.icon_url = values.priority_order, values.active, values.icon_url
    row.parameters = [parameter.to_json() for parameter in values.parameters]
    row.save()


def _tell(row: PluginConfiguration, actions: Sequence[PluginAction], at: datetime) -> None:
    """Tell whoever keeps something of a configuration; one of a plugin that is gone is of no kind."""
    plugin = plugins().get(row.plugin_id)
    events = [
        PluginChanged(
            service=RS_PROCESSING.name,
            tenant=row.tenant.name,
            pk=row.pk,
            business_id=row.business_id,
            label=row.label,
            action=action,
            types=plugin.metadata.interfaces if plugin else (),
        )
        for action in actions
    ]
    messages = [message for event in events for message in event.to_messages()]
    publish_after_commit(messages=messages, at=at)
