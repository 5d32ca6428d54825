"""How long a tenant's request takes while another tenant floods the platform with work that lasts."""

import secrets
import threading
import time
from collections.abc import Callable
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
    #: The longest of those while the flood came in, in milliseconds, and how long it came in, in seconds.
    longest_arriving: float
    arriving: float
    #: Done per second for both tenants while the flood was held, and what the fleets can do at most.
    done: float
    most: float

    def goal(self) -> Goal:
        """Compare with the figure to reach."""
        return Goal(
            name=f"work of {self.work:g} s: during a flood / usually, p50",
            reached=self.held.p50 / self.usual.p50,
            target=_GOAL,
            at_least=False,
        )


def measure(*, place: Place, sizes: Sizes, shape: FleetShape, say: Callable[[str], None]) -> list[Flood]:
    """Flood a manager and two fleet processes, with work of each length."""
    with Broker(place.broker_url) as broker:
        with Processes(place, broker, shape) as processes:
            processes.prepare(configuration=single_steps(LASTING), tenants=(_FLOODING, _CALM))
        return [_measured(place, broker, sizes, shape, worker_type, say) for worker_type in LASTING]


def _measured(
    place: Place,
    broker: Broker,
    sizes: Sizes,
    shape: FleetShape,
    worker_type: str,
    say: Callable[[str], None],
) -> Flood:
    with Processes(place, broker, shape) as processes, Broker(place.broker_url) as own:
        processes.start_manager()
        processes.await_manager()
        # Work that lasts is taken one by one.
        processes.start_fleets([worker_type], prefetch=1, modules=_MODULE)
        client = RequestClient(own, tenant=_CALM)
        client.content_type = worker_type
        say(f"work of {LASTING[worker_type]:g} s: {sizes.calm} lone requests without a flood")
        usual = _lone(client, sizes.calm + _WARM_UP)[_WARM_UP:]
        say(f"{sizes.flood} requests of another tenant")
        arriving = _while_it_comes_in(place, client, sizes, worker_type)
        say(f"{sizes.calm} lone requests while they are held")
        stored, since = place.number(_STORED), time.perf_counter()
        held = _lone(client, sizes.calm)
        ended = stored - place.number(_STORED) + len(held)
        done = ended / (time.perf_counter() - since)
    place.execute("TRUNCATE workermanager_request CASCADE")
    return Flood(
        work=LASTING[worker_type],
        usual=Latency.of(usual),
        held=Latency.of(held),
        longest_arriving=1000 * max(arriving),
        arriving=sum(arriving),
        done=done,
        most=FLEET_PROCESSES / LASTING[worker_type],
    )


def _lone(client: RequestClient, count: int) -> list[float]:
    return [run(client, count=1) for _ in range(count)]


def _while_it_comes_in(place: Place, client: RequestClient, sizes: Sizes, worker_type: str) -> list[float]:
    """Have the flood sent, and return the seconds of lone requests until all of it is stored."""
    tag = secrets.token_hex(4)
    frames = b"".join(
        submission(request_id=f"{tag}-{number}", owner="flood", content_type=worker_type, tenant=_FLOODING)
        for number in range(sizes.flood)
    )
    times = []
    with Broker(place.broker_url) as flooding:
        # The broker takes messages no faster than they are read.
        sender = threading.Thread(target=flooding.send, args=(frames,))
        sender.start()
        while sender.is_alive() or place.number(_LAST.format(tag=tag, last=sizes.flood - 1)) == 0:
            times += _lone(client, 1)
        sender.join()
    return times
