"""What the bare chain's application and its client agree on."""

from typing import Final

#: Task names, in the order of the chain; each has a queue of its own, as worker types have.
STEPS: Final = ("bench.chain.first", "bench.chain.second", "bench.chain.third")
#: Tells the application whether results are stored: ``stored`` or ``none``. Each kind has its own queues.
RESULTS_VARIABLE: Final = "BENCH_CHAIN_RESULTS"


def queue(step: str, results: str) -> str:
    """Return the queue of a step."""
    return f"{step}.{results}"


def done_queue(results: str) -> str:
    """Return the queue to which the last step sends the id of its chain."""
    return f"bench.chain.done.{results}"
