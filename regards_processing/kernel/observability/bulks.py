"""Measure the bulks of a manager; called for each, so it looks nothing up twice."""

from functools import cache

from prometheus_client import Counter, Histogram

from regards_processing.kernel.observability.metrics import BULK_MESSAGES, BULK_REFUSED, BULK_SECONDS
from workers.contract import names


def measure_bulk(*, queue: str, messages: int, refused: int, seconds: float) -> None:
    """Add one bulk of a queue; a few microseconds."""
    sizes, durations, refusals = _instruments(queue)
    sizes.observe(messages)
    durations.observe(seconds)
    if refused:
        refusals.inc(refused)


@cache
def _instruments(queue: str) -> tuple[Histogram, Histogram, Counter]:
    # The queue of heartbeats is called after its manager: that would be a series for each that ever was.
    label = names.HEARTBEAT_EXCHANGE if queue.startswith(names.HEARTBEAT_EXCHANGE) else queue
    return BULK_MESSAGES.labels(label), BULK_SECONDS.labels(label), BULK_REFUSED.labels(label)
