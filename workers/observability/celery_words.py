"""What Celery's worker program says beside its logs, made fit for JSON logs.

It writes a banner, and a line when it is asked to stop, straight to the terminal.
"""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from celery.apps import worker as program


def speak_json(worker: Any) -> None:
    """Leave a worker's banner out, and write its other words as JSON lines."""
    worker.quiet = True
    # Called in signal handlers, where logging could wait for itself; Celery has no other door to it.
    program.safe_say = _say  # type: ignore[attr-defined] # the stubs do not know it


def _say(message: str, file: TextIO | None = None) -> None:
    stream = file or sys.__stderr__
    line = {
        "time": datetime.now(UTC).isoformat(),
        "level": "INFO",
        "logger": program.__name__,
        "message": message.strip(),
        "process": os.getpid(),
    }
    if stream is not None:
        os.write(stream.fileno(), f"{json.dumps(line)}\n".encode())
