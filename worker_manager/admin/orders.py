"""Orders in the admin: which requests, how many that are, and only then the order itself."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.rest.filter_serializers import MAX_VALUES
from regards_processing.kernel.rest.filters import DateRange, Mode, TextFilter, ValueRestriction
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.models import Request
from worker_manager.request_filter import RequestFilter
from worker_manager.services import reserved
from worker_manager.services.cancellation import order_cancellation
from worker_manager.services.deletion import order_deletion
from worker_manager.services.orders import Reach, Start, count_eligible, not_ended, up_to_operators
from worker_manager.services.retries import order_retry
from worker_manager.states import CANCELABLE, UP_TO_OPERATORS

_TEMPLATE: Final = "admin/worker_manager/request/order.html"
_MOMENT: Final = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """One order as the admin offers it."""

    title: str
    #: Last part of its address and of its route's name.
    name: str
    explanation: str
    #: Who may give it.
    permission: str
    give: Callable[..., Job]
    #: Statuses that it reaches, and how it reads the restriction of a filter.
    reached: Collection[str] = UP_TO_OPERATORS
    reach: Reach = up_to_operators
    #: Sources whose requests it leaves alone.
    sparing: Callable[[], Collection[str]] = frozenset

    @property
    def route(self) -> str:
        """Name of its route."""
        return f"admin:worker_manager_request_{self.name}"


RETRY: Final = OrderPage(
    title="Retry requests",
    name="retry",
    explanation="Requests are sent to their workers again, each at the step it is at.",
    permission="worker_manager.change_request",
    give=order_retry,
    sparing=reserved.owners,
)
DELETE: Final = OrderPage(
    title="Delete requests",
    name="delete",
    explanation="Requests are deleted for good; their clients hear nothing of it.",
    permission="worker_manager.delete_request",
    give=order_deletion,
)


RETRY_FROM_FIRST: Final = OrderPage(
    title="Retry requests from the first step",
    name="retry-first",
    explanation="Requests start again at the first step of today's configuration, with what clients sent.",
    permission="worker_manager.change_request",
    give=partial(order_retry, start=Start.FIRST),
    sparing=reserved.owners,
)
CANCEL: Final = OrderPage(
    title="Cancel requests",
    name="cancel",
    explanation="Requests are ended before they are done; their clients are told, and so are the fleets.",
    permission="worker_manager.delete_request",
    give=order_cancellation,
    reached=CANCELABLE,
    reach=not_ended,
)
_ORDERS: Final = (RETRY, RETRY_FROM_FIRST, CANCEL, DELETE)


class OrderForm(forms.Form):
    """The filter of an order: whatever is left empty restricts nothing."""

    tenant = forms.ModelChoiceField(Tenant.objects.order_by("name"))
    ids = forms.CharField(
        required=False, widget=forms.HiddenInput, validators=[RegexValidator(r"^\d{1,18}(,\d{1,18})*$")]
    )
    request_ids = forms.CharField(
        required=False,
        label="Request ids",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whole ids of clients, one a line",
    )
    source = forms.CharField(required=False, help_text="Text that the source contains")
    session = forms.CharField(required=False, help_text="Text that the session contains")
    dispatched_worker_type = forms.CharField(
        required=False,
        label="Worker type",
        help_text="Text that the worker type of the last dispatch contains",
    )
    content_types = forms.CharField(required=False, help_text="Whole names, separated by commas")
    statuses = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    after = forms.DateTimeField(required=False, widget=_MOMENT, label="Received from", help_text="UTC")
    before = forms.DateTimeField(required=False, widget=_MOMENT, label="Received until", help_text="UTC")

    def __init__(self, data: Any = None, *, order: OrderPage) -> None:
        super().__init__(data)
        statuses = cast("forms.MultipleChoiceField", self.fields["statuses"])
        statuses.choices = [(str(status), str(status)) for status in sorted(order.reached)]

    def clean_request_ids(self) -> list[str]:
        """Return the ids, each once.

        Raises:
            ValidationError: there are more than a filter may have.
        """
        lines = (line.strip() for line in self.cleaned_data["request_ids"].splitlines())
        found = list(dict.fromkeys(line for line in lines if line))
        if len(found) > MAX_VALUES:
            raise forms.ValidationError(f"{len(found)} ids are too many: at most {MAX_VALUES} are allowed")
        return found

    def wanted(self) -> RequestFilter:
        """Return the filter; the form is valid."""
        given = self.cleaned_data
        ids = [int(pk) for pk in given["ids"].split(",") if pk]
        types = [name.strip() for name in given["content_types"].split(",") if name.strip()]
        return RequestFilter(
            **{name: _containing(given[name]) for name in ("source", "session", "dispatched_worker_type")},
            content_types=_including(types),
            statuses=_including(given["statuses"]),
            ids=_including(ids),
            request_ids=_including(given["request_ids"]),
            creation_date=DateRange(after=given["after"], before=given["before"]),
        )

    def meant(self) -> list[tuple[str, str]]:
        """Return what was filled in, for people to read; the form is valid."""
        shown = {name: _shown(value) for name, value in self.cleaned_data.items() if value}
        return [(str(self.fields[name].label or name), value) for name, value in shown.items()]


class OrdersMixin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Lets staff order retries, cancellations and deletions of requests: of chosen ones, or by filter."""

    actions = ("retry_chosen", "retry_first_chosen", "cancel_chosen", "delete_chosen")

    def get_urls(self) -> list[URLPattern]:
        """Add a page for each order."""
        return [*(self._path(order) for order in _ORDERS), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None
    ) -> HttpResponse:
        """List requests, with links to the orders that the user may give."""
        offered = [order for order in _ORDERS if request.user.has_perm(order.permission)]
        return super().changelist_view(request, {**(extra_context or {}), "orders": offered})

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Let those who may change requests retry them."""
        return bool(request.user.has_perm(RETRY.permission))

    def has_deletion_permission(self, request: HttpRequest) -> bool:
        """Let those who may delete requests do so, and cancel them."""
        return bool(request.user.has_perm(DELETE.permission))

    @admin.action(description="Retry", permissions=["retry"])
    def retry_chosen(self, request: HttpRequest, chosen: QuerySet[Request]) -> HttpResponse | None:
        """Show how many of the chosen requests a retry would touch."""
        return self._of_chosen(request, chosen, RETRY)

    @admin.action(description="Retry from the first step", permissions=["retry"])
    def retry_first_chosen(self, request: HttpRequest, chosen: QuerySet[Request]) -> HttpResponse | None:
        """Show how many of the chosen requests such a retry would touch."""
        return self._of_chosen(request, chosen, RETRY_FROM_FIRST)

    @admin.action(description="Cancel", permissions=["deletion"])
    def cancel_chosen(self, request: HttpRequest, chosen: QuerySet[Request]) -> HttpResponse | None:
        """Show how many of the chosen requests a cancellation would touch."""
        return self._of_chosen(request, chosen, CANCEL)

    @admin.action(description="Delete", permissions=["deletion"])
    def delete_chosen(self, request: HttpRequest, chosen: QuerySet[Request]) -> HttpResponse | None:
        """Show how many of the chosen requests a deletion would touch."""
        return self._of_chosen(request, chosen, DELETE)

    def _path(self, order: OrderPage) -> URLPattern:
        view = self.admin_site.admin_view(partial(self._page, order=order))
        return path(f"{order.name}/", view, name=order.route.removeprefix("admin:"))

    def _of_chosen(
        self, request: HttpRequest, chosen: QuerySet[Request], order: OrderPage
    ) -> HttpResponse | None:
        keys = list(chosen.order_by("pk").values_list("tenant", "pk")[: MAX_VALUES + 1])
        tenants = {tenant for tenant, _ in keys}
        if len(tenants) > 1 or len(keys) > MAX_VALUES:
            reason = f"Choose at most {MAX_VALUES} requests, all of one tenant; or order by filter"
            self.message_user(request, reason, messages.WARNING)
            return None
        form = OrderForm({"tenant": tenants.pop(), "ids": ",".join(str(pk) for _, pk in keys)}, order=order)
        return self._shown(request, form, order)

    def _page(self, request: HttpRequest, *, order: OrderPage) -> HttpResponse:
        """Ask for the filter, show how many requests it means, and give the order once that is confirmed."""
        if not request.user.has_perm(order.permission):
            raise PermissionDenied
        form = OrderForm(request.POST or None, order=order)
        if "confirmed" not in request.POST or not form.is_valid():
            return self._shown(request, form, order)
        tenant = form.cleaned_data["tenant"]
        job = order.give(tenant=tenant, wanted=form.wanted(), actor=admin_actor(request), at=clock.now())
        self.message_user(request, f"{order.title}: ordered")
        return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[job.pk]))

    def _shown(self, request: HttpRequest, form: OrderForm, order: OrderPage) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": order.title,
            "order": order,
            "form": form,
            "reached": ", ".join(sorted(order.reached)),
            "count": None,
        }
        if form.is_bound and form.is_valid():
            tenant, wanted = form.cleaned_data["tenant"], form.wanted()
            count = count_eligible(tenant=tenant, wanted=wanted, reach=order.reach, sparing=order.sparing())
            context |= {"count": count, "meant": form.meant()}
        return TemplateResponse(request, _TEMPLATE, context)


def _containing(text: str) -> TextFilter | None:
    return TextFilter(text=text) if text else None


def _including(values: list[Any]) -> ValueRestriction | None:
    return ValueRestriction(values=tuple(values), mode=Mode.INCLUDE) if values else None


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
