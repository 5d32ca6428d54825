"""Tenants and outbox in the admin."""

from typing import Any

from django.contrib import admin

from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.tenancy.models import Tenant


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Lists and shows; changes nothing."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, *_args: Any) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, *_args: Any) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, *_args: Any) -> bool:
        """Refuse."""
        return False


@admin.register(Tenant)
class TenantAdmin(ReadOnlyAdmin):
    """The tenants."""

    list_display = ("name", "active", "created_at")
    search_fields = ("name",)


@admin.register(OutboxEntry)
class OutboxEntryAdmin(ReadOnlyAdmin):
    """Messages that have not left yet: normally none."""

    list_display = ("created_at", "message_count")
    exclude = ("messages",)
