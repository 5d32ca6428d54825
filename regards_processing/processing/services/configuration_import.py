"""Processes in configuration files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from regards_processing.kernel.configuration.faults import Fault
from regards_processing.kernel.configuration.items import Importing, Item, Refusals
from regards_processing.kernel.db.transactions import transaction, transaction_required
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries
from regards_processing.processing.models import PluginConfiguration
from regards_processing.processing.plugin_references import used_first
from regards_processing.processing.plugin_values import PluginValues, Rights
from regards_processing.processing.sensitive import opened
from regards_processing.processing.services import plugin_configurations, process_changes
from regards_processing.processing.services.outputs import BatchesInUse
from regards_processing.processing.services.plugin_configurations import (
    ConfigurationUsed,
    InvalidPluginConfiguration,
)
from regards_processing.processing.services.processes import ProcessInUse
from workers.processes.registry import plugins

PLUGIN_KEY: Final = "fr.cnes.regards.framework.modules.plugins.domain.PluginConfiguration"
RIGHTS_KEY: Final = "fr.cnes.regards.modules.processing.config.ProcessConfigurationDTO"


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsItem:
    """The rights of a process, by the business id of its plugin configuration."""

    business_id: str
    rights: Rights

    def to_value(self) -> dict[str, Any]:
        """Return the value as it stands in a file."""
        return {"pluginConfBid": self.business_id, "rights": self.rights.to_json()}


def store_plugins(*, tenant: Tenant, items: Sequence[Item[PluginValues]], at: datetime) -> Refusals:
    """Store the plugin configurations that fit their plugins: of those there are, label and parameters."""
    transaction_required()
    refusals: Refusals = {}
    for item in used_first(items, values=lambda each: each.content, plugins=plugins()):
        faults = _store_plugin(tenant, item.content, at)
        if faults:
            refusals[item.position] = faults
    return refusals


def store_rights(*, importing: Importing, items: Sequence[Item[RightsItem]]) -> Refusals:
    """Make or change the processes whose plugin configuration was stored from the same file."""
    transaction_required()
    stored = {values.business_id for values in importing.stored.get(PLUGIN_KEY, ())}
    refusals: Refusals = {}
    for item in items:
        faults = _store_rights(importing, item.content, stored)
        if faults:
            refusals[item.position] = faults
    named = {item.content.business_id for item in items}
    for business_id in sorted(str(each) for each in stored - named if each):
        importing.warnings.append(
            f"Plugin configuration {business_id} is stored, but the file makes no process of it: "
            f"that takes an item {RIGHTS_KEY}"
        )
    return refusals


def forget_processes(*, tenant: Tenant, at: datetime) -> list[str]:
    """Delete all processes of a tenant; return a text for each that has to stay."""
    found = queries.processes(tenant=tenant)
    in_use = queries.processes_in_use(tenant=tenant, process_ids=[each.process_id for each in found])
    kept = [str(ProcessInUse(each.process_id)) for each in found if each.process_id in in_use]
    for process in reversed(used_first(found, values=lambda each: each.plugin, plugins=plugins())):
        if process.process_id not in in_use:
            try:
                # What is ordered just now stays whole.
                with transaction():
                    process_changes.remove(tenant=tenant, process=process, at=at)
            except BatchesInUse:
                kept.append(str(ProcessInUse(process.process_id)))
            except ConfigurationUsed as error:
                kept.append(str(error))
    return kept


def exported_plugins(*, tenant: Tenant) -> list[dict[str, Any]]:
    """Return every plugin configuration, by label: active, without its technical id, secrets in clear."""
    known = plugins()
    return [
        replace(opened(values=values, plugins=known), active=True, pk=None).to_json()
        for values in queries.configurations(tenant=tenant)
    ]


def exported_rights(*, tenant: Tenant) -> list[dict[str, Any]]:
    """Return the rights of every process, by the label of its plugin configuration."""
    return [
        RightsItem(business_id=str(process.plugin.business_id), rights=process.rights).to_value()
        for process in queries.processes(tenant=tenant)
    ]


def _store_plugin(tenant: Tenant, wanted: PluginValues, at: datetime) -> Sequence[Fault]:
    if wanted.business_id is None:
        return [Fault(text="businessId is missing.", field="businessId", allowed="a UUID")]
    rows = PluginConfiguration.objects.for_tenant(tenant).filter(business_id=wanted.business_id)
    try:
        row = rows.order_by("pk").first()
        if row:
            plugin_configurations.relabel(row=row, wanted=wanted, at=at)
        else:
            plugin_configurations.create(tenant=tenant, wanted=wanted, at=at)
    except InvalidPluginConfiguration as error:
        return error.faults
    return ()


def _store_rights(importing: Importing, wanted: RightsItem, stored: set[str | None]) -> Sequence[Fault]:
    if wanted.business_id not in stored:
        text = (
            f"The rights of {wanted.business_id} are not imported: "
            "its plugin configuration is not in the file, or was refused"
        )
        return [Fault(text=text, field="pluginConfBid", allowed="a plugin configuration of the same file")]
    tenant, at = importing.tenant, importing.at
    row = queries.configuration_row(tenant=tenant, business_id=wanted.business_id)
    try:
        # What is refused half way leaves nothing behind.
        with transaction():
            before = queries.processes(tenant=tenant, configuration=row)
            if before:
                process_changes.change_rights(tenant=tenant, before=before[0], rights=wanted.rights, at=at)
            else:
                process_changes.grant(tenant=tenant, row=row, rights=wanted.rights, at=at)
    except DomainError as error:
        return [Fault(text=str(error), field="rights")]
    return ()
