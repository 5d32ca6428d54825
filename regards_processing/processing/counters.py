"""What is counted while executions end, once the transaction that ended them has committed."""

from collections.abc import Sequence
from typing import Final

import prometheus_client as prometheus

from regards_processing.kernel.db.transactions import after_commit
from regards_processing.processing.models import Execution
from regards_processing.processing.states import ExecutionStatus

_BUCKETS: Final = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
#: 1.0 is a forecast that was right; above, it took more than was said.
_RATIOS: Final = (0.1, 0.25, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0, 10.0)

ENDED: Final = prometheus.Counter(
    "regards_executions_ended_total", "Executions that ended, by process and how", ("process", "status")
)
RUN_SECONDS: Final = prometheus.Histogram(
    "regards_execution_run_seconds",
    "Time from the first sign of its fleet to the end, of executions that succeeded",
    ("process",),
    buckets=_BUCKETS,
)
DURATION_RATIO: Final = prometheus.Histogram(
    "regards_execution_duration_ratio",
    "Time that executions took that succeeded, divided by their forecast",
    ("process",),
    buckets=_RATIOS,
)
SIZE_RATIO: Final = prometheus.Histogram(
    "regards_execution_size_ratio",
    "Bytes that executions made that succeeded, divided by their forecast",
    ("process",),
    buckets=_RATIOS,
)


def ended(*, executions: Sequence[Execution]) -> None:
    """Count executions that ended."""
    seen = list(executions)

    def count() -> None:
        for execution in seen:
            ENDED.labels(execution.process_name, execution.status).inc()
            if execution.status == ExecutionStatus.SUCCESS:
                _observe(execution.process_name, execution)

    after_commit(count)


def _observe(process: str, execution: Execution) -> None:
    if execution.run_duration is not None:
        RUN_SECONDS.labels(process).observe(execution.run_duration / 1000)
    if execution.run_duration is not None and execution.expected_duration:
        DURATION_RATIO.labels(process).observe(execution.run_duration / execution.expected_duration)
    if execution.output_size is not None and execution.expected_size:
        SIZE_RATIO.labels(process).observe(execution.output_size / execution.expected_size)
