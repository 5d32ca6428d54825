"""What a worker type may use while it works."""

import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.sdk.checkpoints import Checkpoint
from workers.sdk.errors import Cancelled
from workers.sdk.secret_files import SecretFiles
from workers.sdk.workspace import Workspace


def _never() -> bool:
    return False


class RequestLog(logging.LoggerAdapter[logging.Logger]):
    """A logger that names the request in every record, next to the caller's own ``extra``.

    ``tell`` gets the text of every record from INFO on, whatever level is written: operators see it live.
    """

    def __init__(
        self,
        logger: logging.Logger,
        extra: Mapping[str, object],
        *,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(logger, extra)
        self._tell = tell

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Write a record, and tell its text."""
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        super().log(level, msg, *args, **kwargs)
        if self._tell is not None and level >= logging.INFO:
            self._tell(_text(msg, args))

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the facts of the request to ``extra``."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def _text(message: object, values: tuple[object, ...]) -> str:
    """Return the text of a record; values that do not fit must not end the work."""
    record = logging.makeLogRecord({"msg": message, "args": values})
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return str(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkContext:
    """The surroundings of one run."""

    #: Logger whose records carry tenant, request id and worker type. Operators see its last lines, from INFO
    #: on, while the work goes on.
    log: logging.LoggerAdapter[logging.Logger]
    #: Root of the storage shared by the fleet, for results that outlive the run.
    storage: Path
    #: ``file:`` URLs are allowed only under these folders.
    file_roots: tuple[Path, ...]
    #: Makes the folder of the run; worker types read :attr:`workdir`.
    workspace: Workspace
    #: Where progress lines go; worker types call :meth:`progress`.
    report: Callable[[str], None]
    #: Tells whether the run was cancelled; worker types read :attr:`cancelled`.
    stopped: Callable[[], bool] = _never
    #: What this work, or an attempt before, noted of how far it is.
    checkpoint: Checkpoint
    #: Where secrets are; worker types call :meth:`secret`.
    secrets: SecretFiles

    @property
    def cancelled(self) -> bool:
        """Tell whether nobody awaits the result any more."""
        return self.stopped()

    def raise_if_cancelled(self) -> None:
        """End the run here if nobody awaits its result any more; long loops call it now and then.

        Raises:
            Cancelled: nobody does.
            WorkFolderFull: the folder of this run holds more than it may.
        """
        if self.stopped():
            raise Cancelled
        self.workspace.check(at=time.monotonic())

    def secret(self, name: str) -> str:
        """Return what the file of this name in ``WORKER_SECRETS_DIR`` holds; logs and answers show stars.

        Raises:
            SecretMissing: it cannot be read.
        """
        return self.secrets.read(name)

    @property
    def workdir(self) -> Path:
        """Return the folder of this run: fresh, empty at first, removed afterwards.

        Raises:
            Cancelled: nobody awaits the result any more.
            WorkFolderFull: the folder of this run holds more than it may.
        """
        self.raise_if_cancelled()
        return self.workspace.folder()

    def progress(self, message: str, percent: float | None = None) -> None:
        """Tell the operator how far the work is; ``percent`` is between 0 and 100.

        Raises:
            Cancelled: nobody awaits the result any more.
            WorkFolderFull: the folder of this run holds more than it may.
        """
        self.raise_if_cancelled()
        self.report(message if percent is None else f"{min(max(percent, 0), 100):.0f} %: {message}")
