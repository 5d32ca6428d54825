"""Measures, written as Prometheus reads them."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from workers.observability.memory import family_bytes


def written(own: Collector, *, others: Iterable[Metric] = (), main: int) -> bytes:
    """Return the text for Prometheus.

    Args:
        own: what was counted in memory or files.
        others: what was measured just now.
        main: process id of the main process, whose memory and that of its children is added.
    """
    registry = CollectorRegistry()
    registry.register(own)
    registry.register(_Given([_memory(main), *others]))
    return generate_latest(registry)


class _Given(Collector):
    """Measures that are there already."""

    def __init__(self, measures: Iterable[Metric]) -> None:
        self._measures = list(measures)

    def collect(self) -> Iterable[Metric]:
        return self._measures

    def describe(self) -> Iterable[Metric]:
        """Promise nothing: the registry would collect to find out."""
        return []


def _memory(main: int) -> Metric:
    family = GaugeMetricFamily(
        "regards_process_memory_bytes",
        "Resident memory of the main process, and of its children together",
        labels=["process"],
    )
    for process, size in family_bytes(main).items():
        family.add_metric([process], size)
    return family
