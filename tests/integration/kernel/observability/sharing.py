"""A server with children, played in a process of its own: it shares measures, and writes what it sees.

Usage: ``sharing.py FOLDER PLAN``. A plan is a row of steps: ``+`` a child counts one and stays, ``x`` one of
those is killed, ``m`` the main process counts one. At the end it prints the sum and the files, as JSON.
"""

import json
import os
import signal
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.multiprocess import MultiProcessCollector

from regards_processing.kernel.observability import slots

#: Defined before the sharing begins, as modules do.
CALLS = Counter("calls_total", "Calls", ("verb",))


def main(folder: Path, plan: str) -> None:
    """Follow the plan."""
    shared = slots.share(folder=folder, server="test")
    children: list[int] = []
    for step in plan:
        if step == "+":
            children.append(_child())
        elif step == "x":
            _kill(children.pop(0))
        else:
            CALLS.labels("GET").inc()
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(shared))  # type: ignore[no-untyped-call] # not typed by the library
    seen = {
        "sum": registry.get_sample_value("calls_total", {"verb": "GET"}),
        "files": sorted(file.name for file in shared.glob("*.db")),
        "servers": sorted(path.name for path in folder.iterdir() if path.is_dir()),
        "own": shared.name,
    }
    for child in children:
        _kill(child)
    print(json.dumps(seen), flush=True)  # noqa: T201 (this is what it is for)
    sys.stdin.read()


def _child() -> int:
    """Fork a child that counts one, says so, and stays."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        CALLS.labels("GET").inc()
        os.write(write, b".")
        signal.pause()
        os._exit(0)
    os.read(read, 1)
    return pid


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
