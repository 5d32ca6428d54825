"""What is read from the database about executions, for Prometheus."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min
from prometheus_client.core import GaugeMetricFamily, Metric

from regards_processing.processing.models import Execution, KeptOutputs

_EVERYBODY = "a measure of the whole platform"


def executions(at: datetime) -> Iterator[Metric]:
    """Count the open executions by process and status, those of the busiest processes.

    Those that have ended are counted when they end: nobody has to read them all again.
    """
    found = Execution.objects.across_tenants(because=_EVERYBODY).awaited().order_by()
    groups = (
        found.values_list("tenant__name", "process_name", "status")
        .annotate(count=Count("*"))
        .order_by("-count", "tenant__name", "process_name", "status")
    )
    counts = GaugeMetricFamily(
        "regards_executions",
        "Executions that have not ended, by tenant, process and status",
        labels=("tenant", "process", "status"),
    )
    for tenant, process, status, count in groups[: settings.METRICS_MOST_TYPES * 10]:
        counts.add_metric((tenant, process, status), count)
    yield counts
    oldest = GaugeMetricFamily(
        "regards_execution_open_seconds",
        "How long the oldest execution has been open, by status",
        labels=("status",),
    )
    for status, created in found.values_list("status").annotate(oldest=Min("created")):
        oldest.add_metric((status,), max(0.0, (at - created).total_seconds()))
    yield oldest


def kept_outputs(at: datetime) -> Iterator[Metric]:  # noqa: ARG001 (of every measure)
    """Tell what tenants keep in the storage, as it was counted last; those that keep most."""
    found = KeptOutputs.objects.across_tenants(because=_EVERYBODY).order_by("-size", "tenant__name")
    kept = GaugeMetricFamily(
        "regards_output_bytes_kept",
        "Bytes of output files that a tenant keeps in the storage",
        labels=("tenant",),
    )
    for tenant, size in found.values_list("tenant__name", "size")[: settings.METRICS_MOST_TYPES]:
        kept.add_metric((tenant,), size)
    yield kept
