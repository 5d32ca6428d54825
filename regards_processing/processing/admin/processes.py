"""Processes in the admin: configured by a form that is made from what their plugin declares."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.admin_links import link, list_address, viewable_list
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.configuration.item_admin import ItemAdmin
from regards_processing.kernel.configuration.item_forms import ItemForm
from regards_processing.kernel.configuration.named_items import Stored
from regards_processing.kernel.configuration.seen import SomebodyElseChangedIt
from regards_processing.kernel.errors import DomainError
from regards_processing.processing import queries
from regards_processing.processing.admin.process_forms import ProcessForm
from regards_processing.processing.admin.tryouts import TryOutMixin
from regards_processing.processing.models import Execution, Process
from regards_processing.processing.plugin_values import ConfiguredProcess, PluginValues, Rights
from regards_processing.processing.services import processes
from regards_processing.processing.services.plugin_configurations import (
    ConfigurationUsed,
    InvalidPluginConfiguration,
)
from regards_processing.processing.shapes import ConfiguredProcessSerializer
from worker_manager.admin.counting import count_by
from workers.processes.metadata import PluginMetadata
from workers.processes.registry import plugins


@admin.register(Process)
class ProcessAdmin(TryOutMixin, ItemAdmin):
    """Processes, who may order them, and how many executions of each have not ended."""

    name_column = "process_id"
    gone = queries.UnknownProcess
    template = "admin/processing/process/form.html"
    list_display = (
        "label",
        "plugin",
        "active",
        "role",
        "all_datasets",
        "open_executions",
        "process_id",
        "tenant",
    )
    list_filter = ("tenant", "configuration__active", "role", "linked_to_all_datasets")
    list_select_related = ("tenant", "configuration")
    search_fields = ("configuration__label", "configuration__plugin_id", "process_id")
    search_help_text = "Label, plugin or id"
    ordering = ("configuration__label", "pk")
    actions = ("activate", "deactivate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Process]:
        """Count the open executions of a page at once."""
        found: QuerySet[Process] = super().get_queryset(request)
        going = Execution.objects.across_tenants(because="the list shows every tenant").awaited()
        own = going.filter(tenant=OuterRef("tenant"), process_id=OuterRef("process_id"))
        return found.annotate(going=count_by(own, by="process_id"))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Ask for the plugin of a new process first; then show the form."""
        if object_id is None and self.has_add_permission(request) and _chosen_plugin(request) is None:
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "Add process: choose a plugin",
                "plugins": [known.metadata for _, known in sorted(plugins().items())],
                "list_address": list_address(Process),
            }
            return TemplateResponse(request, "admin/processing/process/plugins.html", context)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a process of which no execution is open."""
        by: dict[str, Any] = {"actor": admin_actor(request), "at": clock.now()}
        processes.delete_process(tenant=obj.tenant, process_id=obj.process_id, **by)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete a process, or say why it stays."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except (processes.ProcessInUse, ConfigurationUsed, self.gone) as error:
            return self._missing(request, str(error))

    def drawing(self, request: HttpRequest, row: Any) -> SafeString:
        """Tell its plugin, and link its executions."""
        told = format_html("{}, {}", row.configuration.plugin_id, row.process_id)
        of_it = {"process_id": row.process_id, "tenant__id__exact": row.tenant_id}
        executions = viewable_list(request, Execution, **of_it)
        if executions:
            text = "{} | {}, of which {} have not ended"
            told = format_html(text, told, link(executions, "its executions"), row.going or 0)
        return format_html("<p>{}</p>", told)

    @admin.display(ordering="configuration__label")
    def label(self, process: Process) -> str:
        """Show its name."""
        return process.configuration.label

    @admin.display(ordering="configuration__plugin_id")
    def plugin(self, process: Process) -> str:
        """Show its plugin."""
        return process.configuration.plugin_id

    @admin.display(boolean=True, ordering="configuration__active")
    def active(self, process: Process) -> bool:
        """Show whether it can be ordered."""
        return process.configuration.active

    @admin.display(description="all datasets", boolean=True, ordering="linked_to_all_datasets")
    def all_datasets(self, process: Process) -> bool:
        """Show whether it is linked to all datasets."""
        return process.linked_to_all_datasets

    @admin.display(description="open", ordering="going")
    def open_executions(self, process: Any) -> int:
        """Show how many have not ended."""
        return process.going or 0

    @admin.action(description="Activate: let orders have them", permissions=["change"])
    def activate(self, request: HttpRequest, chosen: QuerySet[Process]) -> None:
        """Let the chosen processes be ordered."""
        self._switch(request, chosen, active=True)

    @admin.action(description="Deactivate: refuse orders", permissions=["change"])
    def deactivate(self, request: HttpRequest, chosen: QuerySet[Process]) -> None:
        """Let the chosen processes not be ordered."""
        self._switch(request, chosen, active=False)

    def _switch(self, request: HttpRequest, chosen: QuerySet[Process], *, active: bool) -> None:
        by: dict[str, Any] = {"actor": admin_actor(request), "at": clock.now()}
        switched = 0
        for row in chosen:
            try:
                switched += processes.switch_process(
                    tenant=row.tenant, process_id=row.process_id, active=active, **by
                )
            except DomainError as error:
                self.message_user(request, f"{row.configuration.label}: {error}", messages.WARNING)
        told = "Activated" if active else "Deactivated"
        self.message_user(request, f"{told}: {switched} of {len(chosen)} processes")

    def _form(self, request: HttpRequest, row: Any) -> ItemForm:
        data = request.POST if request.method == "POST" else None
        if row is None:
            plugin = _chosen_plugin(request)
            return ProcessForm(data, plugin=plugin or _gone("?"), roles=_roles())
        stored = queries.process(tenant=row.tenant, process_id=row.process_id)
        known = plugins().get(stored.plugin.plugin_id)
        plugin = known.metadata if known else _gone(stored.plugin.plugin_id)
        form = ProcessForm(data, plugin=plugin, stored=stored, roles=_roles())
        form.initial["tenant"] = row.tenant_id
        form.freeze("tenant")
        return form

    def _stored(self, request: HttpRequest, row: Any, form: Any) -> Stored | None:
        """Store what was filled in; when it is refused, let the form tell why."""
        read = ConfiguredProcessSerializer(data=form.body)
        if not read.is_valid():
            form.tell_errors(read.errors)
            return None
        try:
            made = _store(request, row, form.cleaned_data, read.validated_data)
        except self.gone:
            raise
        except SomebodyElseChangedIt as error:
            form.add_error(None, str(error))
        except InvalidPluginConfiguration as error:
            form.tell(error.faults)
        except DomainError as error:
            form.add_error("role", str(error))
        else:
            return Stored(name=str(made.process_id), value=made.to_json())
        return None

    def _context(self, request: HttpRequest, row: Any, form: Any, **told: bool) -> dict[str, Any]:
        context = super()._context(request, row, form, **told)
        subtitle = row.configuration.label if row else form.plugin.plugin_id
        may_try = row is not None and self.has_try_permission(request)
        try_address = reverse("admin:processing_process_try", args=[row.pk]) if may_try else ""
        return context | {"subtitle": subtitle, "plugin": form.plugin, "try_address": try_address}


def _store(
    request: HttpRequest, row: Any, filled_in: dict[str, Any], read: dict[str, Any]
) -> ConfiguredProcess:
    tenant = filled_in["tenant"]
    plugin: PluginValues = read["plugin"]
    rights: Rights = read["rights"]
    by: dict[str, Any] = {"actor": admin_actor(request), "at": clock.now()}
    if row is None:
        return processes.create_process(tenant=tenant, plugin=plugin, rights=rights, **by)
    # Its icon is among the fields; nothing else of a configuration is without one.
    return processes.update_process(
        tenant=tenant,
        process_id=row.process_id,
        plugin=replace(plugin, version=None),
        rights=rights,
        seen=filled_in["seen"],
        **by,
    )


def _chosen_plugin(request: HttpRequest) -> PluginMetadata | None:
    known = plugins().get(request.GET.get("plugin", ""))
    return known.metadata if known else None


def _gone(plugin_id: str) -> PluginMetadata:
    """Return what is known of a plugin that is not installed: it has no parameter to fill in."""
    return PluginMetadata(
        plugin_id=plugin_id, version="", description="It is not installed.", parameters=(), class_name=""
    )


def _roles() -> Sequence[str]:
    return [role.value for role in Role]
