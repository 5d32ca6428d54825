"""Addresses of pages of the engine in the admin."""

from django.urls import reverse


def fleet_address(worker_type: str) -> str:
    """Return the address of the page of a fleet."""
    return reverse("admin:worker_manager_fleet", args=[worker_type])
