"""Addresses of lists of the admin, filtered."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def list_address(model: str, **filters: object) -> str:
    """Return the address of the list of a model of the engine, with filters."""
    address = reverse(f"admin:worker_manager_{model}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address


def fleet_address(worker_type: str) -> str:
    """Return the address of the page of a fleet."""
    return reverse("admin:worker_manager_fleet", args=[worker_type])


def link(address: str, text: object) -> SafeString:
    """Return a link."""
    return format_html('<a href="{}">{}</a>', address, text)
