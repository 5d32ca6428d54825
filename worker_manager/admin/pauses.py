"""Pauses in the admin: what is held and for whom; pause, and resume once that is confirmed."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from regards_processing.kernel import clock
from regards_processing.kernel.admin import ReadOnly
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.models import Pause, PauseKind
from worker_manager.services import pauses

_LIST: Final = "admin:worker_manager_pause_changelist"
#: Who may pause, and who may resume. What is for everybody takes a superuser as well.
_PAUSE: Final = "worker_manager.add_pause"
_RESUME: Final = "worker_manager.delete_pause"


class PauseForm(forms.Form):
    """What is meant, and for whom: a tenant, or everybody, and never both by leaving something out."""

    kind = forms.ChoiceField(choices=PauseKind.choices)
    name = forms.CharField(
        max_length=255, help_text="The worker type, or the content type (or workflow type)"
    )
    tenant = forms.ModelChoiceField(
        Tenant.objects.order_by("name"),
        required=False,
        to_field_name="name",
        help_text="Whose requests are meant",
    )
    everybody = forms.BooleanField(required=False, help_text="The requests of every tenant")

    def __init__(self, data: Any = None, *, for_everybody: bool, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        if not for_everybody:
            del self.fields["everybody"]

    def clean(self) -> dict[str, Any]:
        """Refuse neither and both."""
        given = self.cleaned_data
        everybody = given.get("everybody", False)
        if "tenant" in given and (given["tenant"] is None) != everybody:
            wanted = "Choose a tenant, or everybody" if "everybody" in self.fields else "Choose a tenant"
            self.add_error("tenant", f"{wanted}, not both" if everybody else wanted)
        return given

    def meant(self) -> dict[str, Any]:
        """Return it as the service takes it; the form is valid."""
        given = self.cleaned_data
        return {"kind": PauseKind(given["kind"]), "name": given["name"], "tenant": given["tenant"]}


@admin.register(Pause)
class PauseAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """A list of pauses, a form for a new one, and a page that resumes."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 (Django's signature)
        """Let those look who may look or do something."""
        return any(map(request.user.has_perm, ("worker_manager.view_pause", _PAUSE, _RESUME)))

    def get_urls(self) -> list[URLPattern]:
        """Return the routes of the pages."""
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name="worker_manager_pause_changelist"),
            path("add/", view(self.pause_view), name="worker_manager_pause_add"),
            path("resume/", view(self.resume_view), name="worker_manager_pause_resume"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:  # noqa: ARG002 (Django's signature)
        """List what is paused."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(request, "list", "Pauses", {"pauses": shown_pauses(request)})

    def pause_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for what is to be paused, and pause it."""
        _demand(request, _PAUSE)
        form = PauseForm(
            request.POST or None, for_everybody=_above_tenants(request), initial=request.GET.dict()
        )
        if form.is_valid():
            try:
                return self._pause(request, form)
            except pauses.NothingToPause as error:
                form.add_error("name", str(error))
        return self._page(request, "add", "Pause", {"form": form})

    def resume_view(self, request: HttpRequest) -> HttpResponse:
        """Show the pause that is meant, and end it once that is confirmed."""
        _demand(request, _RESUME)
        form = PauseForm(request.POST or request.GET, for_everybody=_above_tenants(request))
        if not form.is_valid():
            reasons = (f"{name}: {text}" for name, texts in form.errors.items() for text in texts)
            return self._back(request, "; ".join(reasons), messages.WARNING)
        meant = form.meant()
        if request.method == "POST":
            resumed = pauses.resume(**meant, actor=admin_actor(request), at=clock.now())
            told = f"Resumed: {_named(meant)}" if resumed else _not_paused(meant)
            return self._back(request, told, messages.INFO if resumed else messages.WARNING)
        found = next((row for row in shown_pauses(request) if _is_of(row, meant)), None)
        if found is None:
            return self._back(request, _not_paused(meant), messages.WARNING)
        return self._page(request, "resume", "Resume", {"form": form, "pause": found})

    def _pause(self, request: HttpRequest, form: PauseForm) -> HttpResponse:
        at, meant = clock.now(), form.meant()
        row = pauses.pause(**meant, actor=admin_actor(request), at=at)
        if row["since"] != at:
            since = f"{row['since']:%Y-%m-%d %H:%M:%S} UTC"
            told = f"Nothing was changed: {_named(meant)} is paused since {since} by {row['pausedBy']}"
            return self._back(request, told, messages.WARNING)
        return self._back(
            request, f"Paused: {_named(meant)}; {row['inFlight']} in flight, {row['held']} held"
        )

    def _back(self, request: HttpRequest, told: str, level: int = messages.INFO) -> HttpResponseRedirect:
        self.message_user(request, told, level)
        return HttpResponseRedirect(reverse(_LIST))

    def _page(self, request: HttpRequest, name: str, title: str, context: Mapping[str, Any]) -> HttpResponse:
        may = {"may_pause": request.user.has_perm(_PAUSE)}
        usual = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **may}
        return TemplateResponse(request, f"admin/worker_manager/pause/{name}.html", {**usual, **context})


def shown_pauses(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what is paused; with the address that resumes it, where the user may."""
    may, above = request.user.has_perm(_RESUME), _above_tenants(request)
    return [
        row
        | {
            "what": PauseKind(row["kind"]).label,
            "resume": _resume_address(row) if may and (row["tenant"] or above) else "",
        }
        for row in pauses.list_pauses(tenant=None)
    ]


def pause_address(request: HttpRequest, worker_type: str) -> str:
    """Return the address of the form that pauses a worker type; nothing for who may not."""
    if not request.user.has_perm(_PAUSE):
        return ""
    return _address("add", kind=PauseKind.WORKER_TYPE.value, name=worker_type)


def _address(page: str, **query: str) -> str:
    return f"{reverse(f'admin:worker_manager_pause_{page}')}?{urlencode(query)}"


def _resume_address(row: Mapping[str, Any]) -> str:
    whose = {"tenant": row["tenant"]} if row["tenant"] else {"everybody": "on"}
    return _address("resume", kind=row["kind"], name=row["name"], **whose)


def _demand(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _above_tenants(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


def _is_of(row: Mapping[str, Any], meant: Mapping[str, Any]) -> bool:
    whose = meant["tenant"].name if meant["tenant"] else None
    return (row["kind"], row["name"], row["tenant"]) == (meant["kind"], meant["name"], whose)


def _named(meant: Mapping[str, Any]) -> str:
    return f"{meant['kind'].label.lower()} {meant['name']} for {meant['tenant'] or 'everybody'}"


def _not_paused(meant: Mapping[str, Any]) -> str:
    return f"Nothing was changed: {_named(meant)} is not paused"
