"""What a worker type may use while it works."""

import logging
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.sdk.errors import Cancelled
from workers.sdk.workspace import Workspace


def _never() -> bool:
    return False


class RequestLog(logging.LoggerAdapter[logging.Logger]):
    """A logger that names the request in every record, next to the caller's own ``extra``."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the facts of the request to ``extra``."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkContext:
    """The surroundings of one run."""

    #: Logger whose records carry tenant, request id and worker type.
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

    @property
    def cancelled(self) -> bool:
        """Tell whether nobody awaits the result any more."""
        return self.stopped()

    def raise_if_cancelled(self) -> None:
        """End the run here if nobody awaits its result any more; long loops call it now and then.

        Raises:
            Cancelled: nobody does.
        """
        if self.stopped():
            raise Cancelled

    @property
    def workdir(self) -> Path:
        """Return the folder of this run: fresh, empty at first, removed afterwards.

        Raises:
            Cancelled: nobody awaits the result any more.
        """
        self.raise_if_cancelled()
        return self.workspace.folder()

    def progress(self, message: str, percent: float | None = None) -> None:
        """Tell the operator how far the work is; ``percent`` is between 0 and 100.

        Raises:
            Cancelled: nobody awaits the result any more.
        """
        self.raise_if_cancelled()
        self.report(message if percent is None else f"{min(max(percent, 0), 100):.0f} %: {message}")
