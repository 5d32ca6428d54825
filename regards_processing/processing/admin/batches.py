"""Batches in the admin: what orders asked for, how far that is, and to cancel it."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.admin import ReadOnlyAdmin
from regards_processing.kernel.admin_filters import AgeFilter, text_filter
from regards_processing.kernel.admin_links import list_address
from regards_processing.kernel.admin_moments import ago
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.processing.admin.links import process_link
from regards_processing.processing.admin.orders import TEMPLATE
from regards_processing.processing.models import Batch, Execution, Process
from regards_processing.processing.services.cancellation import UnknownBatch, cancel_batch
from regards_processing.processing.states import OPEN, ExecutionStatus

_CANCEL: Final = "processing_batch_cancel"
_MAY_CANCEL: Final = "processing.delete_batch"


class CountedList(ChangeList):
    """A list of batches that counts the executions of those on its page, and of no others."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and the counts."""
        super().get_results(request)
        page: list[Any] = list(self.result_list)
        counts = counted(page)
        for batch in page:
            batch.counts = counts[batch.pk]
        self.result_list = page


class BatchAgeFilter(AgeFilter):
    """How long ago batches were opened."""

    title = "age"
    parameter_name = "older"
    column = "created"


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Batches, and how many executions of each are in which status."""

    change_form_template = "admin/processing/batch/change_form.html"
    list_display = (
        "correlation_id",
        "process_named",
        "user_email",
        "executions_of",
        "age",
        "cancelled",
        "tenant",
    )
    list_filter = ("tenant", BatchAgeFilter, text_filter("user_email", "user"), "created")
    list_select_related = ("tenant",)
    search_fields = ("correlation_id", "user_email", "process_name", "process_id")
    search_help_text = "Correlation id, user, or name or id of the process"
    ordering = ("-created", "pk")
    fields = (
        "tenant",
        "correlation_id",
        "process",
        "user_email",
        "user_role",
        "parameters",
        "filesets",
        "created",
        "cancelled",
        "executions_of",
    )
    readonly_fields = ("process", "process_named", "cancelled", "executions_of")
    tells_of: ClassVar = {"process": (Process, Execution), "executions_of": (Execution,)}
    otherwise: ClassVar = {"process": "process_named"}

    def get_urls(self) -> list[URLPattern]:
        """Add the page that cancels a batch."""
        view = self.admin_site.admin_view(self._cancel_page)
        return [path("<uuid:pk>/cancel/", view, name=_CANCEL), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        """Return the batches with their tenants."""
        found: QuerySet[Batch] = super().get_queryset(request)
        return found.select_related("tenant")

    def get_changelist(self, request: HttpRequest, **_more: Any) -> type[ChangeList]:  # noqa: ARG002 (Django's signature)
        """Count the executions of a page at once."""
        return CountedList

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one, with the link that cancels it."""
        may = request.user.has_perm(_MAY_CANCEL)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "may_cancel": may})

    @admin.display(description="executions")
    def executions_of(self, batch: Any) -> SafeString | str:
        """Link how many there are in each status."""
        lines = (
            (list_address(Execution, batch__id__exact=batch.pk, status__exact=status), number, status)
            for status, number in _counts(batch).items()
        )
        return format_html_join(", ", '<a href="{}">{} {}</a>', lines) or "none"

    @admin.display(description="process")
    def process(self, batch: Batch) -> SafeString:
        """Link the process, and its executions."""
        return process_link(tenant=batch.tenant, process_id=batch.process_id, last_name=batch.process_name)

    @admin.display(description="process", ordering="process_name")
    def process_named(self, batch: Batch) -> str:
        """Show what the process was called when it was opened, or its id where that is not known."""
        return batch.process_name or str(batch.process_id)

    @admin.display(description="age", ordering="created")
    def age(self, batch: Batch) -> SafeString:
        """Show how long ago it was opened, and when."""
        return ago(batch.created)

    @admin.display(description="cancelled", ordering="cancelled_at")
    def cancelled(self, batch: Batch) -> SafeString | str:
        """Show how long ago it was cancelled."""
        return ago(batch.cancelled_at) if batch.cancelled_at else "no"

    def _cancel_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show what would end, and cancel the batch once that is confirmed."""
        if not request.user.has_perm(_MAY_CANCEL):
            raise PermissionDenied
        batch: Any = self.get_object(request, str(pk))
        if batch is None:
            raise Http404
        own = reverse("admin:processing_batch_change", args=[pk])
        if request.method == "POST":
            try:
                ended = cancel_batch(
                    tenant=batch.tenant, batch_id=pk, actor=admin_actor(request), at=clock.now()
                )
            except UnknownBatch as error:
                raise Http404 from error
            self.message_user(request, f"Batch cancelled: {ended} executions ended", messages.SUCCESS)
            return HttpResponseRedirect(own)
        return TemplateResponse(request, TEMPLATE, self._asked(request, batch, own))

    def _asked(self, request: HttpRequest, batch: Any, own: str) -> dict[str, Any]:
        counts = _counts(batch)
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Cancel batch {batch}",
            "order": {
                "title": "Cancel the batch",
                "explanation": "Its executions that have not ended are cancelled, and so is whatever is "
                "ordered of it later; who ordered them is told, and so are the fleets.",
            },
            "action": reverse(f"admin:{_CANCEL}", args=[batch.pk]),
            "list_address": list_address(Batch),
            "back": own,
            "counts": sorted(counts.items()),
            "count": sum(number for status, number in counts.items() if status in OPEN),
            "also_without": True,
        }


def _counts(batch: Any) -> Mapping[str, int]:
    """Return how many executions of a batch are in each status, in the order of their life."""
    known: Mapping[str, int] | None = getattr(batch, "counts", None)
    return counted([batch]).get(batch.pk, {}) if known is None else known


def counted(batches: Sequence[Batch]) -> dict[UUID, dict[str, int]]:
    """Return the same for several batches: one statement."""
    rows = Execution.objects.across_tenants(because="the list shows every tenant").filter(batch__in=batches)
    counts = {
        (batch, status): number
        for batch, status, number in rows.order_by().values_list("batch", "status").annotate(n=Count("pk"))
    }
    return {
        batch.pk: {
            status.value: counts[batch.pk, status.value]
            for status in ExecutionStatus
            if (batch.pk, status.value) in counts
        }
        for batch in batches
    }
