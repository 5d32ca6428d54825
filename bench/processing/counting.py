"""Run within the platform (``manage.py shell``): how long the measures of executions take to read."""

import json
import sys
import time

from regards_processing.kernel import clock
from regards_processing.processing.measures import executions


def main(count: int) -> None:
    """Read them so many times, once unmeasured before; print the seconds of each as JSON."""
    list(executions(clock.now()))
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        list(executions(clock.now()))
        seconds.append(time.perf_counter() - started)
    sys.stdout.write(json.dumps(seconds))
