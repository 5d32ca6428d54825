"""How long a tenant's request takes while another tenant floods the platform with work that lasts."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bench.broker import Broker
from bench.clients import RequestClient, run, submission
from bench.configuration import single_steps
from bench.flood.types import LASTING
from bench.options import FLEET_PROCESSES, FleetShape
from bench.place import Place
from bench.processes import Processes
from bench.results import Goal, Latency

#: The tenant that floods, and the one that does not.
_FLOODING, _CALM = "default", "calm"
_MODULE: Final = "bench.flood.types"
_STORED: Final = "SELECT count(*) FROM workermanager_request"
_LAST: Final = "SELECT count(*) FROM workermanager_request WHERE request_id = '{tag}-{last}'"
#: Lone requests before any is measured.
_WARM_UP: Final = 10
#: Fewest lone requests that can be summed up.
_FEWEST: Final = 2
_GOAL: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    #: Requests of the tenant that floods.
    flood: int
    #: Lone requests of the other one, without a flood and while it is held.
    calm: int


FULL: Final = Sizes(flood=100_000, calm=50)
QUICK: Final = Sizes(flood=3_000, calm=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """What was measured with work of one length."""

    #: Seconds of work.
    work: float
    #: Lone requests of the other tenant, from submission to success: without a flood, and while it is held.
    usual: Latency
    held: Latency
    #: The same while the flood comes in: when all tenants share one queue, and when each has its own.
    shared: Latency
    own: Latency
    #: Requests of the flood that were taken in per second meanwhile.
    shared_rate: float
    own_rate: float
    #: Done per second for both tenants while the flood was held, and what the fleets can do at most.
    done: float
    most: float

    def goals(self) -> list[Goal]:
        """Compare with the figures to reach."""
        compared = {
            "while a flood is held": self.held,
            "while it comes in, a queue for each tenant": self.own,
        }
        return [
            Goal(
                name=f"work of {self.work:g} s: {when} / usually, p50",
                reached=latency.p50 / self.usual.p50,
                target=_GOAL,
                at_least=False,
            )
            for when, latency in compared.items()
        ]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where it is measured, and how much."""

    place: Place
    broker: Broker
    sizes: Sizes
    shape: FleetShape
    say: Callable[[str], None]

    @contextmanager
    def running(self, worker_type: str, queues: str = "shared") -> Iterator[RequestClient]:
        """Run a manager and the fleets, and give a client of the tenant that does not flood.

        Args:
            queues: whose the queues of requests are, as `manage.py request_queues` has it.
        """
        with (
            Processes(self.place, self.broker, self.shape) as processes,
            Broker(self.place.broker_url) as own,
        ):
            processes.manage("request_queues", queues)
            processes.start_manager()
            processes.await_manager()
            # Work that lasts is taken one by one.
            processes.start_fleets([worker_type], prefetch=1, modules=_MODULE)
            client = RequestClient(own, tenant=_CALM)
            client.content_type = worker_type
            yield client
        # The fleets as well: here, whoever has beaten once counts as alive for a day.
        self.place.execute("TRUNCATE workermanager_request, workermanager_worker_instance CASCADE")


def measure(*, place: Place, sizes: Sizes, shape: FleetShape, say: Callable[[str], None]) -> list[Flood]:
    """Flood a manager and two fleet processes, with work of each length."""
    with Broker(place.broker_url) as broker:
        with Processes(place, broker, shape) as processes:
            processes.prepare(configuration=single_steps(LASTING), tenants=(_FLOODING, _CALM))
        return [
            _measured(Bench(place, broker, sizes, shape, say), worker_type, LASTING[worker_type])
            for worker_type in LASTING
        ]


def _measured(bench: Bench, worker_type: str, work: float) -> Flood:
    sizes = bench.sizes
    with bench.running(worker_type) as client:
        bench.say(f"work of {work:g} s: {sizes.calm} lone requests without a flood")
        usual = _lone(client, sizes.calm + _WARM_UP)[_WARM_UP:]
        bench.say(f"{sizes.flood} requests of another tenant, all in one queue")
        shared = _while_it_comes_in(bench.place, client, sizes, worker_type)
        bench.say(f"{sizes.calm} lone requests while they are held")
        stored, since = bench.place.number(_STORED), time.perf_counter()
        held = _lone(client, sizes.calm)
        ended = stored - bench.place.number(_STORED) + len(held)
        done = ended / (time.perf_counter() - since)
    with bench.running(worker_type, "tenant") as client:
        # As many as before: fleets tell by and by how long their work takes.
        _lone(client, sizes.calm + _WARM_UP)
        bench.say(f"{sizes.flood} requests of another tenant, a queue for each tenant")
        own = _while_it_comes_in(bench.place, client, sizes, worker_type)
    return Flood(
        work=work,
        usual=Latency.of(usual),
        held=Latency.of(held),
        shared=Latency.of(shared),
        own=Latency.of(own),
        shared_rate=sizes.flood / sum(shared),
        own_rate=sizes.flood / sum(own),
        done=done,
        most=FLEET_PROCESSES / work,
    )


def _lone(client: RequestClient, count: int) -> list[float]:
    return [run(client, count=1) for _ in range(count)]


def _while_it_comes_in(place: Place, client: RequestClient, sizes: Sizes, worker_type: str) -> list[float]:
    """Have the flood sent, and return the seconds of lone requests, two at least, until all is stored."""
    tag = secrets.token_hex(4)
    frames = b"".join(
        submission(request_id=f"{tag}-{number}", owner="flood", content_type=worker_type, tenant=_FLOODING)
        for number in range(sizes.flood)
    )
    times: list[float] = []
    with Broker(place.broker_url) as flooding:
        # The broker takes messages no faster than they are read.
        sender = threading.Thread(target=flooding.send, args=(frames,))
        sender.start()
        while (
            len(times) < _FEWEST
            or sender.is_alive()
            or place.number(_LAST.format(tag=tag, last=sizes.flood - 1)) == 0
        ):
            times += _lone(client, 1)
        sender.join()
    return times
