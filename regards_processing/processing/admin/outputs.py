"""Files of executions in the admin: what goes in, and what came out, to download."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from regards_processing.kernel.admin_links import link
from regards_processing.kernel.admin_tables import table
from regards_processing.kernel.rest.downloads import stream
from regards_processing.processing.models import Execution
from regards_processing.processing.services.output_files import OutputNotHere, UnknownOutput, open_output

_ROUTE: Final = "processing_execution_output"
#: Input files that a page lists.
_LISTED: Final = 200


class OutputsMixin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Shows the files of an execution."""

    def get_urls(self) -> list[URLPattern]:
        """Add an address for each output file."""
        view = self.admin_site.admin_view(self._download)
        return [path("<uuid:pk>/outputs/<uuid:output_id>/", view, name=_ROUTE), *super().get_urls()]

    @admin.display(description="input files")
    def files_taken(self, execution: Execution) -> SafeString | str:
        """List the files that it was ordered for."""
        files = execution.input_files
        if not files:
            return "none"
        heads = ("file", "size", "place in the run", "URL", "checksum")
        more = f"and {len(files) - _LISTED} more" if len(files) > _LISTED else ""
        return format_html("{}{}", table(heads, _input_lines(files[:_LISTED])), more)

    @admin.display(description="output files")
    def files_made(self, execution: Execution) -> SafeString | str:
        """List the files that it made; those that are here can be downloaded."""
        made = list(execution.outputs.order_by("name", "pk"))
        if not made:
            return "none"
        lines = (
            (
                each.name
                if each.deleted
                else link(reverse(f"admin:{_ROUTE}", args=[execution.pk, each.pk]), each.name),
                filesizeformat(each.size),
                "deleted" if each.deleted else "fetched" if each.downloaded else "kept",
                each.url,
                each.sha256,
            )
            for each in made
        )
        return table(("file", "size", "state", "URL", "SHA-256"), lines)

    def _download(self, request: HttpRequest, pk: UUID, output_id: UUID) -> HttpResponseBase:
        found: Any = self.get_object(request, str(pk))
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        if found is None:
            raise Http404
        try:
            name, content = open_output(tenant=found.tenant, execution_id=pk, output_id=output_id)
        except UnknownOutput as error:
            raise Http404 from error
        except OutputNotHere as error:
            self.message_user(request, str(error), messages.WARNING)
            return HttpResponseRedirect(reverse("admin:processing_execution_change", args=[pk]))
        return stream(content, name=name)


def _input_lines(files: list[Any]) -> Iterator[tuple[object, ...]]:
    for file in files:
        told = file if isinstance(file, dict) else {}
        size = told.get("bytes")
        yield (
            told.get("fileName") or "-",
            filesizeformat(size) if isinstance(size, int) else "-",
            told.get("localRelativePath") or "-",
            told.get("url") or "-",
            told.get("checksum") or "-",
        )
