"""Who may call what, in the admin: editable, and every change recorded."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from regards_processing.kernel import clock
from regards_processing.kernel.admin import EveryTenant
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.auth.forms import EndpointForm, RoleForm, RuleForm
from regards_processing.kernel.auth.models import (
    CustomRole,
    EndpointRole,
    Membership,
    RoleAddress,
    RoleEndpoint,
)
from regards_processing.kernel.auth.services.rules import delete_rules, save_rule, uses_of


class RuleAdmin(EveryTenant, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Pages of one kind of rule; a service writes, so that every change is checked and recorded."""

    form = RuleForm
    #: What a rule keeps for good: to change that would be to take it from one and to give it to another.
    kept: ClassVar[tuple[str, ...]] = ("tenant",)
    list_filter: ClassVar[tuple[str, ...]] = ("tenant",)
    list_select_related: ClassVar[tuple[str, ...]] = ("tenant",)
    list_per_page = 50
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:  # noqa: ARG002 (Django's signature)
        """Ask for everything of a new rule, and keep whose an old one is."""
        return () if obj is None else self.kept

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001 (Django's signature)
        """Store a rule."""
        save_rule(rule=obj, actor=admin_actor(request), at=clock.now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a rule."""
        delete_rules(rules=[obj], actor=admin_actor(request), at=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete the chosen rules."""
        delete_rules(rules=list(queryset), actor=admin_actor(request), at=clock.now())


@admin.register(Membership)
class MembershipAdmin(RuleAdmin):
    """Roles of users in tenants; a superuser without one is administrator of the instance everywhere."""

    form = RoleForm
    kept = ("user", "tenant")
    fields = ("user", "tenant", "role")
    autocomplete_fields = ("user",)
    list_display = ("user", "tenant", "role")
    list_filter = ("tenant", "role")
    list_select_related = ("user", "tenant")
    search_fields = ("user__username", "user__email", "role")
    ordering = ("user__username", "tenant__name")


@admin.register(CustomRole)
class CustomRoleAdmin(RuleAdmin):
    """Roles of tenants' own; tokens and other rules name them."""

    kept = ("tenant", "name")
    fields = ("tenant", "name", "inherits")
    list_display = ("name", "inherits", "tenant")
    list_filter = ("tenant", "inherits")
    search_fields = ("name",)
    ordering = ("name", "tenant__name")

    def get_deleted_objects(
        self, objs: Sequence[CustomRole] | QuerySet[CustomRole], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Protect roles that are used."""
        found, counts, missing, protected = super().get_deleted_objects(objs, request)
        uses = [use for role in objs for use in uses_of(role=role)]
        return found, counts, missing, [*protected, *uses]


@admin.register(EndpointRole)
class EndpointRoleAdmin(RuleAdmin):
    """Endpoints that need another role in a tenant than by default."""

    form = EndpointForm
    fields = ("tenant", "endpoint", "role")
    list_display = ("path", "verb", "service", "role", "tenant")
    list_filter = ("tenant", "service", "role")
    search_fields = ("path",)
    ordering = ("service", "path", "verb", "tenant__name")


@admin.register(RoleEndpoint)
class RoleEndpointAdmin(RuleAdmin):
    """Endpoints that roles may call beside those that they may by inheritance."""

    form = EndpointForm
    fields = ("tenant", "role", "endpoint")
    list_display = ("role", "path", "verb", "service", "tenant")
    list_filter = ("tenant", "role", "service")
    search_fields = ("role", "path")
    ordering = ("role", "service", "path", "verb", "tenant__name")


@admin.register(RoleAddress)
class RoleAddressAdmin(RuleAdmin):
    """Addresses that callers of a role may come from."""

    form = RoleForm
    fields = ("tenant", "role", "pattern")
    list_display = ("role", "pattern", "tenant")
    list_filter = ("tenant", "role")
    search_fields = ("role", "pattern")
    ordering = ("role", "pattern", "tenant__name")
