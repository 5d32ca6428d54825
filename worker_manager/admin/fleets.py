"""The live fleets."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from regards_processing.kernel import clock
from regards_processing.kernel.admin import ReadOnlyAdmin
from regards_processing.kernel.admin_links import may_view, viewable_list
from worker_manager.admin.counting import alive, count_by
from worker_manager.admin.links import fleet_address
from worker_manager.admin.pauses import pause_address, shown_pauses
from worker_manager.admin.statistics import of_fleet
from worker_manager.models import Pause, PauseKind, Request, WorkerInstance, WorkerType
from worker_manager.services.fleets import LATE, UnknownFleet, list_fleets, read_fleet
from worker_manager.states import RequestStatus

#: Requests that are named beside an instance.
_NAMED: Final = 5


class AliveFilter(admin.SimpleListFilter):
    """Keep instances that are alive, or that are not."""

    title = "alive"
    parameter_name = "alive"

    def lookups(self, *_args: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("yes", "alive"), ("no", "silent")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Apply the choice."""
        conditions = {"yes": alive(), "no": ~alive()}
        return queryset.filter(conditions.get(self.value() or "", Q()))


@admin.register(WorkerInstance)
class WorkerInstanceAdmin(ReadOnlyAdmin):
    """Instances one a line; and pages of whole fleets, one a worker type."""

    list_display = (
        "worker_type",
        "worker_id",
        "is_alive",
        "beaten_at",
        "protocol",
        "concurrency",
        "running",
        "version",
        "first_beaten_at",
    )
    list_filter = (AliveFilter, "worker_type", "protocol")
    search_fields = ("worker_type", "worker_id")
    ordering = ("worker_type", "worker_id")

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of fleets."""
        view = self.admin_site.admin_view
        return [
            path("fleets/", view(self.fleets_view), name="worker_manager_fleets"),
            path("fleets/<path:worker_type>/", view(self.fleet_view), name="worker_manager_fleet"),
            *super().get_urls(),
        ]

    def fleets_view(self, request: HttpRequest) -> HttpResponse:
        """List the worker types that somebody serves, or that are configured."""
        self._demand_view(request)
        at = clock.now()
        fleets = [_shown(request, fleet, at) for fleet in list_fleets(tenant=None, at=at)]
        return self._page(request, "fleets", title="Fleets", context={"fleets": fleets})

    def fleet_view(self, request: HttpRequest, worker_type: str) -> HttpResponse:
        """Show a worker type, and each of its instances."""
        self._demand_view(request)
        at = clock.now()
        try:
            fleet = read_fleet(tenant=None, worker_type=worker_type, at=at)
        except UnknownFleet as error:
            raise Http404(str(error)) from error
        members = [member | {"at_work": _at_work(request, member)} for member in fleet["members"]]
        configured = WorkerType.objects.across_tenants(because="a fleet serves every tenant")
        context = {
            "fleet": _shown(request, fleet, at),
            "members": members,
            "pauses": _pauses_of(request, worker_type),
            "pause_address": pause_address(request, worker_type),
            "configured": configured.filter(worker_type=worker_type)
            .select_related("tenant")
            .order_by("tenant"),
            "links_configured": may_view(request, WorkerType),
        }
        return self._page(request, "fleet", title=f"Fleet of {worker_type}", context=context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkerInstance]:
        """Count what runs on each instance of a page at once."""
        found: QuerySet[WorkerInstance] = super().get_queryset(request)
        requests = Request.objects.across_tenants(because="a worker serves every tenant")
        running = requests.filter(status=RequestStatus.RUNNING, worker_id=OuterRef("worker_id"))
        return found.annotate(runs=count_by(running, by="worker_id"))

    def _demand_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _page(
        self, request: HttpRequest, name: str, *, title: str, context: Mapping[str, Any]
    ) -> HttpResponse:
        usual = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "late": LATE}
        template = f"admin/worker_manager/workerinstance/{name}.html"
        return TemplateResponse(request, template, {**usual, **context})

    @admin.display(boolean=True, description="alive")
    def is_alive(self, instance: WorkerInstance) -> bool:
        """Show whether it beat within the expiry."""
        return instance.beaten_at > clock.now() - timedelta(seconds=settings.HEARTBEAT_EXPIRY)

    @admin.display(description="running requests")
    def running(self, instance: Any) -> int:
        """Show how many requests it said it runs."""
        return instance.runs or 0


def _shown(request: HttpRequest, fleet: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return a fleet with its statistics in words, and the addresses of its page and of its requests."""
    name = fleet["workerType"]
    running = {"step_worker_type": name, "status": RequestStatus.RUNNING.value}
    return {
        **fleet,
        "of_late": of_fleet(fleet["statistics"], at=at),
        "address": fleet_address(name),
        "running_address": viewable_list(request, Request, **running),
        "requests_address": viewable_list(request, Request, step_worker_type=name),
    }


def _pauses_of(request: HttpRequest, worker_type: str) -> list[dict[str, Any]]:
    """Return the pauses of a worker type, as far as the user may see them."""
    if not may_view(request, Pause):
        return []
    meant = (PauseKind.WORKER_TYPE, worker_type)
    return [row for row in shown_pauses(request) if (row["kind"], row["name"]) == meant]


def _at_work(request: HttpRequest, member: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the requests that an instance has run longest, with the addresses that find them."""
    return [
        {**each, "address": viewable_list(request, Request, q=each["requestId"])}
        for each in member["requests"][:_NAMED]
    ]
