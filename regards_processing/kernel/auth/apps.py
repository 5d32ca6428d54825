"""Who may call what."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Identities, roles, and what a tenant changed about them."""

    name = "regards_processing.kernel.auth"
    label = "access"
    verbose_name = "Access"
