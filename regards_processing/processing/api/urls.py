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
    statistics,
)


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of processes, batches and executions."""
    return [
        *processes.routes(service),
        *batches.routes(service),
        *monitoring.routes(service),
        *life_cycle.routes(service),
        *statistics.routes(service),
        *configurations.routes(service),
        *datasets.routes(service),
        *plugins.process_routes(service),
    ]


def plugin_routes(service: Service) -> list[URLPattern]:
    """Return the routes of plugins: every service has them, only rs-processing has plugins."""
    return [*plugin_configurations.routes(service), *plugins.routes(service)]
