"""What a worker process answers to probes: is it connected, is it heard, what does it do."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric

from workers.observability.answers import Health, Probed
from workers.observability.exposition import written
from workers.observability.readiness import CheckResult, CheckStatus, Readiness
from workers.observability.server import PortTaken, ProbeServer
from workers.sdk.config import WorkerConfig
from workers.sdk.progress import Overdue, named

#: A heartbeat may be missed; after this many, managers will soon take the worker for dead.
_MISSED: Final = 3
#: Seconds that a heartbeat may be late.
_SLACK: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """How to look at a worker process; called from the threads that answer probes."""

    #: Is it connected to the broker?
    connected: Callable[[], bool]
    #: Monotonic time of the last heartbeats that the broker took, if there were any.
    beaten_at: Callable[[], float | None]
    #: The worker type of each request that is being worked on.
    running: Callable[[], Iterable[str]]
    #: The calls that take longer than their worker types declare.
    overdue: Callable[[], list[Overdue]]
    #: Why the process does not get on; ``None`` while it does.
    halted: Callable[[], str | None]
    #: Does another process say that it is this one?
    has_a_rival: Callable[[], bool]


def answer_probes(*, config: WorkerConfig, types: Sequence[str], vitals: Vitals) -> None:
    """Answer probes on the port of the configuration until the process ends; without a port do nothing.

    Raises:
        SystemExit: somebody else has the port.
    """
    if not config.metrics_port:
        return
    main = os.getpid()
    probed = Probed(
        name="regards-worker",
        health=lambda: Health(readiness=_readiness(config, vitals)),
        measures=lambda: written(REGISTRY, others=_measures(types, vitals), main=main),
        token=config.metrics_token,
        halted=vitals.halted,
    )
    try:
        ProbeServer(probed=probed, host=config.metrics_host, port=config.metrics_port).start()
    except PortTaken as error:
        raise SystemExit(f"celery -A workers worker: {error}") from error


def _readiness(config: WorkerConfig, vitals: Vitals) -> Readiness:
    beaten_at = vitals.beaten_at()
    age = None if beaten_at is None else time.monotonic() - beaten_at
    heard = age is not None and age < _MISSED * config.heartbeat + _SLACK
    return Readiness(
        (
            _result("broker", passed=vitals.connected(), good="It is connected", bad="It is not connected"),
            _result(
                "heartbeat",
                passed=heard,
                good="Heartbeats go out",
                bad="No heartbeat went out yet" if age is None else f"The last one went out {age:.0f} s ago",
            ),
            _progress(vitals),
            _result(
                "identity",
                passed=not vitals.has_a_rival(),
                good="No other process has this WORKER_ID",
                bad="Another process has the same WORKER_ID",
            ),
        )
    )


def _progress(vitals: Vitals) -> CheckResult:
    halted, overdue = vitals.halted(), vitals.overdue()
    if halted is None and overdue:
        words = f"Work takes longer than declared: {named(overdue)}"
        return CheckResult(name="progress", status=CheckStatus.WARNED, seconds=0.0, reason=words)
    return _result("progress", passed=halted is None, good="Work gets on", bad=halted or "")


def _result(name: str, *, passed: bool, good: str, bad: str) -> CheckResult:
    status = CheckStatus.PASSED if passed else CheckStatus.FAILED
    return CheckResult(name=name, status=status, seconds=0.0, reason=good if passed else bad)


def _measures(types: Sequence[str], vitals: Vitals) -> Iterator[Metric]:
    running = Counter(vitals.running())
    in_progress = GaugeMetricFamily(
        "regards_worker_tasks_in_progress", "Requests that are being worked on", labels=["type"]
    )
    for worker_type in types:
        in_progress.add_metric([worker_type], running[worker_type])
    yield in_progress
    yield _overdue(types, vitals)
    yield GaugeMetricFamily(
        "regards_worker_broker_connected",
        "Whether the process is connected to the broker: 1 or 0",
        value=float(vitals.connected()),
    )
    beaten_at = vitals.beaten_at()
    if beaten_at is not None:
        yield GaugeMetricFamily(
            "regards_worker_last_heartbeat_seconds",
            "Time since this process last sent its heartbeats; absent before the first",
            value=time.monotonic() - beaten_at,
        )


def _overdue(types: Sequence[str], vitals: Vitals) -> Metric:
    late = Counter(one.worker_type for one in vitals.overdue())
    overdue = GaugeMetricFamily(
        "regards_worker_tasks_overdue",
        "Calls that take longer than their worker type declares",
        labels=["type"],
    )
    for worker_type in types:
        overdue.add_metric([worker_type], late[worker_type])
    return overdue
