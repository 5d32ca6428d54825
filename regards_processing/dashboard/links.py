"""Addresses in the admin, as far as one user may look at them."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from regards_processing.kernel.admin_links import list_address, may_view, viewable_list
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.admin.links import fleet_address
from worker_manager.models import WorkerInstance

#: The filter of lists in the admin.
_TENANT: Final = "tenant__id__exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Who follows them, and whose rows are meant; an address that is not for this user is empty."""

    request: HttpRequest
    tenant: Tenant | None

    def to_list(self, model: type[Model], **filters: object) -> str:
        """Return the list of a model, of the tenant that is meant if its rows are told apart by tenants."""
        if not may_view(self.request, model):
            return ""
        by_tenant = any(field.name == "tenant" for field in model._meta.concrete_fields)
        whose = {_TENANT: self.tenant.pk} if self.tenant and by_tenant else {}
        return list_address(model, **(whose | filters))

    def to_platform_list(self, model: type[Model], **filters: object) -> str:
        """Return the list of a model, whoever's the rows are."""
        return viewable_list(self.request, model, **filters)

    def to_row(self, model: type[Model], key: object) -> str:
        """Return the page of one row."""
        if not may_view(self.request, model):
            return ""
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[key])

    def to_fleet(self, worker_type: str | None = None) -> str:
        """Return the page of a fleet, or of all fleets."""
        if not may_view(self.request, WorkerInstance):
            return ""
        return fleet_address(worker_type) if worker_type else reverse("admin:worker_manager_fleets")

    def of_tenant(self, model: type[Model], tenant: Tenant, **filters: object) -> str:
        """Return the list of a model, of one tenant."""
        return self.to_platform_list(model, **({_TENANT: tenant.pk} | filters))
