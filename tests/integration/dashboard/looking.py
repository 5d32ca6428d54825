"""The dashboard as its viewers see it, panel by panel."""

from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.test import Client

from regards_processing.dashboard.panels import Panel

PAGE = "/dashboard/"
PANELS = "/dashboard/panels/"


def staff(client: Client, *permissions: str) -> Client:
    """Log in somebody of the staff with these permissions."""
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def look(client: Client, **query: str) -> dict[str, Panel]:
    """Return the panels by title, as they are now."""
    cache.clear()
    return {panel.title: panel for panel in client.get(PANELS, query).context["panels"]}


def rows(panel: Panel) -> list[list[Any]]:
    """Return the texts of a panel's table."""
    return [[cell.text for cell in row] for row in panel.rows]


def addresses(panel: Panel) -> list[str]:
    """Return where the links of a panel's table lead."""
    return [cell.address for row in panel.rows for cell in row if cell.address]
