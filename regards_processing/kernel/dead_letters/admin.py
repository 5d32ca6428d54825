"""Dead letters in the admin: look at them, and once it is confirmed replay or drop them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Self
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.dead_letters import queries, report, services
from regards_processing.kernel.dead_letters.choice import LOOKED_AT, Choice
from regards_processing.kernel.dead_letters.description import DeadLetter
from regards_processing.kernel.dead_letters.forms import FilterForm, OrderForm
from regards_processing.kernel.errors import DomainError

_FOLDER: Final = "admin/kernel/deadletters"
LIST: Final = "admin:kernel_deadletters_changelist"
#: Messages of one page; more are found with the filter, or with the command.
_LISTED: Final = 50
#: Bytes of a body in the list, and on the page of one message.
_GLIMPSE: Final = 80
_EXCERPT: Final = 10_000
#: Messages that stayed, and are told of one by one.
_TOLD: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What can be done to dead letters."""

    #: Last part of its address and of its route's name.
    name: str
    explanation: str
    #: Who may give it.
    permission: str
    give: Callable[..., services.Outcome]
    done: str

    @property
    def route(self) -> str:
        """Name of its route."""
        return f"admin:kernel_deadletters_{self.name}"


REPLAY: Final = Order(
    name="replay",
    explanation="Each message goes back to the queue in which it died. What was handled before counts once.",
    permission="kernel.change_deadletters",
    give=services.replay,
    done="Replayed",
)
DROP: Final = Order(
    name="drop",
    explanation="The messages are removed for good. Nobody can bring them back.",
    permission="kernel.delete_deadletters",
    give=services.drop,
    done="Dropped",
)
_ORDERS: Final = (REPLAY, DROP)


class DeadLetterAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """A list, one message in full, and a page for each order, which counts before anything is done."""

    def has_add_permission(self, *_args: Any) -> bool:
        """Refuse: there is no form for it."""
        return False

    def has_change_permission(self, *_args: Any) -> bool:
        """Refuse, likewise."""
        return False

    def has_delete_permission(self, *_args: Any) -> bool:
        """Refuse, likewise."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 (Django's signature)
        """Let those look who may look or do something."""
        permissions = ("kernel.view_deadletters", *(order.permission for order in _ORDERS))
        return any(map(request.user.has_perm, permissions))

    def get_urls(self) -> list[URLPattern]:
        """Return the routes of the pages."""
        view = self.admin_site.admin_view
        orders = [(order, view(partial(self.order_view, order=order))) for order in _ORDERS]
        return [
            path("", view(self.changelist_view), name=_last(LIST)),
            *(path(f"{order.name}/", page, name=_last(order.route)) for order, page in orders),
            path("<str:queue>/<slug:identity>/", view(self.letter_view), name="kernel_deadletters_letter"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:  # noqa: ARG002 (Django's signature)
        """List the next messages of a queue."""
        self._demand_view(request)
        context: dict[str, Any] = {"looked_at": LOOKED_AT, "listed": _LISTED}
        try:
            counts = queries.queue_counts()
            fullest = max(counts, key=lambda each: each.messages).queue
            form = FilterForm({"queue": fullest} | request.GET.dict())
            context |= {"counts": counts, "form": form}
            if form.is_valid():
                found = queries.chosen_letters(choice=form.choice(limit=_LISTED), excerpt=_GLIMPSE)
                context |= {"letters": [Glimpse.of(letter) for letter in found]}
        except BrokerUnavailable as error:
            self.message_user(request, str(error), messages.ERROR)
        return self._page(request, "list", "Dead letters", context)

    def letter_view(self, request: HttpRequest, queue: str, identity: str) -> HttpResponse:
        """Show all of a message, and the beginning of its body."""
        self._demand_view(request)
        choice = Choice(queue=queue, within=LOOKED_AT, limit=1, identities=(identity,))
        try:
            found = queries.chosen_letters(choice=choice)
        except DomainError as error:
            return self._back(request, str(error), messages.ERROR)
        if not found:
            reason = f"This message is not among the next {LOOKED_AT} of {queue} any more"
            return self._back(request, reason, messages.WARNING, queue=queue)
        whole = report.whole_as_json(found[0], excerpt=_EXCERPT)
        parts = {name: whole.pop(name).items() for name in ("headers", "properties")}
        context = {
            "letter": found[0],
            "queue": queue,
            "body": whole.pop("body"),
            "facts": whole.items(),
            **parts,
        }
        return self._page(request, "letter", "Dead letter", context | {"excerpt": _EXCERPT})

    def order_view(self, request: HttpRequest, *, order: Order) -> HttpResponse:
        """Count what is meant, and do it once that is confirmed."""
        if not request.user.has_perm(order.permission):
            raise PermissionDenied
        form = OrderForm(request.POST)
        if not form.is_valid():
            reasons = (f"{name}: {text}" for name, texts in form.errors.items() for text in texts)
            return self._back(request, "; ".join(reasons).replace("__all__: ", ""), messages.WARNING)
        try:
            if "confirmed" in request.POST:
                return self._give(request, form.choice(), order)
            count = queries.count_chosen(choice=form.choice())
        except BrokerUnavailable as error:
            return self._back(request, f"{error}. Order again to go on.", messages.ERROR)
        context = {"form": form, "count": count, "order": order, "looked_at": LOOKED_AT}
        return self._page(request, "order", f"{order.name.capitalize()} dead letters", context)

    def _give(self, request: HttpRequest, choice: Choice, order: Order) -> HttpResponse:
        outcome = order.give(choice=choice, actor=admin_actor(request), at=clock.now())
        for each in outcome.stayed[:_TOLD]:
            reason = f"The message of request {each.request_id or '(unknown)'} stays: {each.reason}"
            self.message_user(request, reason, messages.WARNING)
        stayed = f"; {len(outcome.stayed)} stayed" if outcome.stayed else ""
        return self._back(request, f"{order.done}: {outcome.done}{stayed}", queue=choice.queue)

    def _demand_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _back(
        self, request: HttpRequest, told: str, level: int = messages.INFO, **query: str
    ) -> HttpResponseRedirect:
        self.message_user(request, told, level)
        return HttpResponseRedirect(f"{reverse(LIST)}?{urlencode(query)}" if query else reverse(LIST))

    def _page(self, request: HttpRequest, name: str, title: str, context: Mapping[str, Any]) -> HttpResponse:
        offered = [order for order in _ORDERS if request.user.has_perm(order.permission)]
        usual = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "orders": offered,
        }
        return TemplateResponse(request, f"{_FOLDER}/{name}.html", {**usual, **context})


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """A message as a line of the list."""

    letter: DeadLetter
    when: datetime | None
    beginning: str
    #: Whether the body goes on.
    more: bool

    @classmethod
    def of(cls, letter: DeadLetter) -> Self:
        """Return the line of a message."""
        return cls(
            letter=letter,
            when=letter.died_at or letter.sent_at,
            beginning=report.printable(report.decoded(letter.body)),
            more=letter.size > len(letter.body),
        )


def _last(route: str) -> str:
    return route.removeprefix("admin:")
