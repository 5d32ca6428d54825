"""Endpoints of rs-processing that are its own."""

from django.urls import URLPattern

from regards_processing.kernel.rest.services import Service
from regards_processing.processing.api import (
    batches,
    configurations,
    datasets,
    life_cycle,
    monitoring,
    plugin_configurations,
    plugins,
    processes,
)


def routes(service: Service) -> list[URLPattern]:
    """Return the routes; words that could be the id of a plugin stand before the plugins."""
    return [
        *processes.routes(service),
        *batches.routes(service),
        *monitoring.routes(service),
        *life_cycle.routes(service),
        *configurations.routes(service),
        *datasets.routes(service),
        *plugin_configurations.routes(service),
        *plugins.routes(service),
    ]
