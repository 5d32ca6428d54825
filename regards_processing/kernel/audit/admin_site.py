"""The admin, whose doors are watched."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from regards_processing.kernel import clock
from regards_processing.kernel.admin_notices import notices
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.audit.services import record
from regards_processing.kernel.auth.login_form import GuardedLoginForm
from regards_processing.kernel.db.transactions import transaction

_REDIRECT = 302


class PlatformAdminSite(AdminSite):
    """Records who logs in and out, and who changes the own password.

    Refused attempts are not recorded: anybody could fill the trail with them, and nothing is removed from it.
    They are counted and logged, as those at `/oauth/token` are. The start page tells what needs attention.
    """

    login_form = GuardedLoginForm
    index_template = "admin/start.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show what needs attention, and all there is."""
        return super().index(request, {**(extra_context or {}), "notices": notices(request)})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Log in."""
        response = super().login(request, extra_context)
        if request.method == "POST" and response.status_code == _REDIRECT:
            _record(request, "session.opened")
        return response

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Log out."""
        if request.method == "POST" and request.user.is_authenticated:
            _record(request, "session.closed")
        return super().logout(request, extra_context)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Change one's own password."""
        with transaction():
            response = super().password_change(request, extra_context)
            if request.method == "POST" and response.status_code == _REDIRECT:
                _record(request, "password.changed")
        return response


def _record(request: HttpRequest, action: str) -> None:
    actor = admin_actor(request)
    record(actor=actor, tenant=None, action=action, target=actor.name, at=clock.now())
