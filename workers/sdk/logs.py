"""Log output of a worker process: one line per event, on standard error."""

import json
import logging
import sys
import warnings
from datetime import UTC, datetime
from typing import Final

from celery.exceptions import CPendingDeprecationWarning

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: These speak twice per task at INFO, which costs more than the task.
_CHATTY: Final = ("celery.worker.strategy", "celery.app.trace", "celery.worker.request")


class JsonFormatter(logging.Formatter):
    """Writes a record and its extra fields as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def configure_logs(*, level: str, form: str) -> None:
    """Send every record to standard error; ``form`` is ``console`` or ``json``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter()
        if form == "json"
        else logging.Formatter("%(asctime)s %(levelname)-7s [%(process)d] %(name)s: %(message)s")
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if level != "DEBUG":
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
        # Celery announces its next default at every loss of a connection; ours is set.
        warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
