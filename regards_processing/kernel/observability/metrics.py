"""What this process counts and times by itself.

All have labels with few values: tenants, statuses, worker types, queues, routes. They are written to memory,
or to files that the processes of one server share (`slots`).
"""

from typing import Final

from prometheus_client import Counter, Histogram, disable_created_metrics

# Another series for each of ours, that only says when it was first written.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no type for it

#: The reference's name, so that dashboards fit.
HTTP_REQUESTS: Final = Histogram(
    "http_server_requests_seconds",
    "HTTP requests by route, verb and status: how many, how long",
    ("method", "uri", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
BULK_MESSAGES: Final = Histogram(
    "regards_bulk_messages",
    "Messages of the bulks that a manager handled, by queue",
    ("queue",),
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000),
)
BULK_SECONDS: Final = Histogram(
    "regards_bulk_seconds",
    "Time to handle a bulk, publish what follows and acknowledge it, by queue",
    ("queue",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0),
)
BULK_REFUSED: Final = Counter(
    "regards_bulk_refused_messages_total",
    "Messages that were refused and copied to a dead-letter queue, by the queue they came from",
    ("queue",),
)
TASK_SECONDS: Final = Histogram(
    "regards_task_seconds",
    "Sweeps and operator jobs by task and outcome: how many, how long",
    ("task", "outcome"),
    buckets=(0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0),
)
LOG_RECORDS: Final = Counter(
    "regards_log_records_total", "Log lines that ask for attention, by level", ("level",)
)
CHECK_FAILURES: Final = Counter(
    "regards_check_failures_total", "Checks of /readyz that failed, by check", ("check",)
)
MEASURE_FAILURES: Final = Counter(
    "regards_measure_failures_total",
    "Measures of database and broker that failed or took too long, by measure",
    ("measure",),
)
