"""What tenants keep in the storage: the bytes of the output files that have not been deleted.

Note: a count that is kept.
    A tenant may keep a million files, and an order must not wait until all of them are added up. A sweep
    counts for every tenant in one statement, which an index alone answers, and stores what it found. Orders
    read that: it is at most `_FRESH` old, or else they count themselves, as they do before the first sweep.
    Counters that each end and each deletion move would be exact, and all managers would wait for each other
    at the row of a tenant; and what a release before them stored or deleted would never be counted.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Sum

from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import KeptOutputs, OutputFile

#: How long a count holds. Sweeps count far more often: where they do not, somebody else must.
_FRESH: Final = timedelta(minutes=5)


def count_kept(*, at: datetime) -> int:
    """Count what each tenant keeps, and store it; return for how many."""
    tenants = list(Tenant.objects.all())
    sizes = _sizes_of(tenants)
    counts = [KeptOutputs(tenant=each, size=sizes.get(each.pk, 0), counted_at=at) for each in tenants]
    _store(counts)
    return len(counts)


def kept_by(*, tenants: Collection[Tenant], at: datetime) -> dict[int, int]:
    """Return, by key, how many bytes tenants keep, as they were counted last."""
    fresh = KeptOutputs.objects.of_tenants(tenants).filter(counted_at__gt=at - _FRESH)
    known = dict(fresh.values_list("tenant_id", "size"))
    unknown = [tenant for tenant in tenants if tenant.pk not in known]
    sizes = _sizes_of(unknown) if unknown else {}
    return known | {tenant.pk: sizes.get(tenant.pk, 0) for tenant in unknown}


def _sizes_of(tenants: Collection[Tenant]) -> dict[int, int]:
    kept = OutputFile.objects.of_tenants(tenants).filter(deleted=False).order_by()
    return {tenant: int(total) for tenant, total in kept.values_list("tenant").annotate(total=Sum("size"))}


@transaction
def _store(counts: Collection[KeptOutputs]) -> None:
    KeptOutputs.objects.bulk_create(
        counts, update_conflicts=True, unique_fields=["tenant"], update_fields=["size", "counted_at"]
    )
