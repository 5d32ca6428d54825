"""Run a worker type in a test: no broker, no settings, no Celery."""

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from workers.contract.work_request import WorkRequest
from workers.sdk.bulk_runs import NoCheckpoint
from workers.sdk.calling import BulkFunction, Outcome, checked_outcome
from workers.sdk.checkpoints import Checkpoint
from workers.sdk.context import RequestLog, WorkContext
from workers.sdk.declare import adapted, close_instance
from workers.sdk.result import WorkResult, checked
from workers.sdk.secret_files import SecretFiles
from workers.sdk.workspace import Workspace

#: Bytes of a result; what a fleet takes unless told otherwise.
_MAXIMUM_CONTENT: Final = 16 * 2**20


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
    with _surroundings(
        request,
        storage=storage,
        file_roots=file_roots,
        progress=progress,
        cancelled=cancelled,
        secrets=secrets,
        checkpoints=Checkpoint,
    ) as context:
        try:
            result = checked(run(request, context), maximum=_MAXIMUM_CONTENT)
        finally:
            close_instance(run)
        context.checkpoint.done()
        return result


def run_bulk(
    function: Callable[..., Any],
    *,
    contents: Sequence[bytes],
    storage: Path | None = None,
    file_roots: tuple[Path, ...] | None = None,
    progress: list[str] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    secrets: Mapping[str, str] | None = None,
) -> list[Outcome]:
    """Run a bulk type's function or class once, on a request for each of one or more contents.

    Returns the outcome of each: a result, or the error that the request would be answered with. What the
    function itself raises comes through. Requests are called ``request-1``, ``request-2`` and so on; other
    arguments are those of `run_once`.

    Raises:
        InvalidResult: the function returned something else than an outcome for each.
    """
    run = cast("BulkFunction", adapted(function, worker_type="run-bulk", bulk=True)[0])
    requests = [
        WorkRequest(
            tenant="default",
            request_id=f"request-{number}",
            owner="owner",
            session="session",
            content=content,
            headers={},
            dispatch_id=f"{number}:1:1",
        )
        for number, content in enumerate(contents, 1)
    ]
    with _surroundings(
        requests[0],
        storage=storage,
        file_roots=file_roots,
        progress=progress,
        cancelled=cancelled,
        secrets=secrets,
        checkpoints=NoCheckpoint,
    ) as context:
        try:
            found = run.bulk(requests, context)
        finally:
            close_instance(run)
        return [checked_outcome(one, maximum=_MAXIMUM_CONTENT) for one in found]


@contextmanager
def _surroundings(
    request: WorkRequest,
    *,
    storage: Path | None,
    file_roots: tuple[Path, ...] | None,
    progress: list[str] | None,
    cancelled: Callable[[], bool],
    secrets: Mapping[str, str] | None,
    checkpoints: type[Checkpoint],
) -> Iterator[WorkContext]:
    """Yield the context of a run, whose folders are gone afterwards."""
    lines: list[str] = [] if progress is None else progress
    with _scratch() as (folder, workspace):
        root = folder / "storage" if storage is None else storage
        root.mkdir(parents=True, exist_ok=True)
        yield WorkContext(
            log=RequestLog(logging.getLogger("workers.run_once"), {"request_id": request.request_id}),
            storage=root,
            file_roots=(root,) if file_roots is None else file_roots,
            workspace=workspace,
            report=lines.append,
            stopped=cancelled,
            checkpoint=checkpoints(folder=root / ".checkpoints", worker_type="run-once", request=request),
            secrets=SecretFiles(_written(secrets or {}, into=folder / "secrets")),
        )


@contextmanager
def _scratch() -> Iterator[tuple[Path, Workspace]]:
    """Make a folder, and in it that of a run."""
    with (
        tempfile.TemporaryDirectory(prefix="run-once-") as folder,
        Workspace(parent=Path(folder, "work")) as workspace,
    ):
        yield Path(folder), workspace


def _written(secrets: Mapping[str, str], *, into: Path) -> Path:
    into.mkdir()
    for name, value in secrets.items():
        (into / name).write_text(value, encoding="utf-8")
    return into
