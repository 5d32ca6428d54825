"""Log output of a worker process: one line per event, on standard error."""

import json
import logging
import sys
import warnings
from datetime import UTC, datetime
from typing import Final

from celery.exceptions import CPendingDeprecationWarning

from workers.observability.last_words import log_last_words
from workers.observability.one_line import one_line
from workers.sdk.masking import masked

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: These speak twice per task at INFO, which costs more than the task.
_CHATTY: Final = ("celery.worker.strategy", "celery.app.trace", "celery.worker.request")


class JsonFormatter(logging.Formatter):
    """Writes a record and its extra fields as one JSON object; the platform's lines have the same names."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "process": record.process,
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = self.formatStack(record.stack_info)
        return masked(json.dumps(fields, default=str))


class ConsoleFormatter(logging.Formatter):
    """Writes a record as people read it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines when there is a traceback."""
        return masked(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name is logging's)
        """Return what stands before a traceback; what must not be read is told by its own characters."""
        return one_line(masked(super().formatMessage(record)))


def _message(record: logging.LogRecord) -> str:
    """Return the text; one whose values do not fit into it must not end in a line that is no JSON."""
    try:
        return record.getMessage()
    except (TypeError, ValueError) as error:
        return f"{record.msg} ({error!r})"


def configure_logs(*, level: str, form: str) -> None:
    """Send every record to standard error; ``form`` is ``console`` or ``json``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter()
        if form == "json"
        else ConsoleFormatter("%(asctime)s %(levelname)-7s [%(process)d] %(name)s: %(message)s")
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Celery's pool keeps its lines from the root; Python would write them bare.
    pool = logging.getLogger("multiprocessing")
    pool.handlers = [handler]
    pool.setLevel(logging.ERROR)
    if form == "json":
        logging.captureWarnings(capture=True)
        log_last_words()
    if level != "DEBUG":
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
        # Celery announces its next default at every loss of a connection; ours is set.
        warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
