"""How long one request takes when there is nothing else to do."""

from bench.clients import RequestClient, run
from bench.configuration import ONE_STEP, THREE_STEPS
from bench.results import Latency

#: Lone requests of one kind in a row, before the other kind's turn.
_TURN = 50


def measure(client: RequestClient, *, count: int) -> dict[str, Latency]:
    """Send one request at a time; both kinds take turns."""
    kinds = {"1 step": ONE_STEP, "3 steps": THREE_STEPS}
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(0, count, _TURN):
        for name, content_type in kinds.items():
            client.content_type = content_type
            times[name] += [run(client, count=1) for _ in range(_TURN)]
    return {name: Latency.of(measured) for name, measured in times.items()}
