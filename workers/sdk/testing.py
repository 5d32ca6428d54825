"""Run a worker type in a test: no broker, no settings, no Celery."""

import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workers.contract.work_request import WorkRequest
from workers.sdk.checkpoints import Checkpoint
from workers.sdk.context import RequestLog, WorkContext
from workers.sdk.declare import adapted, close_instance
from workers.sdk.result import WorkResult, checked
from workers.sdk.secret_files import SecretFiles
from workers.sdk.workspace import Workspace

_MAXIMUM_CONTENT = 16 * 2**20


def run_once(  # noqa: PLR0913 (all of them have a default, and a test names the one it is about)
    function: Callable[..., Any],
    *,
    content: bytes = b"",
    content_type: str = "",
    headers: Mapping[str, str] | None = None,
    storage: Path | None = None,
    file_roots: tuple[Path, ...] | None = None,
    tenant: str = "default",
    request_id: str = "request-1",
    owner: str = "owner",
    session: str = "session",
    progress: list[str] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    secrets: Mapping[str, str] | None = None,
) -> WorkResult:
    """Run a worker type's function or class once and return its result; what it raises comes through.

    A class is set up before and torn down after. For a bulk see `run_bulk`.

    ``storage`` defaults to a folder that is removed afterwards, ``file_roots`` to the storage.
    What it notes as its checkpoint is there again in the next run with the same storage, request and content.
    Progress lines are appended to ``progress``. ``cancelled`` is asked at each call of the context.
    ``secrets`` are what `WorkContext.secret` knows.

    Raises:
        InvalidResult: the result could not be answered to the manager.
    """
    run, _ = adapted(function, worker_type="run-once")
    request = WorkRequest(
        tenant=tenant,
        request_id=request_id,
        owner=owner,
        session=session,
        content_type=content_type,
        content=content,
        headers=headers or {},
        dispatch_id="1:1:1",
    )
    lines: list[str] = [] if progress is None else progress
    with tempfile.TemporaryDirectory(prefix="run-once-") as folder:
        root = Path(folder, "storage") if storage is None else storage
        root.mkdir(parents=True, exist_ok=True)
        checkpoint = Checkpoint(folder=root / ".checkpoints", worker_type="run-once", request=request)
        context = WorkContext(
            log=RequestLog(logging.getLogger("workers.run_once"), {"request_id": request_id}),
            storage=root,
            file_roots=(root,) if file_roots is None else file_roots,
            workspace=Workspace(parent=Path(folder, "work")),
            report=lines.append,
            stopped=cancelled,
            checkpoint=checkpoint,
            secrets=SecretFiles(_written(secrets or {}, into=Path(folder, "secrets"))),
        )
        try:
            result = checked(run(request, context), maximum=_MAXIMUM_CONTENT)
        finally:
            close_instance(run)
        checkpoint.done()
        return result


def _written(secrets: Mapping[str, str], *, into: Path) -> Path:
    into.mkdir()
    for name, value in secrets.items():
        (into / name).write_text(value, encoding="utf-8")
    return into
