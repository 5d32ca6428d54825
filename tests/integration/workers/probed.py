"""A fleet that answers probes, and who asks it."""

from typing import Any

from tests.integration.workers.fleet import Broker, Fleet
from tests.stack.platform import free_port
from tests.stack.probing import Prober


def probed(broker: Broker, *types: str, **options: Any) -> tuple[Fleet, Prober]:
    """Start a fleet with a port for probes; ``options`` are those of the fleet."""
    port = free_port()
    fleet = Fleet(broker=broker, types=types, WORKER_METRICS_PORT=str(port), **options)
    return fleet, Prober(address=f"http://127.0.0.1:{port}", token=options.get("METRICS_TOKEN", ""))
