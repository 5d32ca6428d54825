"""A fleet stores contents of results that are large, and reads those that it is only referred to."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from workers.contract.content_folder import ContentFolder
from workers.contract.stored_content import StoredContent
from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.sdk import WorkContext, WorkRequest, WorkResult, declare, worker_type
from workers.sdk.config import WorkerConfig
from workers.sdk.memory_manager import MemoryManager
from workers.sdk.recordings import recordings
from workers.sdk.runner import Runner
from workers.sdk.tracing import Tracing

_LARGE = b"large content"
_REQUEST = WorkRequest(
    tenant="demo", request_id="r", content=_LARGE, headers={}, dispatch_id="7:2:5", accepts_stored=True
)


def echo(request: WorkRequest, _context: WorkContext) -> WorkResult:
    return WorkResult(content=request.content, messages=("echoed",))


def echo_many(requests: list[WorkRequest], _context: WorkContext) -> list[WorkResult]:
    return [WorkResult(content=request.content) for request in requests]


@pytest.fixture(autouse=True)
def _types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declare, "_declared", {})
    worker_type("echo", version="1")(echo)
    worker_type("many", version="1", bulk=5)(echo_many)


def _config(var: Path, **variables: str) -> WorkerConfig:
    return WorkerConfig.from_env({"REGARDS_VAR": str(var), "WORKER_STORED_CONTENT_BYTES": "12"} | variables)


def _runner(var: Path, **variables: str) -> Runner:
    config = _config(var, **variables)
    return Runner(config=config, announce=lambda _answer: None, tracing=Tracing(config=config))


def _folder(var: Path) -> ContentFolder:
    return ContentFolder(storage=var / "storage", tenant="demo", request=7)


def _answered(var: Path, request: WorkRequest, **variables: str) -> WorkAnswer:
    return _runner(var, **variables).answer(worker_type="echo", request=request)


def test_it_stores_what_is_larger_than_the_limit(tmp_path: Path) -> None:
    answer = _answered(tmp_path, _REQUEST)
    stored = StoredContent.of(_LARGE, attempt=5)
    assert (answer.status, answer.content, answer.stored) == (AnswerStatus.SUCCESS, None, stored)
    assert answer.messages == ("echoed",)
    assert _folder(tmp_path).load(stored) == _LARGE


@pytest.mark.parametrize(
    ("request_", "limit"),
    [
        (replace(_REQUEST, content=_LARGE[:12]), "12"),
        (replace(_REQUEST, accepts_stored=False), "12"),
        (replace(_REQUEST, dispatch_id=None), "12"),
        (_REQUEST, "0"),
    ],
    ids=["small", "the manager does not take it", "of no dispatch", "switched off"],
)
def test_it_stores_nothing_else(tmp_path: Path, request_: WorkRequest, limit: str) -> None:
    answer = _answered(tmp_path, request_, WORKER_STORED_CONTENT_BYTES=limit)
    assert (answer.content, answer.stored) == (request_.content, None)
    assert not (tmp_path / "storage").exists()


def test_it_reads_what_it_is_referred_to(tmp_path: Path) -> None:
    stored = _folder(tmp_path).keep(_LARGE, attempt=4)
    answer = _answered(tmp_path, replace(_REQUEST, content=b"", stored=stored, accepts_stored=False))
    assert answer.content == _LARGE


def test_it_reads_also_when_it_stores_nothing_itself(tmp_path: Path) -> None:
    stored = _folder(tmp_path).keep(_LARGE, attempt=4)
    request = replace(_REQUEST, content=b"", stored=stored)
    assert _answered(tmp_path, request, WORKER_STORED_CONTENT_BYTES="0").content == _LARGE


def test_it_answers_error_when_the_content_is_lost(tmp_path: Path) -> None:
    stored = StoredContent.of(_LARGE, attempt=4)
    answer = _answered(tmp_path, replace(_REQUEST, content=b"", stored=stored))
    assert answer.status is AnswerStatus.ERROR
    assert answer.messages == (
        (
            f"The content of the step is lost: .contents/demo/7/{stored.name} in the shared storage, stored "
            "with 13 bytes, is gone. A retry from the first step makes it anew."
        ),
    )


def test_it_sends_what_it_cannot_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / ".contents").write_bytes(b"no folder")
    with caplog.at_level(logging.WARNING):
        answer = _answered(tmp_path, _REQUEST)
    assert (answer.content, answer.stored) == (_LARGE, None)
    assert "content travels, it cannot be stored" in caplog.text


def test_it_does_so_for_each_request_of_a_bulk(tmp_path: Path) -> None:
    stored = _folder(tmp_path).keep(_LARGE, attempt=4)
    referring = replace(_REQUEST, content=b"", stored=stored)
    small = replace(_REQUEST, content=b"small", dispatch_id="8:1:1")
    first, second = _runner(tmp_path).answer_bulk(worker_type="many", requests=[referring, small])
    assert (first.content, first.stored) == (None, StoredContent.of(_LARGE, attempt=5))
    assert (second.content, second.stored) == (b"small", None)


def test_it_fails_one_request_of_a_bulk_alone_when_its_content_is_lost(tmp_path: Path) -> None:
    lost = replace(_REQUEST, content=b"", stored=StoredContent.of(_LARGE, attempt=4))
    small = replace(_REQUEST, content=b"small", dispatch_id="8:1:1")
    answers = _runner(tmp_path).answer_bulk(worker_type="many", requests=[lost, small])
    assert [answer.status for answer in answers] == [AnswerStatus.ERROR, AnswerStatus.SUCCESS]


def test_it_records_contents_and_no_references(tmp_path: Path) -> None:
    stored = _folder(tmp_path).keep(_LARGE, attempt=4)
    into = tmp_path / "recorded"
    _answered(tmp_path, replace(_REQUEST, content=b"", stored=stored), WORKER_RECORD_DIR=str(into))
    ((_, recorded),) = recordings(into)
    assert (recorded.request.content, recorded.answer.content) == (_LARGE, _LARGE)


def test_it_stores_nothing_for_a_manager_in_memory(tmp_path: Path) -> None:
    environment = {"REGARDS_VAR": str(tmp_path), "WORKER_STORED_CONTENT_BYTES": "12"}
    with MemoryManager(environment) as manager:
        assert manager.process("echo", content=_LARGE).content == _LARGE
    assert not (tmp_path / "storage" / ".contents").exists()
