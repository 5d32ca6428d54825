"""Requests whose row has gone: their addresses lead to what is left of them."""

from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from regards_processing.kernel.admin_links import list_address, may_view
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.models import FinishedRequest

_TENANT: Final = "tenant"
_REQUEST_ID: Final = "request_id"


def request_address(*, key: int, tenant: Tenant, request_id: str) -> str:
    """Return the address of the page of a request; it names the request, whose row may go meanwhile."""
    named = urlencode({_TENANT: tenant.name, _REQUEST_ID: request_id})
    return f"{reverse('admin:worker_manager_request_change', args=[key])}?{named}"


class NamingList(ChangeList):
    """A list of requests whose links name them."""

    def url_for_result(self, result: Any) -> str:
        """Return the address of the page of a request."""
        return request_address(key=result.pk, tenant=result.tenant, request_id=result.request_id)


class GoneMixin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Leads from the page of a request that has ended to its page in the history."""

    def get_changelist(self, request: HttpRequest, **_more: Any) -> type[ChangeList]:  # noqa: ARG002 (Django's signature)
        """Name requests in links."""
        return NamingList

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Lead to the history; Django calls this when there is no row."""
        if not may_view(request, FinishedRequest):
            self.message_user(request, f"Request {object_id} has ended, or was deleted", messages.WARNING)
            return HttpResponseRedirect(list_address(opts.model))
        name = request.GET.get(_REQUEST_ID)
        ended = FinishedRequest.objects.across_tenants(because="the address names the tenant")
        named = ended.filter(tenant__name=request.GET.get(_TENANT), request_id=name).order_by("-pk")
        key = named.values_list("pk", flat=True).first()
        if key is not None:
            self.message_user(request, f"Request {name} has ended", messages.INFO)
            return HttpResponseRedirect(reverse("admin:worker_manager_finishedrequest_change", args=[key]))
        told = f"Request {name or object_id} has ended and is not remembered, or was deleted"
        if name is None:
            told = f"Request number {object_id} has ended, or was deleted: look for its request id here"
        self.message_user(request, told, messages.WARNING)
        return HttpResponseRedirect(list_address(FinishedRequest))
