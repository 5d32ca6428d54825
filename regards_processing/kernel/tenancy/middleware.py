"""What a call may see of tenants' rows before anything is known of it: nothing."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from regards_processing.kernel.operator_pages import is_for_operators
from regards_processing.kernel.tenancy import visibility


class VisibilityMiddleware:
    """Begin each call with no tenant's rows in sight, and end it as it began.

    Endpoints of the REST interface are admitted for one tenant (`admission`); staff sees every tenant's rows
    in the admin and on the dashboard. An answer is made before the call ends: what is read while it is sent
    sees nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a call."""
        with visibility.seeing_nothing():
            return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Let staff see the rows of every tenant in the admin and on the dashboard."""
        if is_for_operators(request) and request.user.is_staff:
            visibility.admit_everywhere()
