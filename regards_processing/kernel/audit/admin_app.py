"""Django's admin with a site of the platform's own; apart from that site, which needs models."""

from django.contrib.admin.apps import AdminConfig


class PlatformAdminConfig(AdminConfig):
    """The admin."""

    default_site = "regards_processing.kernel.audit.admin_site.PlatformAdminSite"
