"""Traces of what a fleet runs. While tracing is off, nothing of OpenTelemetry is loaded."""

import logging
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final

from workers.contract.work_request import WorkRequest
from workers.observability import tracing_extra
from workers.sdk.config import WorkerConfig
from workers.sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from workers.sdk.run_spans import RunSpans

_log: Final = logging.getLogger(__name__)

_NOTHING: Final[AbstractContextManager[None]] = nullcontext()


class Tracing:
    """Gives the runs of one process their spans.

    What records them is made at the first run, in the process that runs it: a prefork pool's children are
    forked before that.
    """

    def __init__(self, *, config: WorkerConfig) -> None:
        """Prepare; nothing is loaded yet.

        Raises:
            ConfigurationError: a package that the configuration needs is not installed.
        """
        self._config = config
        self._lock = threading.Lock()
        self._spans: RunSpans | None = None
        self._failed = False
        missing = tracing_extra.missing_package(config.tracing)
        if missing:
            raise ConfigurationError(
                f"TRACING={config.tracing!r}: {missing} is not installed; "
                "`pip install -r requirements-tracing.txt` does it"
            )

    def run(self, *, worker_type: str, request: WorkRequest) -> AbstractContextManager[None]:
        """Return the span to run a request in."""
        if self._config.tracing == tracing_extra.OFF:
            return _NOTHING
        spans = self._recorder()
        return _NOTHING if spans is None else spans.run(worker_type=worker_type, request=request)

    def close(self) -> None:
        """Send the last spans of this process."""
        if self._spans is not None:
            self._spans.close()

    def _recorder(self) -> "RunSpans | None":
        with self._lock:
            if self._spans is None and not self._failed:
                self._spans = self._opened()
            return self._spans

    def _opened(self) -> "RunSpans | None":
        from workers.sdk import run_spans  # noqa: PLC0415 (an extra: loaded only where it is used)

        try:
            return run_spans.opened(choice=self._config.tracing, worker_id=self._config.worker_id)
        except Exception:  # noqa: BLE001 (a variable of OpenTelemetry's that makes no sense must not stop the work)
            self._failed = True
            _log.exception("tracing cannot start", extra={"action": "tracing.failed"})
            return None
