"""How each kind of declaration is called: functions, models, classes with something expensive, bulks."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from workers.contract.work_request import WorkRequest
from workers.sdk import models
from workers.sdk.context import WorkContext
from workers.sdk.errors import InvalidContent, InvalidResult
from workers.sdk.result import WorkResult, checked
from workers.sdk.secret_files import SecretFiles
from workers.sdk.signatures import Signature

_log: Final = logging.getLogger(__name__)

#: What becomes of one request of a bulk.
Outcome = WorkResult | Exception


class WorkFunction(Protocol):
    """The signature of the function of a worker type."""

    def __call__(self, request: WorkRequest, context: WorkContext, /) -> WorkResult:
        """Do the work."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupContext:
    """The surroundings of a process that begins to run a worker type."""

    log: logging.LoggerAdapter[logging.Logger]
    storage: Path
    secrets: SecretFiles

    def secret(self, name: str) -> str:
        """Return a secret, as `WorkContext.secret` does.

        Raises:
            SecretMissing: it cannot be read.
        """
        return self.secrets.read(name)


@dataclass(frozen=True, slots=True)
class TypedFunction:
    """A function that takes or makes a model."""

    function: Callable[..., Any]
    signature: Signature

    def __call__(self, request: WorkRequest, context: WorkContext, /) -> WorkResult:
        """Read the content, do the work, write the content."""
        taken = (
            request if self.signature.takes is None else models.read(self.signature.takes, request.content)
        )
        result: WorkResult = models.result_of(self.function(taken, context))
        return result


@dataclass(frozen=True, slots=True)
class BulkFunction:
    """A function that works on several requests at once, and returns an outcome for each."""

    function: Callable[..., Any]
    signature: Signature

    def __call__(self, request: WorkRequest, context: WorkContext, /) -> WorkResult:
        """Work on a bulk of one."""
        (outcome,) = self.bulk([request], context)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def bulk(self, requests: Sequence[WorkRequest], context: WorkContext) -> list[Outcome]:
        """Work on all whose content can be read; return the outcomes in the order of the requests.

        Raises:
            InvalidResult: the function returned something else than an outcome for each.
        """
        taken = [self._read(request) for request in requests]
        good = [one for one in taken if not isinstance(one, InvalidContent)]
        returned = self.function(good, context) if good else []
        if not isinstance(returned, list | tuple) or len(returned) != len(good):
            got = f"{len(returned)}" if isinstance(returned, list | tuple) else type(returned).__name__
            raise InvalidResult(f"A bulk of {len(good)} must return a list of as many outcomes, got {got}")
        outcomes = iter(returned)
        return [one if isinstance(one, InvalidContent) else models.result_of(next(outcomes)) for one in taken]

    def _read(self, request: WorkRequest) -> Any:
        if self.signature.takes is None:
            return request
        try:
            return models.read(self.signature.takes, request.content)
        except InvalidContent as error:
            return error


def checked_outcome(outcome: Outcome, *, maximum: int) -> Outcome:
    """Return an outcome of a bulk if it can be answered, else the error that says why it cannot."""
    if isinstance(outcome, Exception):
        return outcome
    try:
        return checked(outcome, maximum=maximum)
    except InvalidResult as error:
        return error


@dataclass(slots=True)
class Held:
    """The one instance of a class in this process: made and set up before its first request."""

    kind: type[Any]
    _instance: Any = None
    _owner: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Any, context: WorkContext, /) -> Any:
        """Do the work with the instance."""
        return self._ready(context).run(request, context)

    def close(self) -> None:
        """Let the instance give back what it holds, if this process has set it up."""
        instance, self._instance = self._instance, None
        if instance is None or self._owner != os.getpid() or not hasattr(instance, "teardown"):
            return
        try:
            instance.teardown()
        # Whatever code of somebody else raises: the others are closed all the same.
        except Exception:  # noqa: BLE001 (logged with its traceback)
            _log.exception("teardown failed", extra={"action": "worker.teardown_failed"})

    def _ready(self, context: WorkContext) -> Any:
        if self._owner != os.getpid():
            # A fork copies the lock as it is, and what the instance holds is the parent's.
            self._lock, self._instance, self._owner = threading.Lock(), None, os.getpid()
        with self._lock:
            if self._instance is None:
                instance = self.kind()
                if hasattr(instance, "setup"):
                    instance.setup(
                        SetupContext(log=context.log, storage=context.storage, secrets=context.secrets)
                    )
                # Only now: when it fails, the next request tries again.
                self._instance = instance
            return self._instance
