"""Endpoints of rs-worker-manager that are its own."""

from django.urls import URLPattern

from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from worker_manager.api import (
    counts,
    fleets,
    history,
    jobs,
    orders,
    pauses,
    reasons,
    request_details,
    sessions,
    statistics,
    submissions,
    worker_types,
    workflows,
)
from worker_manager.api.requests import OneRequest, SearchRequests
from worker_manager.api.workers import LiveWorkerTypes


def routes(service: Service) -> list[URLPattern]:
    """Return the routes; those below a request stand before it: its id could be their names."""
    return [
        route("requests", SearchRequests, name="requests", service=service),
        *counts.routes(service),
        *submissions.routes(service),
        *orders.routes(service),
        *reasons.routes(service),
        *request_details.routes(service),
        route("requests/<key:requestId>", OneRequest, name="request", service=service),
        *fleets.routes(service),
        *history.routes(service),
        *jobs.routes(service),
        *pauses.routes(service),
        *sessions.routes(service),
        *statistics.routes(service),
        *worker_types.routes(service),
        *workflows.routes(service),
        route("workers", LiveWorkerTypes, name="workers", service=service),
    ]
