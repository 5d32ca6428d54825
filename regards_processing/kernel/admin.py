"""Tenants, settings, the outbox and dead letters in the admin, and what lists of all applications share."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from regards_processing.kernel import clock, notices
from regards_processing.kernel.admin_links import link, list_address, may_view
from regards_processing.kernel.admin_notices import register_notices
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.dead_letters.admin import DeadLetterAdmin
from regards_processing.kernel.dead_letters.models import DeadLetters
from regards_processing.kernel.dynamic_settings.admin import TenantSettingAdmin
from regards_processing.kernel.outbox.destinations import destinations
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.tenancy import queries, services
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting
from regards_processing.kernel.tenancy.names import InvalidTenantName, check_tenant_name
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class EveryTenant(BaseModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Shows the rows of every tenant."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows, and say that those of every tenant are meant."""
        found: QuerySet[Any] = super().get_queryset(request)
        if isinstance(found, TenantScopedQuerySet):
            return found.across_tenants(because="people of the admin operate the whole platform")
        return found


class ReadOnly(EveryTenant):
    """Changes nothing."""

    def has_add_permission(self, *_args: Any) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, *_args: Any) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, *_args: Any) -> bool:
        """Refuse."""
        return False


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Lists rows and shows one in full."""

    change_form_template: ClassVar[str] = "admin/read_only.html"
    #: Fields and columns that tell of rows of other models, or link them: for those who may look at these.
    tells_of: ClassVar[Mapping[Any, Collection[type[Model]]]] = {}
    #: What others see in their place, if anything.
    otherwise: ClassVar[Mapping[Any, str]] = {}
    show_full_result_count = False
    list_per_page = 50

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Leave out columns that are not for this user."""
        return self.shown(request, super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Leave out fields that are not for this user."""
        return self.shown(request, super().get_fields(request, obj))

    def shown(self, request: HttpRequest, names: Iterable[Any]) -> list[Any]:
        """Return those fields or columns that are for this user, and others in place of some that are not."""
        may = {name: all(may_view(request, model) for model in self.tells_of.get(name, ())) for name in names}
        return [
            name if may[name] else self.otherwise[name] for name in may if may[name] or name in self.otherwise
        ]


class TenantForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """A new tenant."""

    class Meta:
        model = Tenant
        fields = ("name",)

    def clean_name(self) -> str:
        """Refuse what cannot be the name of a tenant."""
        name: str = self.cleaned_data["name"]
        try:
            check_tenant_name(name=name)
        except InvalidTenantName as error:
            raise ValidationError(str(error)) from error
        return name


@admin.register(Tenant)
class TenantAdmin(ReadOnlyAdmin):
    """The tenants: new ones, and the switches of each."""

    list_display = ("name", "active", "maintenance", "maintenance_switched_at", "created_at")
    list_filter = ("active", "maintenance")
    search_fields = ("name",)
    ordering = ("name",)
    form = TenantForm
    readonly_fields = ("audit_trail",)
    tells_of: ClassVar = {"audit_trail": (AuditEntry,)}
    actions = ("activate", "deactivate", "enable_maintenance", "disable_maintenance")

    def get_fields(self, request: HttpRequest, obj: Tenant | None = None) -> list[Any]:
        """Ask for the name of a new one; show an old one in full, with what was done."""
        if obj is None:
            return ["name"]
        return self.shown(request, (*self.list_display, "audit_trail"))

    @admin.display(description="audit trail")
    def audit_trail(self, tenant: Tenant) -> SafeString:
        """Link what people did for it."""
        return link(list_address(AuditEntry, tenant=tenant.name), "what was done")

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Let those who may add tenants do so; of these rows, a new one is the only one that has a form."""
        return bool(request.user.has_perm("kernel.add_tenant"))

    def has_switch_permission(self, request: HttpRequest) -> bool:
        """Let those who may change tenants switch them."""
        return bool(request.user.has_perm("kernel.change_tenant"))

    def save_model(self, request: HttpRequest, obj: Tenant, _form: Any, _change: Any) -> None:
        """Create the tenant."""
        services.create_tenants(names=[obj.name], actor=admin_actor(request), at=clock.now())
        obj.pk = queries.tenants(names=[obj.name])[0].pk

    @admin.action(description="Activate: take messages and calls", permissions=["switch"])
    def activate(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> None:
        """Take messages and calls of the chosen tenants."""
        self._switch(request, chosen, services.activate, told="Activated")

    @admin.action(description="Deactivate: refuse messages and calls", permissions=["switch"])
    def deactivate(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> None:
        """Refuse messages and calls of the chosen tenants."""
        self._switch(request, chosen, services.deactivate, told="Deactivated")

    @admin.action(description="Begin maintenance: refuse calls that change anything", permissions=["switch"])
    def enable_maintenance(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> None:
        """Let calls only read the chosen tenants."""
        self._switch(request, chosen, services.enable_maintenance, told="In maintenance")

    @admin.action(description="End maintenance", permissions=["switch"])
    def disable_maintenance(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> None:
        """Let calls change the chosen tenants."""
        self._switch(request, chosen, services.disable_maintenance, told="Out of maintenance")

    def _switch(
        self,
        request: HttpRequest,
        chosen: QuerySet[Tenant],
        service: Callable[..., list[str]],
        *,
        told: str,
    ) -> None:
        names = list(chosen.values_list("name", flat=True))
        switched = service(tenants=names, actor=admin_actor(request), at=clock.now())
        self.message_user(request, f"{told}: {', '.join(switched) or 'none; all of them were before'}")


@admin.register(OutboxEntry)
class OutboxEntryAdmin(ReadOnlyAdmin):
    """Messages that have not left yet: normally none."""

    list_display = ("created_at", "message_count")
    fields = ("created_at", "message_count", "destinations")
    readonly_fields = ("destinations",)

    @admin.display(description="Messages are for")
    def destinations(self, entry: OutboxEntry) -> str:
        """Tell for whom the messages are: it may be their queue that is not as it should be."""
        return destinations([entry])


admin.site.register(TenantSetting, TenantSettingAdmin)
admin.site.register(DeadLetters, DeadLetterAdmin)
for _source in (notices.dead_letters, notices.stuck_messages, notices.failed_jobs):
    register_notices(_source)
