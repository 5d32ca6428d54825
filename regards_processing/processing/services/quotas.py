"""Quotas: what is on its way at once, of a tenant and of each of its users, and what a tenant keeps."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from regards_processing.kernel.db.locks import one_at_a_time
from regards_processing.kernel.dynamic_settings.definitions import Definition
from regards_processing.kernel.dynamic_settings.services import read_settings
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting
from regards_processing.processing.models import Execution, KeptOutputs
from regards_processing.processing.models.execution import ExecutionQuerySet
from regards_processing.processing.quota import Allowance, Quota, Usage
from regards_processing.processing.services.kept_outputs import kept_by

_MOST: Final = 2**62


def _definition(name: str, description: str) -> Definition:
    return Definition(
        name=name,
        description=f"{description}; 0 for any number.",
        default=0,
        schema={"type": "integer", "minimum": 0, "maximum": _MOST},
        class_name="java.lang.Long",
        ours=True,
    )


_ON_THEIR_WAY: Final = "that may be on their way at once"
_EXECUTIONS: Final = _definition("maxOpenExecutions", f"Executions of the tenant {_ON_THEIR_WAY}")
_SIZE: Final = _definition("maxOpenInputBytes", f"Bytes of input of the tenant's executions {_ON_THEIR_WAY}")
_USER_EXECUTIONS: Final = _definition("maxOpenExecutionsPerUser", f"Executions of one user {_ON_THEIR_WAY}")
_USER_SIZE: Final = _definition(
    "maxOpenInputBytesPerUser", f"Bytes of input of one user's executions {_ON_THEIR_WAY}"
)
_KEPT: Final = _definition("maxKeptOutputBytes", "Bytes of output files that the tenant may keep")
#: Tenant settings of rs-processing.
DEFINITIONS: Final = (_EXECUTIONS, _SIZE, _USER_EXECUTIONS, _USER_SIZE, _KEPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FullStorage:
    """A tenant that keeps as much as it may; sizes in bytes."""

    tenant: str
    kept: int
    most: int


def allowances(*, users: Mapping[Tenant, Collection[str]], at: datetime) -> dict[int, Allowance]:
    """Return, by key, what the tenants that have quotas may still order, for some of their users.

    Whoever orders in the same transaction is alone with that tenant's quotas until it ends, so that several
    managers together keep them too.
    """
    found = {tenant: _unused(tenant) for tenant in users}
    limited = {tenant: one for tenant, one in found.items() if _is_open_limited(one)}
    one_at_a_time(*(f"quotas of executions of {tenant.pk}" for tenant in limited))
    for tenant, allowance in limited.items():
        _count(tenant, users[tenant], allowance)
    _weigh(found, at)
    return {
        tenant.pk: allowance
        for tenant, allowance in found.items()
        if _is_open_limited(allowance) or allowance.most_kept
    }


def allowance_of(*, tenant: Tenant, user: str, at: datetime) -> Allowance:
    """Return what a user of a tenant may still order, as it is now: nothing is kept for whoever asks."""
    allowance = _unused(tenant)
    if _is_open_limited(allowance):
        _count(tenant, [user], allowance)
    _weigh({tenant: allowance}, at)
    return allowance


def full_storages() -> list[FullStorage]:
    """Return the tenants that keep as much as they may, as they were counted last; two statements."""
    everybody = "the platform watches the storage of every tenant"
    limits = TenantSetting.objects.across_tenants(because=everybody).filter(name=_KEPT.name)
    most = {tenant: value for tenant, value in limits.values_list("tenant_id", "value") if value}
    counted = KeptOutputs.objects.of_tenants(most.keys()).order_by("tenant__name")
    rows = counted.values_list("tenant_id", "tenant__name", "size")
    return [
        FullStorage(tenant=name, kept=size, most=most[tenant])
        for tenant, name, size in rows
        if size >= most[tenant]
    ]


def _unused(tenant: Tenant) -> Allowance:
    values = {
        each.definition.name: each.value for each in read_settings(tenant=tenant, definitions=DEFINITIONS)
    }
    return Allowance(
        of_tenant=Quota(executions=values[_EXECUTIONS.name], size=values[_SIZE.name]),
        of_each_user=Quota(executions=values[_USER_EXECUTIONS.name], size=values[_USER_SIZE.name]),
        most_kept=values[_KEPT.name],
    )


def _weigh(allowances: Mapping[Tenant, Allowance], at: datetime) -> None:
    """Fill in what tenants keep that may not keep everything."""
    limited = {tenant: allowance for tenant, allowance in allowances.items() if allowance.most_kept}
    kept = kept_by(tenants=limited.keys(), at=at) if limited else {}
    for tenant, allowance in limited.items():
        allowance.kept = kept[tenant.pk]


def _is_open_limited(allowance: Allowance) -> bool:
    return allowance.of_tenant.is_set or allowance.of_each_user.is_set


def _count(tenant: Tenant, users: Iterable[str], allowance: Allowance) -> None:
    """Count what has not ended: of the tenant, and of those users, as far as there are quotas of it."""
    open_ones = Execution.objects.for_tenant(tenant).awaited().order_by()
    if allowance.of_tenant.is_set:
        allowance.used = _usage_of(open_ones)
    if allowance.of_each_user.is_set:
        allowance.used_by = _usage_by_user(open_ones.filter(user_email__in=set(users)))


def _usage_of(executions: ExecutionQuerySet) -> Usage:
    counted = executions.aggregate(executions=Count("*"), size=Coalesce(Sum("input_bytes"), 0))
    return Usage(executions=counted["executions"], size=int(counted["size"]))


def _usage_by_user(executions: ExecutionQuerySet) -> dict[str, Usage]:
    counted = executions.values_list("user_email").annotate(executions=Count("*"), size=Sum("input_bytes"))
    return {user: Usage(executions=count, size=int(size)) for user, count, size in counted}
