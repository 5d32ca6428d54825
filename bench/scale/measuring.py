"""What operators and sweeps cost among very many requests."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from celery import Celery

from bench.broker import Broker
from bench.noop import STEPS
from bench.options import FleetShape
from bench.place import Place
from bench.processes import JOBS_QUEUE, Processes, tree_of
from bench.rest.calls import Client
from bench.rest.measuring import free_port, token
from bench.results import Latency
from bench.scale import counting, rows
from tests.stack.process import ManagedProcess

_SWEEP: Final = "worker_manager.tasks.redispatch_waiting_requests"
_TIMEOUT: Final = 1800.0
_JOBS_LEFT: Final = "SELECT count(*) FROM regards_job WHERE finished_at IS NULL"
_JOBS_FAILED: Final = "SELECT count(*) FROM regards_job WHERE state <> 'SUCCEEDED'"
_WARM_UP: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured; a tenth of the rows waits, a tenth is retried, a tenth is deleted."""

    rows: int
    #: Search pages.
    calls: int

    @property
    def part(self) -> int:
        """Requests that one order, or the sweep, is about."""
        return self.rows // 10


FULL: Final = Sizes(rows=1_000_000, calls=200)
QUICK: Final = Sizes(rows=30_000, calls=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Something that a jobs worker did to many requests."""

    requests: int
    #: From the order to the last page.
    seconds: float
    statements: int
    #: Peak memory of the worker before it, and after it.
    idle_bytes: int
    peak_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything that was measured."""

    works: Mapping[str, Work]
    #: One page of 20, in milliseconds.
    pages: Mapping[str, Latency]


class WrongResult(Exception):
    """The work was not done as it was meant to be."""


def measure(*, place: Place, sizes: Sizes, shape: FleetShape, say: Callable[[str], None]) -> Measured:
    """Return what each piece of work cost."""
    with Broker(place.broker_url) as broker, Processes(place, broker, shape) as processes:
        say(f"{sizes.rows} requests in the table, {sizes.part} of them wait")
        processes.prepare()
        rows.fill(place, count=sizes.rows)
        port = free_port()
        processes.start_web(port=port)
        client = Client(port=port, token=token(place, role="ADMIN"))
        processes.wait_until(client.reachable, "the web server")
        bench = _Bench(place, processes, client, sizes, say)
        return Measured(pages=bench.pages(), works=bench.works())


class _Bench:
    def __init__(
        self,
        place: Place,
        processes: Processes,
        client: Client,
        sizes: Sizes,
        say: Callable[[str], None],
    ) -> None:
        self._place = place
        self._processes = processes
        self._client = client
        self._sizes = sizes
        self._say = say

    def pages(self) -> dict[str, Latency]:
        """Turn pages while nothing else happens."""
        wanted: dict[str, dict[str, Any]] = {
            "page of 20 that wait": _filter("NO_WORKER_AVAILABLE", rows.WAITING),
            "page of 20 in error": _filter("ERROR", rows.TO_RETRY),
        }
        return {name: self._page(name, body) for name, body in wanted.items()}

    def works(self) -> dict[str, Work]:
        """Retry, sweep and delete, each with a jobs worker of its own."""
        part = self._sizes.part
        first, second, _ = STEPS
        rows.bring_to_life(self._place, second)
        retry = self._measured(
            f"retry by filter of {part}",
            lambda: self._client.call("POST", "/requests/retry", _filter("ERROR", rows.TO_RETRY)),
            done=self._no_job_is_left,
            moved=(rows.TO_RETRY, "DISPATCHED", part),
        )
        rows.bring_to_life(self._place, first)
        sweep = self._measured(
            f"re-dispatch sweep of {part}",
            self._sweep,
            done=lambda: not rows.waits(self._place),
            moved=(rows.WAITING, "DISPATCHED", part),
        )
        deletion = self._measured(
            f"deletion by filter of {part}",
            lambda: self._client.call("DELETE", "/requests/delete", _filter("ERROR", rows.TO_DELETE)),
            done=self._no_job_is_left,
            moved=(rows.TO_DELETE, "ERROR", 0),
        )
        return {"retry by filter": retry, "re-dispatch sweep": sweep, "deletion by filter": deletion}

    def _measured(
        self,
        what: str,
        order: Callable[[], object],
        *,
        done: Callable[[], bool],
        moved: tuple[str, str, int],
    ) -> Work:
        self._say(what)
        counter = self._place.folder / "statements"
        counting.prepare(counter)
        worker = self._processes.start_jobs({counting.VARIABLE: str(counter)}, include=counting.__name__)
        tree = tree_of(worker)
        idle, before, started = tree.peak_bytes(), counting.counted(counter), time.perf_counter()
        order()
        self._processes.wait_until(done, what, timeout=_TIMEOUT, poll=0.2)
        seconds = time.perf_counter() - started
        work = Work(
            requests=self._sizes.part,
            seconds=seconds,
            statements=counting.counted(counter) - before,
            idle_bytes=idle,
            peak_bytes=tree.peak_bytes(),
        )
        self._check(worker, moved)
        return work

    def _check(self, worker: ManagedProcess, moved: tuple[str, str, int]) -> None:
        content_type, status, expected = moved
        self._processes.stop(worker)
        found = rows.left(self._place, content_type=content_type, status=status)
        failed = self._place.number(_JOBS_FAILED)
        if found != expected or failed:
            raise WrongResult(f"{found} of {content_type} are {status}, not {expected}; {failed} jobs failed")

    def _no_job_is_left(self) -> bool:
        return not self._place.number(_JOBS_LEFT)

    def _sweep(self) -> None:
        with Celery("bench", broker=self._place.broker_url, set_as_current=False) as app:
            app.send_task(_SWEEP, queue=JOBS_QUEUE, ignore_result=True)

    def _page(self, name: str, body: Mapping[str, Any]) -> Latency:
        self._say(f"{self._sizes.calls} calls: {name}")
        path = "/requests?page=0&size=20"
        times = [self._client.call("POST", path, body)[0] for _ in range(_WARM_UP + self._sizes.calls)]
        return Latency.of(times[_WARM_UP:])


def _filter(status: str, content_type: str) -> dict[str, Any]:
    return {
        "statuses": {"values": [status], "mode": "INCLUDE"},
        "contentTypes": {"values": [content_type], "mode": "INCLUDE"},
    }
