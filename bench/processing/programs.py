"""What a program costs without a platform: it is started, and waited for."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import psutil

from bench.results import Run

PROGRAM: Final = "/bin/true"


def measure(*, count: int, at_once: int) -> Run:
    """Run the program so many times, as many at once as the fleets do."""
    own = psutil.Process()
    before, started = _cpu(own), time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        for done in pool.map(_run, range(count)):
            done.check_returncode()
    seconds = time.perf_counter() - started
    return Run(count=count, seconds=seconds, cpu={"programs": _cpu(own) - before})


def _run(_number: int) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([PROGRAM], check=False)  # noqa: S603 (of every machine)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
