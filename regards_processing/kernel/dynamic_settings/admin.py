"""Settings of tenants in the admin: values other than the defaults, checked as everywhere else."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import escape

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.configuration.modules import modules
from regards_processing.kernel.dynamic_settings.definitions import MASK, Definition, find_definition
from regards_processing.kernel.dynamic_settings.services import change_setting, check_value, reset_setting
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting


class JsonValueField(forms.JSONField):
    """A JSON value other than null; unlike in Django's own field, an empty array or text is one."""

    def prepare_value(self, value: Any) -> Any:
        """Show nothing where there is no value yet."""
        return "" if value is None else super().prepare_value(value)

    def validate(self, value: Any) -> None:
        """Refuse null."""
        super().validate(None if value is None else True)


class TenantSettingForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """The value of a setting in one tenant."""

    # Not named as the model's field, which would refuse empty arrays as well.
    new_value = JsonValueField(label="Value", widget=forms.Textarea(attrs={"rows": 6}), help_text="JSON")

    class Meta:
        model = TenantSetting
        fields = ("tenant", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            choices = [(one.name, one.name) for one in _definitions().values() if one.modifiable]
            told = "; ".join(f"{name}: {_told(_definitions()[name])}" for name, _ in choices)
            self.fields["name"] = forms.ChoiceField(choices=choices, help_text=escape(told))
        definition = _definitions().get(self.instance.name)
        if definition:
            self.fields["new_value"].help_text = escape(_told(definition))
            self.initial["new_value"] = MASK if definition.sensitive else self.instance.value

    def clean(self) -> dict[str, Any]:
        """Refuse a value that the setting cannot have in the tenant."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        name = cleaned.get("name", self.instance.name)
        tenant = cleaned.get("tenant", getattr(self.instance, "tenant", None))
        if name and tenant and "new_value" in cleaned:
            try:
                check_value(tenant=tenant, definition=_find(name), value=cleaned["new_value"])
            except DomainError as error:
                self.add_error("new_value", str(error))
        return cleaned


class TenantSettingAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Settings that have a value of their own in a tenant; to delete one is to give it its default again."""

    form = TenantSettingForm
    list_display = ("name", "tenant", "shown_value", "default", "description")
    list_filter = ("tenant", "name")
    list_select_related = ("tenant",)
    ordering = ("name", "tenant__name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TenantSetting]:
        """Return the settings of every tenant."""
        found: Any = super().get_queryset(request)
        settings: QuerySet[TenantSetting] = found.across_tenants(
            because="people of the admin operate the whole platform"
        )
        return settings

    def get_readonly_fields(self, request: HttpRequest, obj: TenantSetting | None = None) -> tuple[str, ...]:  # noqa: ARG002 (Django's signature)
        """Let only the value of a setting be changed."""
        return ("tenant", "name") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: TenantSetting | None = None) -> bool:
        """Refuse to change what nobody can, and what no service knows any more."""
        definition = _definitions().get(obj.name) if obj else None
        allowed = obj is None or (definition is not None and definition.modifiable)
        return allowed and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: TenantSetting | None = None) -> bool:
        """Refuse what `has_change_permission` refuses."""
        return self.has_change_permission(request, obj) and super().has_delete_permission(request, obj)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Tell, on the page, that a value stopped to fit between the check and the change."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(
        self, request: HttpRequest, obj: TenantSetting, form: TenantSettingForm, _change: Any
    ) -> None:
        """Change the setting."""
        change_setting(
            tenant=obj.tenant,
            definition=_find(obj.name),
            value=form.cleaned_data["new_value"],
            actor=admin_actor(request),
            at=clock.now(),
        )
        obj.pk = TenantSetting.objects.for_tenant(obj.tenant).get(name=obj.name).pk

    def delete_model(self, request: HttpRequest, obj: TenantSetting) -> None:
        """Reset the setting."""
        self._reset(request, obj.tenant, obj.name)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TenantSetting]) -> None:
        """Reset the settings."""
        for setting in queryset.select_related("tenant"):
            self._reset(request, setting.tenant, setting.name)

    @admin.display(description="value")
    def shown_value(self, setting: TenantSetting) -> str:
        """Show the value, unless it is sensitive."""
        definition = _definitions().get(setting.name)
        return MASK if definition is None or definition.sensitive else json.dumps(setting.value)

    @admin.display(description="default")
    def default(self, setting: TenantSetting) -> str:
        """Show the value without a change."""
        definition = _definitions().get(setting.name)
        return json.dumps(definition.default) if definition else "no service knows this setting any more"

    @admin.display(description="description")
    def description(self, setting: TenantSetting) -> str:
        """Show what the setting is for."""
        definition = _definitions().get(setting.name)
        return definition.description if definition else ""

    def _reset(self, request: HttpRequest, tenant: Tenant, name: str) -> None:
        reset_setting(tenant=tenant, definition=_find(name), actor=admin_actor(request), at=clock.now())


def _definitions() -> dict[str, Definition]:
    """Return the settings of all services by name."""
    return {definition.name: definition for module in modules() for definition in module.settings}


def _find(name: str) -> Definition:
    return find_definition(definitions=_definitions().values(), name=name)


def _told(definition: Definition) -> str:
    return f"{definition.description} JSON; default: {json.dumps(definition.default)}"
