"""Django's admin with a site of the platform's own; apart from that site, which needs models."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class PlatformAdminConfig(SimpleAdminConfig):
    """The admin.

    Its pages are loaded with the routes, and to be checked. Managers and workers show none, and do without
    them: that is a quarter of the time a manager takes to start, and a sixth of its memory.
    """

    default_site = "regards_processing.kernel.audit.admin_site.PlatformAdminSite"

    def ready(self) -> None:
        """Have pages checked, wherever checks are made."""
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_pages, checks.Tags.admin)


def _check_pages(**options: Any) -> Sequence[checks.CheckMessage]:
    admin.autodiscover()
    return check_admin_app(**options)
