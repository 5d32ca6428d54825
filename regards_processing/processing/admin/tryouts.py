"""Try processes out in the admin: on a file of one's own, with values for what orders may choose."""

from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from regards_processing.kernel import clock
from regards_processing.kernel.admin_links import list_address
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.errors import DomainError
from regards_processing.processing import queries
from regards_processing.processing.models import Process
from regards_processing.processing.plugin_values import ConfiguredProcess, StoredParameter
from regards_processing.processing.services.tryouts import TriedFile, try_process
from workers.processes.registry import plugins

_ROUTE: Final = "processing_process_try"
_MAY_TRY: Final = "processing.add_execution"
_CHOSEN: Final = "parameter.{}".format


class TryOutForm(forms.Form):
    """A file, and a value for each parameter that orders may choose."""

    required_css_class = "required"
    file = forms.FileField(allow_empty_file=True)

    def __init__(self, data: Any = None, files: Any = None, *, process: ConfiguredProcess) -> None:
        super().__init__(data, files)
        self.names = [each.name for each in process.plugin.parameters if each.dynamic]
        known = plugins().get(process.plugin.plugin_id)
        self.fields["file"].help_text = f"At most {filesizeformat(settings.REQUEST_MAX_BYTES)}."
        for each in process.plugin.parameters:
            if each.dynamic:
                declared = known.metadata.parameter(each.name) if known else None
                is_secret = declared is not None and declared.sensitive
                self.fields[_CHOSEN(each.name)] = forms.CharField(
                    required=False,
                    label=each.name,
                    help_text=_told(each, is_secret=is_secret),
                    widget=forms.PasswordInput if is_secret else forms.TextInput,
                )

    @property
    def parameters(self) -> dict[str, str]:
        """Return what was chosen; the form is valid."""
        chosen = {name: self.cleaned_data[_CHOSEN(name)] for name in self.names}
        return {name: text for name, text in chosen.items() if text}


def _told(parameter: StoredParameter, *, is_secret: bool) -> str:
    """Return what may be chosen; secrets are not told."""
    if not parameter.dynamic_values:
        return "What is configured, when left blank."
    if is_secret:
        return "One of those that are configured."
    return f"One of: {', '.join(map(str, parameter.dynamic_values))}."


class TryOutMixin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Adds the page that tries a process out."""

    def get_urls(self) -> list[URLPattern]:
        """Add its address."""
        view = self.admin_site.admin_view(self._try_page)
        return [path("<int:pk>/try/", view, name=_ROUTE), *super().get_urls()]

    def has_try_permission(self, request: HttpRequest) -> bool:
        """Let those who may add executions try processes out."""
        return bool(request.user.has_perm(_MAY_TRY))

    def _try_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the file, and lead to the execution."""
        if not self.has_try_permission(request):
            raise PermissionDenied
        row: Any = self.get_object(request, str(pk))
        if row is None:
            raise Http404
        process = queries.process(tenant=row.tenant, process_id=row.process_id)
        form = TryOutForm(request.POST or None, request.FILES or None, process=process)
        if form.is_valid():
            try:
                return self._try(request, row, form)
            except DomainError as error:
                form.add_error(None, str(error))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Try out {process.plugin.label}",
            "label": process.plugin.label,
            "form": form,
            "list_address": list_address(Process),
            "back": reverse("admin:processing_process_change", args=[pk]),
        }
        return TemplateResponse(request, "admin/processing/process/try.html", context)

    def _try(self, request: HttpRequest, row: Any, form: TryOutForm) -> HttpResponse:
        sent: Any = form.cleaned_data["file"]
        made = try_process(
            tenant=row.tenant,
            process_id=row.process_id,
            file=TriedFile(name=sent.name or "", chunks=sent.chunks()),
            parameters=form.parameters,
            actor=admin_actor(request),
            at=clock.now(),
        )
        self.message_user(request, "Ordered: this page follows it", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:processing_execution_change", args=[made]))
