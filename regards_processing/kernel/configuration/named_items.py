"""Items of a configuration one by one, by the same rules as whole files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.configuration import lock
from regards_processing.kernel.configuration.faults import Fault, InvalidItem, Value, refusal
from regards_processing.kernel.configuration.items import NamedKind
from regards_processing.kernel.configuration.modules import Module
from regards_processing.kernel.configuration.seen import check_seen
from regards_processing.kernel.configuration.services import store_item
from regards_processing.kernel.db.transactions import rehearsal, transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant


class UnknownItem(DomainError):
    """Nothing of this name is configured."""

    code = "UNKNOWN_ITEM"
    http_status = 404

    def __init__(self, *, noun: str, name: str) -> None:
        super().__init__(f"There is no {noun} {name}")


class ItemInUse(DomainError):
    """Something else is configured with it."""

    code = "ITEM_IN_USE"
    http_status = 409

    def __init__(self, *, noun: str, name: str, users: Sequence[str]) -> None:
        super().__init__(f"The {noun} {name} is needed by: {', '.join(users)}")
        self.users = users


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The items of one kind in one tenant."""

    module: Module
    kind: NamedKind[Any]
    tenant: Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An item as it is stored now."""

    name: str
    value: Value
    #: What an operator should know although it is no reason to refuse anything.
    warnings: Sequence[str] = ()
    #: What else is configured with it, for people.
    users: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What would become of an item."""

    faults: Sequence[Fault] = ()
    warnings: Sequence[str] = ()


def list_items(*, items: Items) -> list[Stored]:
    """Return every item of a tenant, in the order of exports."""
    users = items.kind.users(tenant=items.tenant)
    named = {str(value[items.kind.name_field]): value for value in items.kind.exported(tenant=items.tenant)}
    return [Stored(name=name, value=value, users=users.get(name, ())) for name, value in named.items()]


def read_item(*, items: Items, name: str) -> Stored:
    """Return one item.

    Raises:
        UnknownItem: the tenant has none of this name.
    """
    value = _known(items, name)
    return Stored(name=name, value=value, users=items.kind.users(tenant=items.tenant).get(name, ()))


@transaction
def create_item(*, items: Items, value: Value, actor: Actor, at: datetime) -> Stored:
    """Store an item of a new name.

    Raises:
        InvalidItem: it breaks a rule.
        ItemClash: there is one of this name, or it stands against something else that is configured.
    """
    lock.hold(items.tenant)
    field = items.kind.name_field
    name = value.get(field)
    if isinstance(name, str) and items.kind.find(tenant=items.tenant, name=name) is not None:
        text = f"There is a {items.kind.noun} {name} already"
        allowed = f"a {field} that is new, or a change of the one that is there"
        taken = Fault(text=text, field=field, allowed=allowed, clashes=True)
        raise refusal(taken, *check_item(items=items, value=value, at=at).faults)
    stored = _store(items, value, at)
    _record(items, name=stored.name, verb="created", details={"value": stored.value}, actor=actor, at=at)
    return stored


@transaction
def replace_item(
    *, items: Items, name: str, value: Value, actor: Actor, at: datetime, seen: str | None = None
) -> Stored:
    """Store an item in place of its earlier self; its name never changes, and may be left out.

    Args:
        seen: what the earlier one must be (`seen_of`); anything when left out.

    Raises:
        UnknownItem: there is none to replace.
        SomebodyElseChangedIt: it is not what was seen.
        InvalidItem: it breaks a rule.
        ItemClash: it stands against something else that is configured.
    """
    lock.hold(items.tenant)
    earlier = _known(items, name)
    check_seen(seen=seen, value=earlier)
    field = items.kind.name_field
    if value.get(field, name) != name:
        text = f"{field}: {value[field]!r} is not the name in the address"
        raise InvalidItem(Fault(text=text, field=field, allowed=name))
    stored = _store(items, {**value, field: name}, at)
    details = {"value": stored.value, "earlier": earlier}
    _record(items, name=name, verb="updated", details=details, actor=actor, at=at)
    return stored


def check_item(*, items: Items, value: Value, at: datetime) -> Verdict:
    """Return what storing an item, over an earlier one of its name, would find; change nothing."""
    with rehearsal():
        try:
            warnings = store_item(
                module=items.module, kind=items.kind, tenant=items.tenant, value=value, at=at
            )
        except InvalidItem as error:
            return Verdict(faults=error.faults)
    return Verdict(warnings=warnings)


@transaction
def delete_item(*, items: Items, name: str, force: bool, actor: Actor, at: datetime) -> None:
    """Delete an item; what needs it is left without it when ``force`` says so.

    Raises:
        UnknownItem: there is none.
        ItemInUse: something else is configured with it.
    """
    lock.hold(items.tenant)
    value = _known(items, name)
    users = items.kind.users(tenant=items.tenant).get(name, ())
    if users and not force:
        raise ItemInUse(noun=items.kind.noun, name=name, users=users)
    items.kind.delete(tenant=items.tenant, name=name)
    items.module.on_change(tenant=items.tenant, at=at)
    details = {"value": value} | ({"neededBy": list(users)} if users else {})
    _record(items, name=name, verb="deleted", details=details, actor=actor, at=at)


def _known(items: Items, name: str) -> Value:
    value = items.kind.find(tenant=items.tenant, name=name)
    if value is None:
        raise UnknownItem(noun=items.kind.noun, name=name)
    return value


def _store(items: Items, value: Value, at: datetime) -> Stored:
    warnings = store_item(module=items.module, kind=items.kind, tenant=items.tenant, value=value, at=at)
    stored = read_item(items=items, name=str(value[items.kind.name_field]))
    return replace(stored, warnings=warnings)


def _record(
    items: Items, *, name: str, verb: str, details: Mapping[str, Any], actor: Actor, at: datetime
) -> None:
    action = f"{items.kind.subject}.{verb}"
    record(actor=actor, tenant=items.tenant.name, action=action, target=name, at=at, details=details)
