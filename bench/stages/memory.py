"""Whether a manager's memory grows with the number of requests it has handled."""

from collections.abc import Sequence

from bench.clients import RequestClient, run
from bench.configuration import ONE_STEP
from bench.usage import ProcessTree

#: Requests that are under way at a time.
_PIECE = 5_000


def measure_growth(client: RequestClient, manager: ProcessTree, *, looks: Sequence[int]) -> dict[int, int]:
    """Return the manager's peak bytes after so many requests, for each number of ``looks``, which rise."""
    client.content_type = ONE_STEP
    peaks, done = {}, 0
    for look in looks:
        while done < look:
            piece = min(_PIECE, look - done)
            run(client, count=piece)
            done += piece
        peaks[look] = manager.peak_bytes()
    return peaks


def peaks(trees: Sequence[ProcessTree]) -> dict[str, int]:
    """Return the peak bytes of the largest process of each tree."""
    return {tree.name: tree.peak_bytes() for tree in trees}
