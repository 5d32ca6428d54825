"""Import, check and export the configuration of one service in one tenant."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.configuration import envelope, lock
from regards_processing.kernel.configuration.envelope import Entry, Part
from regards_processing.kernel.configuration.faults import Value, refusal
from regards_processing.kernel.configuration.items import Importing, Item, ItemKind, Refusals
from regards_processing.kernel.configuration.modules import Module, keys_of_others
from regards_processing.kernel.configuration.reading import read_items
from regards_processing.kernel.configuration.report import ImportReport
from regards_processing.kernel.configuration.unknown_fields import unknown_fields
from regards_processing.kernel.db.transactions import rehearsal, transaction, transaction_required
from regards_processing.kernel.rest.services import SERVICES
from regards_processing.kernel.tenancy.models import Tenant

log = logging.getLogger(__name__)


def import_configuration(
    *, module: Module, tenant: Tenant, document: bytes, actor: Actor, at: datetime
) -> list[ImportReport]:
    """Import what a file has for a module; valid items are stored even when others are refused.

    Returns one report for each part of the file that is about this module.

    Raises:
        UnreadableConfiguration: the file is not a configuration file; nothing is changed.
    """
    parts = envelope.read_parts(document=document, module_id=module.service.module_id)
    reports = [_import_part(module, part, tenant, actor, at) for part in parts]
    log.info(
        "configuration imported",
        extra={
            "action": "configuration.imported",
            "tenant": tenant.name,
            "items": sum(report.total for report in reports),
            "errors": sum(len(report.errors) for report in reports),
        },
    )
    return reports


def check_configuration(
    *, module: Module, tenant: Tenant, document: bytes, at: datetime
) -> list[ImportReport]:
    """Return the reports that an import of this file would give now; nothing is changed.

    Raises:
        UnreadableConfiguration: the file is not a configuration file.
    """
    parts = envelope.read_parts(document=document, module_id=module.service.module_id)
    with rehearsal():
        return [_store_part(module, part, tenant, at) for part in parts]


def unknown_modules(*, document: bytes) -> list[str]:
    """Return a text for each module of a file that no service of the platform has: misspelt, perhaps.

    Raises:
        UnreadableConfiguration: the file is not a configuration file.
    """
    return envelope.unknown_modules(document=document, known=[service.module_id for service in SERVICES])


@transaction
def export_configuration(*, module: Module, tenant: Tenant, actor: Actor, at: datetime) -> Value:
    """Return the configuration file of a service: imported elsewhere, it configures the same.

    It holds secrets in clear, which is why the export leaves its trace.
    """
    lock.hold(tenant)
    items = [
        {"key": kind.key, "value": value} for kind in module.kinds for value in kind.exported(tenant=tenant)
    ]
    record(
        actor=actor,
        tenant=tenant.name,
        action="configuration.exported",
        target=module.service.name,
        at=at,
        details={"items": len(items)},
    )
    part = (module.information, module.export_resets, items)
    return envelope.file_of(service=module.service.name, parts=[part])


def store_item(
    *, module: Module, kind: ItemKind[Any], tenant: Tenant, value: Value, at: datetime
) -> Sequence[str]:
    """Store one item as the import of a file with nothing else would; return the warnings.

    Files of others may have fields that only they know. An item by itself is for us, and has none.

    Raises:
        InvalidItem: the item breaks a rule, or has a field that is not known; nothing is stored.
        ItemClash: it stands against something else that is configured; nothing is stored.
    """
    transaction_required()
    entry = Entry(position=0, key=kind.key, value=value)
    report = _store_part(module, Part(position=0, reset=False, entries=(entry,)), tenant, at)
    faults = [fault for refused in report.refusals.values() for fault in refused]
    faults += unknown_fields(value=value, schema=kind.schema)
    if faults:
        raise refusal(*faults)
    return report.warnings


@transaction
def _import_part(module: Module, part: Part, tenant: Tenant, actor: Actor, at: datetime) -> ImportReport:
    report = _store_part(module, part, tenant, at)
    record(
        actor=actor,
        tenant=tenant.name,
        action="configuration.imported",
        target=module.service.name,
        at=at,
        details={
            "reset": part.reset,
            "items": report.total,
            "imported": report.imported,
            "errors": len(report.errors),
        },
    )
    return report


def _store_part(module: Module, part: Part, tenant: Tenant, at: datetime) -> ImportReport:
    """Reset if asked, then store kind by kind: all in the transaction of the caller."""
    lock.hold(tenant)
    report = ImportReport(information=module.information, part=part)
    if part.reset:
        for kind in reversed(module.kinds):
            report.kept += kind.reset(tenant=tenant, at=at)
    reading = read_items(part=part, kinds=module.kinds, keys_of_others=keys_of_others(module))
    importing = Importing(tenant=tenant, at=at, unreadable=frozenset(reading.unreadable))
    report.refusals = reading.refusals | _store(module, reading.items, importing)
    report.imported = sum(map(len, importing.stored.values()))
    report.warnings = reading.warnings + importing.warnings
    if part.reset or report.imported:
        module.on_change(tenant=tenant, at=at)
    return report


def _store(module: Module, items: Mapping[str, Sequence[Item[Any]]], importing: Importing) -> Refusals:
    """Store kind by kind; a kind that comes again gets what was refused the first time."""
    waiting = dict(items)
    refused: dict[str, Refusals] = {}
    for kind in module.import_order:
        refused[kind.key] = kind.store(importing=importing, items=waiting[kind.key])
        stored = [item.content for item in waiting[kind.key] if item.position not in refused[kind.key]]
        importing.stored.setdefault(kind.key, []).extend(stored)
        waiting[kind.key] = [item for item in waiting[kind.key] if item.position in refused[kind.key]]
    return {position: faults for of_kind in refused.values() for position, faults in of_kind.items()}
