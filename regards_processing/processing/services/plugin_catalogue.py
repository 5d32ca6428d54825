"""Plugins and their configurations, whether or not processes are made of them."""

from datetime import datetime
from typing import Final

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.configuration import lock
from regards_processing.kernel.configuration.faults import listed
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries
from regards_processing.processing.models import PluginConfiguration, Process
from regards_processing.processing.plugin_values import PluginValues
from regards_processing.processing.services import plugin_configurations
from workers.processes.metadata import PROCESS_DEFINITION, PluginMetadata
from workers.processes.registry import plugins

#: Kinds of plugin that processing has.
PLUGIN_TYPES: Final = (PROCESS_DEFINITION,)


class UnknownPlugin(DomainError):
    """There is no such plugin."""

    code = "UNKNOWN_PLUGIN"
    http_status = 404

    def __init__(self, plugin_id: str) -> None:
        super().__init__(f"There is no plugin {plugin_id}; there are {listed(plugins())}")


class UnknownPluginType(DomainError):
    """There is no such kind of plugin."""

    code = "UNKNOWN_PLUGIN_TYPE"
    http_status = 422

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no plugin type {name}; there are {listed(PLUGIN_TYPES)}")


class ConfigurationTaken(DomainError):
    """Another plugin configuration has this business id."""

    code = "CONFIGURATION_TAKEN"
    http_status = 409


class ConfigurationOfProcess(DomainError):
    """A process is made of this plugin configuration."""

    code = "CONFIGURATION_OF_PROCESS"
    http_status = 403

    def __init__(self, business_id: str) -> None:
        super().__init__(f"A process is made of plugin configuration {business_id}: delete that instead")


def metadata_of_all(*, plugin_type: str | None = None) -> list[PluginMetadata]:
    """Return what every plugin, or every one of a kind, says of itself, by its id.

    Raises:
        UnknownPluginType: there is no such kind.
    """
    if plugin_type is not None and plugin_type not in PLUGIN_TYPES:
        raise UnknownPluginType(plugin_type)
    return [plugin.metadata for _, plugin in sorted(plugins().items())]


def metadata_of(*, plugin_id: str) -> PluginMetadata:
    """Return what a plugin says of itself.

    Raises:
        UnknownPlugin: there is none of this id.
    """
    plugin = plugins().get(plugin_id)
    if plugin is None:
        raise UnknownPlugin(plugin_id)
    return plugin.metadata


def configurations_of(*, tenant: Tenant, plugin_id: str) -> list[PluginValues]:
    """Return the configurations of a plugin, those of highest priority first.

    Raises:
        UnknownPlugin: there is none of this id.
    """
    metadata_of(plugin_id=plugin_id)
    found = queries.configurations(tenant=tenant, plugin_id=plugin_id)
    return sorted(found, key=lambda each: -each.priority_order)


def configuration_of(*, tenant: Tenant, business_id: str, plugin_id: str | None = None) -> PluginValues:
    """Return a configuration, of any plugin or of this one.

    Raises:
        UnknownPluginConfiguration: there is none of this id.
    """
    return queries.values_of_row(_row(tenant, business_id, plugin_id))


@transaction
def create_configuration(
    *, tenant: Tenant, plugin_id: str, wanted: PluginValues, actor: Actor, at: datetime
) -> PluginValues:
    """Configure a plugin.

    Raises:
        UnknownPlugin: there is none of this id, or the configuration names another.
        ConfigurationTaken: the business id has a configuration already.
        InvalidPluginConfiguration: it does not fit its plugin.
    """
    lock.hold(tenant)
    metadata_of(plugin_id=plugin_id)
    if wanted.plugin_id != plugin_id:
        raise UnknownPlugin(wanted.plugin_id)
    taken = PluginConfiguration.objects.for_tenant(tenant).filter(business_id=wanted.business_id or "")
    if taken.exists():
        raise ConfigurationTaken(f"businessId {wanted.business_id} has a configuration already")
    row = plugin_configurations.create(tenant=tenant, wanted=wanted)
    return _told(tenant, row, "plugin_configuration.created", actor, at)


@transaction
def update_configuration(
    *,
    tenant: Tenant,
    plugin_id: str,
    business_id: str,
    wanted: PluginValues,
    actor: Actor,
    at: datetime,
) -> PluginValues:
    """Change a configuration.

    Raises:
        UnknownPluginConfiguration: there is none of this id, or path and body name different ones.
        InvalidPluginConfiguration: it does not fit its plugin.
    """
    lock.hold(tenant)
    row = _row(tenant, business_id, plugin_id)
    if (wanted.plugin_id, wanted.business_id or business_id) != (plugin_id, business_id):
        raise queries.UnknownPluginConfiguration(f"{wanted.business_id} of plugin {wanted.plugin_id}")
    plugin_configurations.overwrite(row=row, wanted=wanted)
    return _told(tenant, row, "plugin_configuration.updated", actor, at)


@transaction
def delete_configuration(
    *, tenant: Tenant, plugin_id: str, business_id: str, actor: Actor, at: datetime
) -> None:
    """Delete a configuration.

    Raises:
        UnknownPluginConfiguration: there is none of this id.
        ConfigurationOfProcess: a process is made of it.
    """
    lock.hold(tenant)
    row = _row(tenant, business_id, plugin_id)
    if Process.objects.for_tenant(tenant).filter(configuration=row).exists():
        raise ConfigurationOfProcess(business_id)
    _told(tenant, row, "plugin_configuration.deleted", actor, at)
    row.delete()


def _row(tenant: Tenant, business_id: str, plugin_id: str | None) -> PluginConfiguration:
    row = queries.configuration_row(tenant=tenant, business_id=business_id)
    if plugin_id not in {None, row.plugin_id}:
        raise queries.UnknownPluginConfiguration(business_id)
    return row


def _told(tenant: Tenant, row: PluginConfiguration, action: str, actor: Actor, at: datetime) -> PluginValues:
    details = {"plugin": row.plugin_id, "label": row.label}
    record(actor=actor, tenant=tenant.name, action=action, target=row.business_id, details=details, at=at)
    return queries.values_of_row(row)
