"""The measures of this process, written as Prometheus reads them."""

from collections.abc import Iterable

from prometheus_client import REGISTRY
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from regards_processing.kernel.observability import slots
from workers.observability.exposition import written


def exposed(others: Iterable[Metric] = ()) -> bytes:
    """Return what this process measured, with the processes it shares its measures with, and ``others``."""
    return written(_own(), others=others, main=slots.main_process())


def _own() -> Collector:
    folder = slots.shared_folder()
    if folder is None:
        return REGISTRY
    collector: Collector = MultiProcessCollector(None, path=str(folder))  # type: ignore[no-untyped-call] # not typed by the library
    return collector
