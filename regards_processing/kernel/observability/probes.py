"""What the processes of the platform answer to probes."""

from collections.abc import Mapping

from django.conf import settings

from regards_processing.kernel import clock
from regards_processing.kernel.observability import checks
from regards_processing.kernel.observability.collector import platform_measures
from regards_processing.kernel.observability.exposition import exposed
from regards_processing.kernel.observability.health import CheckFunction, Checks, health
from workers.observability.answers import Health, Probed
from workers.observability.server import ProbeServer


def web() -> Probed:
    """Return what the web process answers: it speaks for the whole platform."""
    return Probed(
        name="regards-processing",
        health=lambda: health(at=clock.now()),
        measures=lambda: exposed(platform_measures().collect(at=clock.now())),
        token=settings.METRICS_TOKEN,
    )


def process(name: str, *, own: Mapping[str, CheckFunction]) -> Probed:
    """Return what another process answers: whether it reaches database and broker, and its ``own`` checks."""
    ready = Checks({"database": checks.database, "broker": checks.broker, **own})
    return Probed(
        name=name,
        health=lambda: Health(readiness=ready.run(at=clock.now())),
        measures=exposed,
        token=settings.METRICS_TOKEN,
    )


def start(probed: Probed) -> ProbeServer | None:
    """Answer probes on the port that the settings name, until the process ends; without a port do nothing.

    Raises:
        PortTaken: somebody else has the port.
    """
    if not settings.METRICS_PORT:
        return None
    server = ProbeServer(probed=probed, host=settings.METRICS_HOST, port=settings.METRICS_PORT)
    server.start()
    return server
