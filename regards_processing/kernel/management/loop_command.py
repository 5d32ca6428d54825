"""What the commands that run loops have in common."""

import signal
import threading
from collections.abc import Callable
from datetime import datetime
from types import FrameType

from django.conf import settings
from django.core.management.base import CommandError

from regards_processing.kernel.observability import probes
from regards_processing.kernel.observability.health import Unfit
from workers.observability.server import PortTaken


def stop_at_signals() -> threading.Event:
    """Return what SIGTERM and SIGINT set from now on."""
    stop = threading.Event()

    def finish(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    return stop


def answer_probes(name: str, *, silent_for: Callable[[], float]) -> None:
    """Answer probes, if there is a port for them.

    Args:
        name: the process's.
        silent_for: tells how long ago the process's loop last turned, in seconds.

    Raises:
        CommandError: somebody else has the port.
    """

    def turns(_at: datetime) -> str:
        silent = silent_for()
        if silent > settings.LOOP_SILENCE:
            raise Unfit(f"The loop has not turned for {silent:.0f} s")
        return "The loop turns"

    try:
        probes.start(probes.process(name, own={"loop": turns}))
    except PortTaken as error:
        raise CommandError(str(error)) from error
