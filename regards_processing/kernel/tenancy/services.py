"""Create tenants, put them to sleep and wake them, switch their maintenance."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy import queries
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.names import check_tenant_name

log = logging.getLogger(__name__)


@transaction
def create_tenants(*, names: Sequence[str], actor: Actor, at: datetime) -> list[str]:
    """Create the tenants that do not exist yet and return their names; the others are left as they are.

    Raises:
        InvalidTenantName: one of the names cannot be; nothing is created.
    """
    for name in names:
        check_tenant_name(name=name)
    own_queue = Tenant.objects.with_own_request_queue().exists()
    # In one order for all: two managers that start at once must not wait for each other.
    values = [(name, True, own_queue, at) for name in sorted(set(names))]
    inserted = rows.insert_new(
        model=Tenant,
        columns=("name", "active", "own_request_queue", "created_at"),
        rows=values,
        returning=("name",),
    )
    new = {name for (name,) in inserted}
    created = [name for name in dict.fromkeys(names) if name in new]
    for name in created:
        _tell(name, "tenant.created", actor=actor, at=at)
    return created


def activate(*, tenants: Collection[str], actor: Actor, at: datetime) -> list[str]:
    """Take messages and calls of tenants; return the names of those for whom that is new.

    Raises:
        UnknownTenant: one of them does not exist; nothing is changed.
    """
    was, becomes = {"active": False}, {"active": True}
    return _switch(tenants, was=was, becomes=becomes, action="tenant.activated", actor=actor, at=at)


def deactivate(*, tenants: Collection[str], actor: Actor, at: datetime) -> list[str]:
    """Refuse messages and calls of tenants; return the names of those for whom that is new. Their rows stay.

    Raises:
        UnknownTenant: one of them does not exist; nothing is changed.
    """
    was, becomes = {"active": True}, {"active": False}
    return _switch(tenants, was=was, becomes=becomes, action="tenant.deactivated", actor=actor, at=at)


@transaction
def follow(*, tenants: Mapping[str, bool], actor: Actor, at: datetime) -> None:
    """Create tenants that there are in REGARDS, or wake them; put to sleep those that are no more.

    Args:
        tenants: names, with whether they are there; of those that are no more, some may not be ours.

    Raises:
        InvalidTenantName: one of the names cannot be; nothing is changed.
    """
    there = [name for name, is_there in tenants.items() if is_there]
    create_tenants(names=there, actor=actor, at=at)
    activate(tenants=there, actor=actor, at=at)
    ours = Tenant.objects.filter(name__in=tenants.keys() - set(there)).values_list("name", flat=True)
    deactivate(tenants=list(ours), actor=actor, at=at)


def enable_maintenance(*, tenants: Collection[str], actor: Actor, at: datetime) -> list[str]:
    """Refuse calls that change anything of tenants; return the names of those for whom that is new.

    Messages go on: requests are taken, dispatched and answered as always.

    Raises:
        UnknownTenant: one of them does not exist; nothing is changed.
    """
    was, becomes = {"maintenance": False}, {"maintenance": True, "maintenance_switched_at": at}
    return _switch(tenants, was=was, becomes=becomes, action="maintenance.enabled", actor=actor, at=at)


def disable_maintenance(*, tenants: Collection[str], actor: Actor, at: datetime) -> list[str]:
    """Take calls that change something of tenants; return the names of those for whom that is new.

    Raises:
        UnknownTenant: one of them does not exist; nothing is changed.
    """
    was, becomes = {"maintenance": True}, {"maintenance": False, "maintenance_switched_at": at}
    return _switch(tenants, was=was, becomes=becomes, action="maintenance.disabled", actor=actor, at=at)


@transaction
def _switch(
    names: Collection[str],
    *,
    was: Mapping[str, object],
    becomes: Mapping[str, object],
    action: str,
    actor: Actor,
    at: datetime,
) -> list[str]:
    known = queries.tenants(names=names)
    switched = [
        tenant.name for tenant in known if Tenant.objects.filter(pk=tenant.pk, **was).update(**becomes)
    ]
    for name in switched:
        _tell(name, action, actor=actor, at=at)
    return switched


def _tell(name: str, action: str, *, actor: Actor, at: datetime) -> None:
    record(actor=actor, tenant=name, action=action, target=name, at=at)
    log.info(action.replace(".", " "), extra={"action": action, "tenant": name, "by": actor.name})
