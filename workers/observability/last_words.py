"""What ends a process or a thread, as a line of its log."""

import logging
import sys
import threading
from types import TracebackType
from typing import Final

_log: Final = logging.getLogger("uncaught")


def log_last_words() -> None:
    """From now on, log the error that ends the process or a thread; Python would print it line by line."""
    sys.excepthook = _process_ends
    threading.excepthook = _thread_ends


def _process_ends(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _log.critical("process ends", exc_info=(kind, error, trace), extra={"action": "process.ends"})


def _thread_ends(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not issubclass(ended.exc_type, SystemExit):
        facts = (ended.exc_type, ended.exc_value, ended.exc_traceback)
        _log.critical("thread ends", exc_info=facts, extra={"action": "thread.ends"})
