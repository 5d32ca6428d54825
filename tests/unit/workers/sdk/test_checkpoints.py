import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workers.contract.work_request import WorkRequest
from workers.sdk import WorkContext, WorkResult
from workers.sdk.checkpoints import MOST_BYTES, Checkpoint, sweep
from workers.sdk.errors import InvalidCheckpoint
from workers.sdk.testing import run_once

_REQUEST = WorkRequest(tenant="t", request_id="r", content=b"{}", headers={}, dispatch_id="7:2:1")


def _checkpoint(folder: Path, worker_type: str = "count", **fields: Any) -> Checkpoint:
    return Checkpoint(folder=folder, worker_type=worker_type, request=replace(_REQUEST, **fields))


def test_the_next_attempt_finds_what_the_last_one_saved(tmp_path: Path) -> None:
    assert _checkpoint(tmp_path).load() is None
    _checkpoint(tmp_path).save({"files": 3})
    _checkpoint(tmp_path).save({"files": 4})
    assert _checkpoint(tmp_path, dispatch_id="7:2:2").load() == {"files": 4}
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"worker_type": "other"},
        {"tenant": "u"},
        {"request_id": "s"},
        {"content": b"{ }"},
        {"dispatch_id": "7:3:1"},
        {"dispatch_id": None},
    ],
    ids=lambda other: next(iter(other)),
)
def test_other_work_does_not_find_it(tmp_path: Path, other: dict[str, Any]) -> None:
    _checkpoint(tmp_path).save(1)
    assert _checkpoint(tmp_path, **other).load() is None


@pytest.mark.parametrize("value", [object(), float("nan"), "x" * MOST_BYTES])
def test_it_refuses_what_is_no_checkpoint_and_keeps_the_last_one(tmp_path: Path, value: object) -> None:
    _checkpoint(tmp_path).save("kept")
    with pytest.raises(InvalidCheckpoint, match="A checkpoint is"):
        _checkpoint(tmp_path).save(value)
    assert _checkpoint(tmp_path).load() == "kept"


def test_it_takes_a_file_that_is_no_json_for_none(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)
    checkpoint.save(1)
    checkpoint.file.write_bytes(b"\xff{")
    assert checkpoint.load() is None


def test_work_that_fails_goes_on_where_it_was_and_its_success_forgets_it(tmp_path: Path) -> None:
    begun_at: list[object] = []

    def run(fail: bool) -> Callable[[WorkRequest, WorkContext], WorkResult]:  # noqa: FBT001
        def count(_request: WorkRequest, context: WorkContext) -> WorkResult:
            begun_at.append(context.checkpoint.load())
            context.checkpoint.save("half way")
            assert not fail
            return WorkResult()

        return count

    with pytest.raises(AssertionError):
        run_once(run(fail=True), storage=tmp_path)
    run_once(run(fail=False), storage=tmp_path)
    run_once(run(fail=False), storage=tmp_path)
    assert begun_at == [None, "half way", None]


def test_it_removes_what_nobody_came_back_to(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)
    checkpoint.save(1)
    written = checkpoint.file.stat().st_mtime
    assert sweep(tmp_path, older_than=2, now=written + 86_400) == 0
    assert sweep(tmp_path, older_than=2, now=written + 3 * 86_400) == 1
    assert checkpoint.load() is None
    assert sweep(tmp_path / "no folder", older_than=2, now=written) == 0


def test_it_leaves_what_it_cannot_remove_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = _checkpoint(tmp_path)
    checkpoint.save(1)
    # As file systems with snapshots have them.
    (tmp_path / ".snapshot" / "hourly").mkdir(parents=True)
    assert sweep(tmp_path, older_than=2, now=time.time() + 3 * 86_400) == 1
    assert [record.action for record in caplog.records] == ["checkpoint.kept"]  # type: ignore[attr-defined]
