"""Items of a configuration in the admin: forms made from their schema, checked and stored as elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.admin import EveryTenant
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.configuration.faults import InvalidItem
from regards_processing.kernel.configuration.item_forms import ItemForm, suggestion_id
from regards_processing.kernel.configuration.modules import module_of
from regards_processing.kernel.configuration.named_items import (
    ItemInUse,
    Items,
    Stored,
    UnknownItem,
    create_item,
    delete_item,
    read_item,
    replace_item,
)
from regards_processing.kernel.configuration.seen import SomebodyElseChangedIt
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.tenancy.models import Tenant


class ItemAdmin(EveryTenant, admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Pages of one kind of item. The tenant is chosen for a new one; neither it nor the name ever changes.

    A key that is added to the schema of the kind is in the form.
    """

    service: ClassVar[Service]
    #: Key of the kind in configuration files.
    key: ClassVar[str]
    #: Field of the model that holds the name.
    name_column: ClassVar[str]
    #: What is raised when somebody else has deleted the item meanwhile.
    gone: ClassVar[type[DomainError]] = UnknownItem
    template: ClassVar[str] = "admin/configuration/item.html"
    list_per_page = 50
    show_full_result_count = False

    def suggestions(self) -> Mapping[str, Sequence[str]]:
        """Return values to offer while people type, by path."""
        return {}

    def drawing(self, request: HttpRequest, row: Any) -> SafeString | str:  # noqa: ARG002 (for subclasses)
        """Return what is shown above the form of a stored item."""
        return ""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer no deletion of many: each may be needed by something else, which its own page tells."""
        return {name: do for name, do in super().get_actions(request).items() if name != "delete_selected"}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",  # noqa: ARG002 (Django's signature)
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002 (likewise)
    ) -> HttpResponse:
        """Show the form of an item, and store what was filled in."""
        row = None if object_id is None else self.get_object(request, unquote(object_id))
        if object_id is not None and row is None:
            return self._missing(request, f"There is no {self.opts.verbose_name} {unquote(object_id)}")
        may_save = self._may_save(request, row)
        try:
            form = self._form(request, row)
            filled_in = request.method == "POST" and form.is_valid()
            stored = self._stored(request, row, form) if filled_in else None
        except self.gone as error:
            return self._missing(request, str(error))
        if stored is not None:
            return self._after(request, form.cleaned_data["tenant"], stored)
        if not may_save:
            form.freeze()
        return TemplateResponse(request, self.template, self._context(request, row, form, may_save=may_save))

    def save_model(self, *_args: Any) -> None:
        """Refuse: `changeform_view` stores by a service, which records it."""
        raise PermissionDenied

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete an item that nothing needs."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except (ItemInUse, self.gone) as error:
            return self._missing(request, str(error))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete an item that nothing needs."""
        items = self._items(obj.tenant)
        delete_item(items=items, name=str(obj), force=False, actor=admin_actor(request), at=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete items that nothing needs."""
        for row in queryset:
            self.delete_model(request, row)

    def _may_save(self, request: HttpRequest, row: Model | None) -> bool:
        may_save = (
            self.has_add_permission(request) if row is None else self.has_change_permission(request, row)
        )
        may_look = row is not None and request.method != "POST" and self.has_view_permission(request, row)
        if not (may_save or may_look):
            raise PermissionDenied
        return may_save

    def _items(self, tenant: Tenant) -> Items:
        module = module_of(self.service)
        return Items(module=module, kind=module.named_kind(self.key), tenant=tenant)

    def _form(self, request: HttpRequest, row: Any) -> ItemForm:
        kind = module_of(self.service).named_kind(self.key)
        data = request.POST if request.method == "POST" else None
        if row is None:
            return ItemForm(data, schema=kind.schema, suggestions=self.suggestions())
        stored = read_item(items=self._items(row.tenant), name=str(row)).value
        form = ItemForm(data, schema=kind.schema, stored=stored, suggestions=self.suggestions())
        form.initial["tenant"] = row.tenant_id
        form.freeze("tenant", kind.name_field)
        return form

    def _stored(self, request: HttpRequest, row: Any, form: ItemForm) -> Stored | None:
        """Store what was filled in; when it is refused, let the form tell why."""
        items = self._items(form.cleaned_data["tenant"])
        by: dict[str, Any] = {"actor": admin_actor(request), "at": clock.now()}
        try:
            if row is None:
                return create_item(items=items, value=form.value, **by)
            seen = form.cleaned_data["seen"]
            return replace_item(items=items, name=str(row), value=form.value, seen=seen, **by)
        except SomebodyElseChangedIt as error:
            form.add_error(None, str(error))
        except InvalidItem as error:
            form.tell(error.faults)
        return None

    def _after(self, request: HttpRequest, tenant: Tenant, stored: Stored) -> HttpResponse:
        self.message_user(request, f"Stored: {self.opts.verbose_name} {stored.name}", messages.SUCCESS)
        for warning in stored.warnings:
            self.message_user(request, warning, messages.WARNING)
        if "_continue" not in request.POST:
            return HttpResponseRedirect(self._address("changelist"))
        row = self.get_queryset(request).get(tenant=tenant, **{self.name_column: stored.name})
        return HttpResponseRedirect(self._address("change", row.pk))

    def _missing(self, request: HttpRequest, reason: str) -> HttpResponse:
        self.message_user(request, reason, messages.WARNING)
        return HttpResponseRedirect(self._address("changelist"))

    def _address(self, page: str, *args: object) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    def _context(self, request: HttpRequest, row: Any, form: ItemForm, *, may_save: bool) -> dict[str, Any]:
        verb = "Add" if row is None else "Change" if may_save else "View"
        deletable = row is not None and self.has_delete_permission(request, row)
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{verb} {self.opts.verbose_name}",
            "subtitle": None if row is None else str(row),
            "form": form,
            "rows": [(key.capitalize(), rows) for key, rows in form.rows.items()],
            "known": {suggestion_id(path): names for path, names in form.suggestions.items()},
            "drawing": "" if row is None else self.drawing(request, row),
            "may_save": may_save,
            "list_address": self._address("changelist"),
            "delete_address": self._address("delete", row.pk) if deletable else "",
        }
