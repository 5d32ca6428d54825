"""How large a benchmark is, and how the fleets are started."""

from dataclasses import dataclass
from typing import Final

FLEET_PROCESSES: Final = 2
POOLS: Final = ("solo", "threads", "prefork")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetShape:
    """How each fleet process is started, as the bare chain's workers are; and how many managers there are."""

    pool: str
    concurrency: int
    #: Messages taken in advance per unit of concurrency.
    prefetch: int
    #: Managers that share the work while whole requests are measured.
    managers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    repetitions: int
    #: Requests of one reception.
    reception: int
    #: Requests, or chains, of one repetition: enough for some seconds of work.
    one_step: int
    three_steps: int
    chain_without_results: int
    chain_with_results: int
    #: Lone requests.
    latency: int
    #: After how many requests the manager's memory is looked at.
    memory: tuple[int, int]


FULL: Final = Sizes(
    repetitions=3,
    reception=20_000,
    one_step=5_000,
    three_steps=4_000,
    chain_without_results=2_000,
    chain_with_results=800,
    latency=500,
    memory=(10_000, 100_000),
)
QUICK: Final = Sizes(
    repetitions=2,
    reception=3_000,
    one_step=600,
    three_steps=500,
    chain_without_results=300,
    chain_with_results=120,
    latency=200,
    memory=(2_500, 7_500),
)
