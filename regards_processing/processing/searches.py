"""Executions that operators look for, page by page."""

import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from regards_processing.kernel.rest.filters import DateRange, ValueRestriction
from regards_processing.kernel.rest.pages import Page, PageRequest, Sorting, fetch
from regards_processing.kernel.rest.totals import total_of
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Execution
from regards_processing.processing.queries import UnknownExecution

#: What executions can be sorted by: names of the contract's columns, and of its fields.
SORTING: Final = Sorting(
    fields={
        "created": "created",
        "last_updated": "last_updated",
        "lastUpdated": "last_updated",
        "current_status": "status",
        "status": "status",
        "user_email": "user_email",
        "userName": "user_email",
        "process_business_id": "process_id",
        "processBusinessId": "process_id",
        "id": "id",
    },
    default="created,desc",
    unique=frozenset({"id"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """All conditions must hold; without any, every execution is meant."""

    process_id: UUID | None = None
    user_email: ValueRestriction | None = None
    status: ValueRestriction | None = None
    #: Of the last step, whatever the contract calls it.
    last_updated: DateRange | None = None

    def condition(self) -> Q:
        """Return the condition on `Execution`; the tenant is not part of it."""
        whole = Q(process_id=self.process_id) if self.process_id else Q()
        parts = {
            "user_email": self.user_email,
            "status": self.status,
            "last_updated": self.last_updated,
        }
        for field, part in parts.items():
            whole &= part.condition(field) if part else Q()
        return whole


def execution_of(*, tenant: Tenant, execution_id: UUID) -> Execution:
    """Return one execution.

    Raises:
        UnknownExecution: the tenant has none of this id.
    """
    found = Execution.objects.for_tenant(tenant).select_related("tenant").filter(pk=execution_id).first()
    if found is None:
        raise UnknownExecution(execution_id)
    return found


def page_of(*, tenant: Tenant, wanted: ExecutionFilter, page: PageRequest) -> Page[Execution]:
    """Return one page of the executions that a filter means; two statements at most."""
    found = Execution.objects.for_tenant(tenant).filter(wanted.condition())
    key = f"executions.{tenant.pk}.{hashlib.sha256(repr(wanted).encode()).hexdigest()}"
    total = total_of(found, key=key, kept=settings.SEARCH_TOTAL_KEPT)
    return fetch(found.defer("log"), page=page, total=total)
