"""The audit trail in the admin, and the stock pages of users and groups made to write it."""

import json
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.admin import ReadOnlyAdmin
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.audit.admin_mixin import AuditedAdmin
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.audit.queries import distinct_values
from regards_processing.kernel.auth.models import Membership
from regards_processing.kernel.auth.services.rules import delete_rules
from regards_processing.kernel.db.transactions import transaction


class _ValueFilter(admin.SimpleListFilter):
    """Keep the entries with one value of an indexed column; Django's own filter would read every entry."""

    column: ClassVar[Literal["action", "tenant"]]

    def lookups(self, *_args: Any) -> list[tuple[str, str]]:
        """Offer the values that there are."""
        return [(value, value) for value in distinct_values(column=self.column)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Apply the choice."""
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class ActionFilter(_ValueFilter):
    """What was done."""

    title = parameter_name = column = "action"


class TenantFilter(_ValueFilter):
    """For which tenant."""

    title = parameter_name = column = "tenant"


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what."""

    list_display = ("at", "actor", "origin", "action", "target", "tenant", "correlation_id")
    list_filter = (ActionFilter, TenantFilter, "origin", "at")
    #: Beginnings only: they are found by index among millions of entries.
    search_fields = (
        "actor__startswith",
        "action__startswith",
        "target__startswith",
        "tenant__startswith",
        "correlation_id__startswith",
    )
    search_help_text = "How the actor, action, target, tenant or correlation id begins; case matters"
    ordering = ("-pk",)
    fields = ("at", "actor", "origin", "action", "target", "tenant", "shown_details", "correlation_id")
    readonly_fields = ("shown_details",)

    @admin.display(description="details")
    def shown_details(self, entry: AuditEntry) -> SafeString:
        """Show the facts, one a line."""
        text = json.dumps(entry.details, indent=2, sort_keys=True, ensure_ascii=False)
        return format_html('<pre style="white-space: pre-wrap; margin: 0">{}</pre>', text)


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class AuditedUserAdmin(AuditedAdmin, UserAdmin):  # type: ignore[type-arg] # not generic at run time
    """The people who may log in; what they may do is written down with every change, passwords never."""

    audited_fields = ("email", "is_active", "is_staff", "is_superuser", "groups", "user_permissions")

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Change a password and record it in one transaction."""
        with transaction():
            return super().user_change_password(request, id, form_url)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete a user."""
        _delete_memberships(request, [obj])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Delete the chosen users."""
        _delete_memberships(request, queryset)
        super().delete_queryset(request, queryset)


@admin.register(Group)
class AuditedGroupAdmin(AuditedAdmin, GroupAdmin):
    """Groups of people, and what they may do."""

    audited_fields = ("permissions",)


def _delete_memberships(request: HttpRequest, users: Iterable[User]) -> None:
    """Take from users what they may do, tenant by tenant: each reads in its own trail that they are gone."""
    everywhere = Membership.objects.across_tenants(because="users are of the platform, and so of any tenant")
    rules = everywhere.filter(user__in=users).select_related("user", "tenant").order_by("pk")
    delete_rules(rules=list(rules), actor=admin_actor(request), at=clock.now())
