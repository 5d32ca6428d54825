"""What a Celery worker of the platform does about its measures, probes and words when it starts."""

from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings

from regards_processing.kernel.observability import probes, slots, tracing
from regards_processing.kernel.observability.health import Unfit
from workers.observability.celery_words import speak_json
from workers.observability.server import PortTaken


def start(worker: Any) -> None:
    """Share measures with the children to come, and answer probes; call it before the pool starts.

    Raises:
        SystemExit: the port for probes is taken.
    """
    if settings.LOG_FORMAT == "json":
        speak_json(worker)
    slots.share(folder=settings.METRICS_FOLDER, server="jobs")
    tracing.serve_as("jobs")
    probed = probes.process("jobs", own={"consumer": partial(_consumer, worker)})
    try:
        probes.start(probed)
    except PortTaken as error:
        raise SystemExit(f"celery -A regards_processing worker: {error}") from error


def _consumer(worker: Any, _at: datetime) -> str:
    """Look whether the worker waits for tasks."""
    connection = getattr(getattr(worker, "consumer", None), "connection", None)
    if connection is None or not connection.connected:
        raise Unfit("It is not connected to the broker")
    return "It waits for tasks"
