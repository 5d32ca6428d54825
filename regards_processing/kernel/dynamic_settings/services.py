"""Read, change and reset the settings of a tenant."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.configuration import lock
from regards_processing.kernel.db.transactions import transaction, transaction_required
from regards_processing.kernel.dynamic_settings.definitions import MASK, Definition, SettingNotModifiable
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting as it is in one tenant."""

    definition: Definition
    value: Any

    @property
    def shown_value(self) -> Any:
        """The value as people may see it."""
        return MASK if self.definition.sensitive else self.value

    @property
    def changed(self) -> bool:
        """Whether the value is another one than the default."""
        return bool(self.value != self.definition.default)


def read_settings(
    *, tenant: Tenant, definitions: Iterable[Definition], names: Collection[str] | None = None
) -> list[Setting]:
    """Return the settings as they are in a tenant, in the order of their definitions.

    Args:
        tenant: whose values.
        definitions: the settings that there are.
        names: those that are wanted; none means all.
    """
    wanted = [definition for definition in definitions if names is None or definition.name in names]
    rows = TenantSetting.objects.for_tenant(tenant).filter(name__in=[wish.name for wish in wanted])
    values = dict(rows.values_list("name", "value"))
    return [Setting(definition=wish, value=values.get(wish.name, wish.default)) for wish in wanted]


@transaction
def change_setting(
    *, tenant: Tenant, definition: Definition, value: Any, actor: Actor, at: datetime
) -> Setting:
    """Give a setting a value; it holds from the next bulk of requests on.

    Raises:
        SettingNotModifiable: nobody can change this setting.
        InvalidSetting: the value is not one that the setting can have now.
    """
    lock.hold(tenant)
    before = _read(tenant, definition)
    after = store_value(tenant=tenant, definition=definition, value=value)
    _record("settings.updated", before, after, tenant, actor, at)
    return after


@transaction
def reset_setting(*, tenant: Tenant, definition: Definition, actor: Actor, at: datetime) -> Setting:
    """Give a setting its default again.

    Raises:
        SettingNotModifiable: nobody can change this setting.
    """
    _demand_modifiable(definition)
    lock.hold(tenant)
    before = _read(tenant, definition)
    forget_values(tenant=tenant, definitions=[definition])
    after = _read(tenant, definition)
    _record("settings.reset", before, after, tenant, actor, at)
    return after


def check_value(*, tenant: Tenant, definition: Definition, value: Any) -> None:
    """Compare a value with the definition, and with what is stored in the tenant.

    Raises:
        SettingNotModifiable: nobody can change this setting.
        InvalidSetting: the value is not one that the setting can have now.
    """
    _demand_modifiable(definition)
    if not definition.is_mask(value):
        definition.check_shape(value)
        definition.check_fit(tenant=tenant, value=value)


def store_value(*, tenant: Tenant, definition: Definition, value: Any) -> Setting:
    """Check and store a value, with the tenant's configuration locked; leaves no trace by itself.

    The mask of a sensitive setting, sent back, leaves the value as it is.

    Raises:
        SettingNotModifiable: nobody can change this setting.
        InvalidSetting: the value is not one that the setting can have now.
    """
    transaction_required()
    check_value(tenant=tenant, definition=definition, value=value)
    kept = _read(tenant, definition).value if definition.is_mask(value) else value
    TenantSetting.objects.update_or_create(tenant=tenant, name=definition.name, defaults={"value": kept})
    return Setting(definition=definition, value=kept)


def forget_values(*, tenant: Tenant, definitions: Iterable[Definition]) -> None:
    """Let the defaults hold again; leaves no trace by itself."""
    names = [definition.name for definition in definitions]
    TenantSetting.objects.for_tenant(tenant).filter(name__in=names).delete()


def _demand_modifiable(definition: Definition) -> None:
    if not definition.modifiable:
        raise SettingNotModifiable(f"Setting {definition.name} cannot be changed")


def _read(tenant: Tenant, definition: Definition) -> Setting:
    (found,) = read_settings(tenant=tenant, definitions=[definition])
    return found


def _record(action: str, before: Setting, after: Setting, tenant: Tenant, actor: Actor, at: datetime) -> None:
    record(
        actor=actor,
        tenant=tenant.name,
        action=action,
        target=after.definition.name,
        at=at,
        details={"before": before.shown_value, "after": after.shown_value},
    )
