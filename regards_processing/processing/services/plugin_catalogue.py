"""Plugins and their configurations, whether or not processes are made of them."""

from datetime import datetime
from typing import Final

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.configuration import lock
from regards_processing.kernel.configuration.faults import listed
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.outbox.services import publish_after_commit
from regards_processing.kernel.rest.services import RS_PROCESSING, Service
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries
from regards_processing.processing.events.plugin_changed import PluginCacheCleared
from regards_processing.processing.models import PluginConfiguration, Process
from regards_processing.processing.plugin_values import PluginValues
from regards_processing.processing.services import plugin_configurations
from workers.processes.metadata import PROCESS_DEFINITION, PluginMetadata
from workers.processes.registry import Plugins, plugins

#: Kinds of plugin that services have.
_TYPES: Final = {RS_PROCESSING: (PROCESS_DEFINITION,)}


class UnknownPlugin(DomainError):
    """There is no such plugin."""

    code = "UNKNOWN_PLUGIN"
    http_status = 404

    def __init__(self, plugin_id: str, service: Service = RS_PROCESSING) -> None:
        super().__init__(f"There is no plugin {plugin_id}; there are {listed(plugins_of(service))}")


class UnknownPluginType(DomainError):
    """There is no such kind of plugin."""

    code = "UNKNOWN_PLUGIN_TYPE"
    http_status = 422

    def __init__(self, name: str, service: Service) -> None:
        super().__init__(f"There is no plugin type {name}; there are {listed(types_of(service=service))}")


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


def plugins_of(service: Service) -> Plugins:
    """Return the plugins of a service, by their ids; only processing has any."""
    return plugins() if service in _TYPES else {}


def types_of(*, service: Service) -> tuple[str, ...]:
    """Return the kinds of plugin that a service has."""
    return _TYPES.get(service, ())


def metadata_of_all(
    *, plugin_type: str | None = None, service: Service = RS_PROCESSING
) -> list[PluginMetadata]:
    """Return what every plugin, or every one of a kind, says of itself, by its id.

    Raises:
        UnknownPluginType: there is no such kind.
    """
    if plugin_type is not None and plugin_type not in types_of(service=service):
        raise UnknownPluginType(plugin_type, service)
    return [plugin.metadata for _, plugin in sorted(plugins_of(service).items())]


def metadata_of(*, plugin_id: str, service: Service = RS_PROCESSING) -> PluginMetadata:
    """Return what a plugin says of itself.

    Raises:
        UnknownPlugin: there is none of this id.
    """
    plugin = plugins_of(service).get(plugin_id)
    if plugin is None:
        raise UnknownPlugin(plugin_id, service)
    return plugin.metadata


def clear_cache(*, tenant: Tenant, service: Service, actor: Actor, at: datetime) -> None:
    """Have the instances of a service drop what they keep of plugins: ours keep nothing, and tell others."""
    event = PluginCacheCleared(service=service.name, tenant=tenant.name)
    with transaction():
        publish_after_commit(messages=[event.to_message()], at=at)
        record(
            actor=actor,
            tenant=tenant.name,
            action="plugin_cache.cleared",
            target=service.name,
            details={},
            at=at,
        )


def all_configurations(
    *, tenant: Tenant, plugin_type: str | None = None, service: Service = RS_PROCESSING
) -> list[PluginValues]:
    """Return the configurations of every plugin of a service, or of every one of a kind, by label.

    Raises:
        UnknownPluginType: there is no such kind.
    """
    if plugin_type is not None and plugin_type not in types_of(service=service):
        raise UnknownPluginType(plugin_type, service)
    # A service has one kind at most; configurations of plugins that are gone are shown too.
    return queries.configurations(tenant=tenant) if types_of(service=service) else []


def configurations_of(
    *, tenant: Tenant, plugin_id: str, service: Service = RS_PROCESSING
) -> list[PluginValues]:
    """Return the configurations of a plugin, those of highest priority first.

    Raises:
        UnknownPlugin: there is none of this id.
    """
    metadata_of(plugin_id=plugin_id, service=service)
    found = queries.configurations(tenant=tenant, plugin_id=plugin_id)
    return sorted(found, key=lambda each: -each.priority_order)


def configuration_of(
    *,
    tenant: Tenant,
    business_id: str,
    plugin_id: str | None = None,
    service: Service = RS_PROCESSING,
) -> PluginValues:
    """Return a configuration, of any plugin or of this one.

    Raises:
        UnknownPluginConfiguration: there is none of this id.
    """
    if not types_of(service=service):
        raise queries.UnknownPluginConfiguration(business_id)
    return queries.values_of_row(_row(tenant, business_id, plugin_id))


@transaction
def create_configuration(
    *,
    tenant: Tenant,
    plugin_id: str,
    wanted: PluginValues,
    actor: Actor,
    at: datetime,
    service: Service = RS_PROCESSING,
) -> PluginValues:
    """Configure a plugin.

    Raises:
        UnknownPlugin: there is none of this id, or the configuration names another.
        ConfigurationTaken: the business id has a configuration already.
        InvalidPluginConfiguration: it does not fit its plugin.
    """
    lock.hold(tenant)
    metadata_of(plugin_id=plugin_id, service=service)
    if wanted.plugin_id != plugin_id:
        raise UnknownPlugin(wanted.plugin_id)
    taken = PluginConfiguration.objects.for_tenant(tenant).filter(business_id=wanted.business_id or "")
    if taken.exists():
        raise ConfigurationTaken(f"businessId {wanted.business_id} has a configuration already")
    row = plugin_configurations.create(tenant=tenant, wanted=wanted, at=at)
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
    service: Service = RS_PROCESSING,
) -> PluginValues:
    """Change a configuration.

    Raises:
        UnknownPluginConfiguration: there is none of this id, or path and body name different ones.
        InvalidPluginConfiguration: it does not fit its plugin.
    """
    configuration_of(tenant=tenant, business_id=business_id, plugin_id=plugin_id, service=service)
    lock.hold(tenant)
    row = _row(tenant, business_id, plugin_id)
    if (wanted.plugin_id, wanted.business_id or business_id) != (plugin_id, business_id):
        raise queries.UnknownPluginConfiguration(f"{wanted.business_id} of plugin {wanted.plugin_id}")
    plugin_configurations.overwrite(row=row, wanted=wanted, at=at)
    return _told(tenant, row, "plugin_configuration.updated", actor, at)


@transaction
def delete_configuration(
    *,
    tenant: Tenant,
    plugin_id: str,
    business_id: str,
    actor: Actor,
    at: datetime,
    service: Service = RS_PROCESSING,
) -> None:
    """Delete a configuration.

    Raises:
        UnknownPluginConfiguration: there is none of this id.
        ConfigurationOfProcess: a process is made of it.
        ConfigurationUsed: other configurations use it.
    """
    configuration_of(tenant=tenant, business_id=business_id, plugin_id=plugin_id, service=service)
    lock.hold(tenant)
    row = _row(tenant, business_id, plugin_id)
    if Process.objects.for_tenant(tenant).filter(configuration=row).exists():
        raise ConfigurationOfProcess(business_id)
    _told(tenant, row, "plugin_configuration.deleted", actor, at)
    plugin_configurations.delete(row=row, at=at)


def _row(tenant: Tenant, business_id: str, plugin_id: str | None) -> PluginConfiguration:
    row = queries.configuration_row(tenant=tenant, business_id=business_id)
    if plugin_id not in {None, row.plugin_id}:
        raise queries.UnknownPluginConfiguration(business_id)
    return row


def _told(tenant: Tenant, row: PluginConfiguration, action: str, actor: Actor, at: datetime) -> PluginValues:
    details = {"plugin": row.plugin_id, "label": row.label}
    record(actor=actor, tenant=tenant.name, action=action, target=row.business_id, details=details, at=at)
    return queries.values_of_row(row)
