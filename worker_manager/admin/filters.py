"""Filters and columns that lists of requests and of finished requests share."""

from collections.abc import Collection
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from regards_processing.kernel.admin_filters import AgeFilter
from worker_manager.models import WorkerType
from worker_manager.states import ENDED, STORED, RequestStatus

#: Worker types that a filter offers.
_OFFERED: Final = 200


class _StatusFilter(admin.SimpleListFilter):
    """Keep the rows of one status, of those that they can have."""

    title = parameter_name = "status"
    statuses: ClassVar[Collection[RequestStatus]]

    def lookups(self, *_args: Any) -> list[tuple[str, str]]:
        """Offer them in the order of their life."""
        return [(status.value, str(status.label)) for status in RequestStatus if status in self.statuses]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Apply the choice."""
        return queryset.filter(status=self.value()) if self.value() else queryset


class StoredStatusFilter(_StatusFilter):
    """The statuses of requests on their way."""

    statuses = STORED


class EndedStatusFilter(_StatusFilter):
    """The statuses of requests that have ended."""

    statuses = ENDED


class _WorkerTypeFilter(admin.SimpleListFilter):
    """Keep the rows of one configured worker type; Django's own filter would read every request."""

    title = "worker type"
    column: ClassVar[str]

    def lookups(self, *_args: Any) -> list[tuple[str, str]]:
        """Offer those that are configured, and the one that was chosen."""
        everywhere = WorkerType.objects.across_tenants(because="the list shows every tenant")
        names = everywhere.order_by("worker_type").values_list("worker_type", flat=True).distinct()
        chosen = [self.value()] if self.value() else []
        return [(str(name), str(name)) for name in dict.fromkeys([*names[:_OFFERED], *chosen])]

    def has_output(self) -> bool:
        """Show it, and apply it, for a single one as well, or none."""
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Apply the choice."""
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class StepWorkerTypeFilter(_WorkerTypeFilter):
    """Worker type of the step that a request is at."""

    column = parameter_name = "step_worker_type"


class LastWorkerTypeFilter(_WorkerTypeFilter):
    """Worker type that ended a request."""

    column = parameter_name = "worker_type"


class ReceptionFilter(AgeFilter):
    """How long ago requests were received."""

    title = "age"
    parameter_name = "older"
    column = "creation_date"


@admin.display(description="source, session", ordering="session")
def source_and_session(row: Any) -> str:
    """Show both in one column."""
    return f"{row.source}, {row.session}"
