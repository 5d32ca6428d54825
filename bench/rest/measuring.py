"""How long calls take among very many requests."""

import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.broker import Broker
from bench.options import FleetShape
from bench.place import Place
from bench.processes import Processes
from bench.rest.calls import Client
from bench.rest.rows import TENANT, fill, request_id
from bench.results import Latency
from tests.stack.process import ROOT

_WARM_UP: Final = 20
_PAGE: Final = 20
#: The search page's goal, in milliseconds at the 95th percentile.
GOAL_MS: Final = 50.0

Call = tuple[str, str, Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    rows: int
    #: Calls of each kind.
    calls: int


FULL: Final = Sizes(rows=1_000_000, calls=400)
QUICK: Final = Sizes(rows=50_000, calls=60)


def measure(
    *, place: Place, sizes: Sizes, shape: FleetShape, say: Callable[[str], None]
) -> dict[str, Latency]:
    """Return the times of each kind of call."""
    with Broker(place.broker_url) as broker, Processes(place, broker, shape) as processes:
        say(f"{sizes.rows} requests in the table")
        processes.prepare()
        fill(place, count=sizes.rows)
        port = free_port()
        processes.start_web(port=port)
        client = Client(port=port, token=token(place))
        processes.wait_until(client.reachable, "the web server")
        measured = {}
        for name, calls in _kinds(sizes).items():
            say(f"{sizes.calls} calls: {name}")
            measured[name] = Latency.of(_times(client, calls, count=sizes.calls))
        return measured


def _times(client: Client, calls: Iterator[Call], *, count: int) -> list[float]:
    times = [client.call(*next(calls))[0] for _ in range(_WARM_UP + count)]
    return times[_WARM_UP:]


def _kinds(sizes: Sizes) -> dict[str, Iterator[Call]]:
    # The same calls in every run.
    chance = random.Random(1)  # noqa: S311 (no secret)
    anywhere, beginning = sizes.rows // _PAGE - 1, 50
    return {
        "GET /requests/{id}": _each(
            lambda: ("GET", f"/requests/{request_id(chance.randint(1, sizes.rows))}", None)
        ),
        "page of 20, unfiltered": _each(lambda: _search({}, chance.randint(0, beginning))),
        "page of 20, status ERROR": _each(
            lambda: _search(
                {"statuses": {"values": ["ERROR"], "mode": "INCLUDE"}}, chance.randint(0, beginning)
            )
        ),
        "page of 20, one session": _each(
            lambda: _search({"source": "source-7", "session": f"session-{chance.randrange(7, 1000, 50)}"}, 0)
        ),
        "page of 20, newest first": _each(
            lambda: _search({}, chance.randint(0, beginning), sort="creationDate,desc")
        ),
        "page of 20, anywhere": _each(lambda: _search({}, chance.randint(0, anywhere))),
    }


def _each(make: Callable[[], Call]) -> Iterator[Call]:
    while True:
        yield make()


def _search(body: Mapping[str, Any], page: int, *, sort: str = "requestId,asc") -> Call:
    return "POST", f"/requests?page={page}&size={_PAGE}&sort={sort}", body


def token(place: Place, *, role: str = "EXPLOIT") -> str:
    """Return a token of the tenant for a role."""
    command = [
        sys.executable,
        "manage.py",
        "issue_token",
        "--tenant",
        TENANT,
        "--user",
        "bench",
        "--role",
        role,
    ]
    done = subprocess.run(  # noqa: S603 (our own command)
        command, cwd=ROOT, env=dict(place.environment), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
