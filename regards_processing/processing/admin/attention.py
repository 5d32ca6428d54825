"""What of processing needs attention, on the start page."""

from collections.abc import Iterator
from typing import Final

from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import ngettext

from regards_processing.kernel.admin_links import list_address, may_view
from regards_processing.kernel.admin_notices import Notice, register_notices
from regards_processing.processing.models import Execution
from regards_processing.processing.services.quotas import full_storages

#: Tenants that are told one by one.
_TOLD: Final = 10


@register_notices
def storages_that_are_full(request: HttpRequest) -> Iterator[Notice]:
    """Tell of tenants that keep as many bytes of output files as they may."""
    if not may_view(request, Execution):
        return
    full = full_storages()
    for each in full[:_TOLD]:
        kept, most = filesizeformat(each.kept), filesizeformat(each.most)
        told = f"tenant {each.tenant} keeps {kept} of output files, {most} are allowed"
        yield Notice(text=f"nothing more is executed: {told}", address=list_address(Execution))
    if len(full) > _TOLD:
        others = len(full) - _TOLD
        text = ngettext("other tenant keeps", "other tenants keep", others)
        yield Notice(text=f"{text} as many bytes of output files as allowed", count=others)
