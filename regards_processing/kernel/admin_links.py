"""Which pages of the admin a user may look at, and their addresses."""

from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def may_view(request: HttpRequest, model: type[Model]) -> bool:
    """Return whether a user may look at the pages of a model."""
    return bool(admin.site.get_model_admin(model).has_view_permission(request))


def list_address(model: type[Model], **filters: object) -> str:
    """Return the address of the list of a model, with filters."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address


def viewable_list(request: HttpRequest, model: type[Model], **filters: object) -> str:
    """Return the same for one user: nothing when the user may not look at it."""
    return list_address(model, **filters) if may_view(request, model) else ""


def link(address: str, text: object) -> SafeString:
    """Return a link."""
    return format_html('<a href="{}">{}</a>', address, text)
