"""How log lines look: for people on a console, or one JSON object a line for machines.

Both carry the event's own fields (``extra``) and the facts that are bound to what is being done
(`kernel.observability.log_context`). The names of the fields are those of `workers.sdk.logs`.
"""

import json
import logging
from datetime import UTC, datetime
from logging.config import dictConfig
from typing import Any, Final

from pythonjsonlogger.core import RESERVED_ATTRS, LogData
from pythonjsonlogger.json import JsonFormatter as LibraryFormatter

from regards_processing.kernel.observability.log_context import bound_facts
from regards_processing.kernel.observability.metrics import LOG_RECORDS
from workers.observability.last_words import log_last_words
from workers.observability.one_line import one_line

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: Name of the library, and ours.
_NAMES: Final = {
    "asctime": "time",
    "levelname": "level",
    "name": "logger",
    "exc_info": "exception",
    "stack_info": "stack",
}


class ConsoleFormatter(logging.Formatter):
    """One line an event: time, level, text, then the event's fields as ``name=value``; then its traceback."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name is logging's)
        """Append the fields given as ``extra``, and what is bound."""
        own = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        fields = [f"{name}={value}" for name, value in (own | bound_facts() | own).items()]
        return one_line(" ".join([super().formatMessage(record), *fields]))


class JsonFormatter(LibraryFormatter):
    """One JSON object a line, whatever happens: tracebacks are a field of it."""

    def __init__(self) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message", "process"],
            rename_fields=_NAMES,
            reserved_attrs=[*RESERVED_ATTRS, "taskName"],
        )

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a record that cannot be written gives a line that says so."""
        try:
            return str(super().format(record))
        except Exception as error:  # noqa: BLE001 (a bad record must not end in a line that is no JSON)
            return json.dumps(
                {
                    "time": self.formatTime(record),
                    "level": record.levelname,
                    "logger": record.name,
                    "message": str(record.msg),
                    "unwritten": repr(error),
                }
            )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 (logging's)
        """Return the time in UTC, ISO 8601."""
        return datetime.fromtimestamp(record.created, UTC).isoformat()

    def process_log_record(self, log_data: LogData) -> LogData:
        """Add what is bound; the event's own fields win."""
        return {**bound_facts(), **log_data}


class CountingHandler(logging.Handler):
    """Counts the lines that ask for attention; writes nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line."""
        LOG_RECORDS.labels(record.levelname).inc()


def keep_news_off_terminals() -> None:
    """Write only warnings where the log goes to a terminal: what a command says itself is read there."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream.isatty():
            handler.setLevel(logging.WARNING)


def configure(config: dict[str, Any]) -> None:
    """Set the logs up as `settings.LOGGING` says; in JSON, so are warnings and what ends the process."""
    dictConfig(config)
    if config["handlers"]["stderr"]["formatter"] == "json":
        logging.captureWarnings(capture=True)
        log_last_words()
