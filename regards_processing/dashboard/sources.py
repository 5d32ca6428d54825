"""All panels, in the order of the page, and which of them somebody may see."""

from typing import Final

from django.http import HttpRequest

from regards_processing.dashboard import (
    execution_panels,
    fleet_panels,
    platform_panels,
    request_panels,
    throughput_panel,
)
from regards_processing.dashboard.panels import Source
from regards_processing.kernel.admin_links import may_view

SOURCES: Final = (
    request_panels.REASONS,
    fleet_panels.FLEETS,
    throughput_panel.SOURCE,
    request_panels.COUNTS,
    fleet_panels.PAUSES,
    platform_panels.JOBS,
    execution_panels.COUNTS,
    execution_panels.FAILURES,
    platform_panels.DEAD_LETTERS,
    platform_panels.OUTBOX,
    platform_panels.SWEEPS,
)


def sources_for(request: HttpRequest) -> list[Source]:
    """Return the panels that a user may see: those whose pages of the admin he may look at."""
    return [source for source in SOURCES if may_view(request, source.model)]
