"""Reception: messages in, rows and dispatches out, while nobody consumes the dispatches."""

import secrets
import time
from datetime import UTC, datetime
from typing import Final

from bench.broker import Broker
from bench.clients import submission
from bench.configuration import SILENT, SILENT_TYPE
from bench.processes import Processes
from regards_processing.kernel.amqp import topology
from workers.contract import names
from workers.contract.heartbeat import Protocol, WorkerHeartbeat

_QUEUE: Final = names.task_queue(SILENT_TYPE)
_POLL: Final = 0.02
_TIMEOUT: Final = 300.0


class RowsMissing(Exception):
    """What came out is not what went in."""


def measure_backlog(processes: Processes, *, count: int) -> float:
    """Return requests per second when all of them wait already: a manager is started on them.

    The clock runs from the first bulk that is out to the last, so a process's start does not count.
    """
    broker = processes.broker
    clean(processes)
    broker.send(_encoded(count))
    processes.wait_until(
        lambda: broker.state(topology.REQUEST_QUEUE).messages == count, "all requests to be queued"
    )
    manager = processes.start_manager()
    processes.wait_until(lambda: _out(broker) > 0, "the first bulk")
    first, started = _out(broker), time.perf_counter()
    _await_all(processes, count)
    rate = (count - first) / (time.perf_counter() - started)
    _check_rows(processes, count)
    processes.stop(manager)
    return rate


def measure_stream(processes: Processes, *, count: int) -> float:
    """Return requests per second when they are published while a manager consumes."""
    clean(processes)
    manager = processes.start_manager()
    processes.await_manager()
    frames = _encoded(count)
    started = time.perf_counter()
    processes.broker.send(frames)
    _await_all(processes, count)
    rate = count / (time.perf_counter() - started)
    _check_rows(processes, count)
    processes.stop(manager)
    return rate


def announce_silent_worker(processes: Processes) -> None:
    """Let a manager store the heartbeat of a worker type that will never consume."""
    manager = processes.start_manager()
    processes.await_manager()
    beat = WorkerHeartbeat(
        tenant="default",
        worker_id="bench-silent-worker",
        worker_type=SILENT_TYPE,
        beaten_at=datetime.now(UTC),
        protocol=Protocol.CELERY,
    ).to_wire()
    processes.broker.publish(
        exchange=names.HEARTBEAT_EXCHANGE, routing_key="#", body=beat.body, headers=beat.headers
    )
    query = f"SELECT count(*) FROM workermanager_worker_instance WHERE worker_type = '{SILENT_TYPE}'"  # noqa: S608
    processes.wait_until(lambda: processes.place.number(query) == 1, "the heartbeat to be stored")
    processes.stop(manager)


def _encoded(count: int) -> bytes:
    tag = secrets.token_hex(4)
    ids = (f"{tag}-{number}" for number in range(count))
    return b"".join(submission(request_id=name, owner="bench", content_type=SILENT) for name in ids)


def _out(broker: Broker) -> int:
    return broker.state(_QUEUE).messages


def _await_all(processes: Processes, count: int) -> None:
    processes.wait_until(
        lambda: _out(processes.broker) >= count, "all dispatches", timeout=_TIMEOUT, poll=_POLL
    )


def _check_rows(processes: Processes, count: int) -> None:
    rows = processes.place.number("SELECT count(*) FROM workermanager_request WHERE status = 'DISPATCHED'")
    out = _out(processes.broker)
    if (rows, out) != (count, count):
        raise RowsMissing(f"{count} requests in, {rows} rows DISPATCHED, {out} dispatches out")


def clean(processes: Processes) -> None:
    """Forget the requests of this stage."""
    processes.place.execute("TRUNCATE workermanager_request")
    if processes.broker.state(_QUEUE).messages:
        processes.broker.purge(_QUEUE)
