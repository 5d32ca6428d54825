"""Orders about executions in the admin: what they would touch first, and only then the order itself."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.rest.filter_serializers import MAX_VALUES
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Execution
from regards_processing.processing.services.cancellation import ExecutionNames, cancel_ordered
from regards_processing.processing.services.retries import retry_executions
from regards_processing.processing.states import OPEN, RETRYABLE

TEMPLATE: Final = "admin/processing/order.html"
_LIST: Final = "admin:processing_execution_changelist"
#: Executions that were refused, and are told of one by one.
_TOLD: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What became of an order."""

    done: int
    #: Why nothing was done to others.
    refused: Sequence[str] = ()
    #: The one execution to look at now, if there is one.
    made: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order as the admin offers it."""

    #: Last part of its address and of its route's name; said on its link.
    name: str
    explanation: str
    #: Who may give it.
    permission: str
    #: Statuses that it reaches.
    reached: Collection[str]
    give: Callable[..., Given]

    @property
    def verb(self) -> str:
        """Word on its link."""
        return self.name.capitalize()

    @property
    def title(self) -> str:
        """Heading of its page."""
        return f"{self.verb} executions"

    @property
    def route(self) -> str:
        """Name of its route."""
        return f"admin:processing_execution_{self.name}"


def _cancel(*, tenant: Tenant, ids: Collection[UUID], **by: Any) -> Given:
    return Given(done=cancel_ordered(tenant=tenant, executions=ExecutionNames(ids=ids), **by))


def _retry(*, tenant: Tenant, ids: Collection[UUID], **by: Any) -> Given:
    report = retry_executions(tenant=tenant, execution_ids=ids, **by)
    made = next(iter(report.retried.values()), None) if len(ids) == 1 else None
    return Given(done=len(report.retried), refused=list(report.refused.values()), made=made)


RETRY: Final = Order(
    name="retry",
    explanation=(
        "Each is ordered again, with the same files, as an execution of its own with a result of its own; "
        "what has ended stays as it is. One that succeeded, or was ordered again before, is left out."
    ),
    permission="processing.change_execution",
    reached=RETRYABLE,
    give=_retry,
)
CANCEL: Final = Order(
    name="cancel",
    explanation="Executions are ended before they are done; who ordered them is told, and so are the fleets.",
    permission="processing.delete_execution",
    reached=OPEN,
    give=_cancel,
)
_ORDERS: Final = (RETRY, CANCEL)


class ExecutionOrdersMixin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Lets staff cancel executions and try them again: one from its page, many from the list."""

    actions = ("retry_chosen", "cancel_chosen")

    def get_urls(self) -> list[URLPattern]:
        """Add a page for each order."""
        view = self.admin_site.admin_view
        return [
            *(
                path(f"{order.name}/", view(partial(self._page, order=order)), name=order.route[6:])
                for order in _ORDERS
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one, with links to the orders that reach it and that the user may give."""
        row: Any = self.get_object(request, object_id)
        offered = [
            order
            for order in _ORDERS
            if row and row.status in order.reached and request.user.has_perm(order.permission)
        ]
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "orders": offered})

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Let those who may change executions try them again."""
        return bool(request.user.has_perm(RETRY.permission))

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Let those who may delete executions cancel them."""
        return bool(request.user.has_perm(CANCEL.permission))

    @admin.action(description="Retry", permissions=["retry"])
    def retry_chosen(self, request: HttpRequest, chosen: QuerySet[Execution]) -> HttpResponse | None:
        """Show how many of the chosen executions a retry would touch."""
        return self._asked(request, chosen, RETRY)

    @admin.action(description="Cancel", permissions=["cancel"])
    def cancel_chosen(self, request: HttpRequest, chosen: QuerySet[Execution]) -> HttpResponse | None:
        """Show how many of the chosen executions a cancellation would touch."""
        return self._asked(request, chosen, CANCEL)

    def _page(self, request: HttpRequest, *, order: Order) -> HttpResponse:
        """Show what is meant, and give the order once that is confirmed."""
        if not request.user.has_perm(order.permission):
            raise PermissionDenied
        told = request.POST if request.method == "POST" else request.GET
        try:
            ids = [UUID(text) for text in told.get("ids", "").split(",")]
        except ValueError:
            self.message_user(request, "Choose executions in the list first", messages.WARNING)
            return HttpResponseRedirect(reverse(_LIST))
        chosen = self.get_queryset(request).filter(pk__in=ids[: MAX_VALUES + 1])
        if request.method == "POST" and "confirmed" in request.POST:
            return self._give(request, chosen, order)
        return self._asked(request, chosen, order) or HttpResponseRedirect(reverse(_LIST))

    def _asked(self, request: HttpRequest, chosen: QuerySet[Execution], order: Order) -> HttpResponse | None:
        found = self._of_one_tenant(request, chosen)
        if found is None:
            return None
        _, statuses = found
        counts = sorted(Counter(statuses.values()).items())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": order.title,
            "order": order,
            "action": reverse(order.route),
            "list_address": reverse(_LIST),
            "back": _address(list(statuses)),
            "counts": counts,
            "count": sum(number for status, number in counts if status in order.reached),
            "ids": ",".join(map(str, statuses)),
        }
        return TemplateResponse(request, TEMPLATE, context)

    def _give(self, request: HttpRequest, chosen: QuerySet[Execution], order: Order) -> HttpResponse:
        found = self._of_one_tenant(request, chosen)
        if found is None:
            return HttpResponseRedirect(reverse(_LIST))
        tenant, statuses = found
        ids = list(statuses)
        given = order.give(tenant=tenant, ids=ids, actor=admin_actor(request), at=clock.now())
        for reason in given.refused[:_TOLD]:
            self.message_user(request, reason, messages.WARNING)
        left = len(ids) - given.done
        more = f"; {left} left as they are" if left else ""
        level = messages.SUCCESS if given.done else messages.WARNING
        self.message_user(request, f"{order.title}: {given.done} done{more}", level)
        return HttpResponseRedirect(_address([given.made] if given.made else ids))

    def _of_one_tenant(
        self, request: HttpRequest, chosen: QuerySet[Execution]
    ) -> tuple[Tenant, dict[UUID, str]] | None:
        """Return the statuses of the chosen executions by id, if they are some, and all of one tenant."""
        rows = list(chosen.order_by("pk").values_list("tenant", "pk", "status")[: MAX_VALUES + 1])
        tenants = {tenant for tenant, _, _ in rows}
        if len(tenants) != 1 or len(rows) > MAX_VALUES:
            reason = f"Choose at most {MAX_VALUES} executions, and at least one, all of one tenant"
            self.message_user(request, reason, messages.WARNING)
            return None
        return Tenant.objects.get(pk=tenants.pop()), {pk: status for _, pk, status in rows}


def _address(ids: Sequence[UUID]) -> str:
    return reverse("admin:processing_execution_change", args=ids) if len(ids) == 1 else reverse(_LIST)
