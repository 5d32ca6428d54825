"""Requests that a fleet records, and that are run again."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from workers.commands.command_line import main
from workers.contract.work_answer import AnswerStatus
from workers.sdk import InvalidContent, WorkContext, WorkRequest, WorkResult, declare, worker_type
from workers.sdk.errors import ConfigurationError
from workers.sdk.memory_manager import MemoryManager
from workers.sdk.recordings import recordings


def double(request: WorkRequest, _context: WorkContext) -> WorkResult:
    if not request.content:
        raise InvalidContent("nothing to double")
    return WorkResult(content=request.content * 2, messages=("doubled",))


@pytest.fixture(autouse=True)
def _one_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declare, "_declared", {})
    worker_type("double", version="1")(double)


def _recorded(folder: Path, *contents: bytes, **variables: str) -> Path:
    """Record requests with these contents."""
    into = folder / "recorded"
    environment = {"REGARDS_VAR": str(folder), "WORKER_RECORD_DIR": str(into)}
    with MemoryManager(environment | variables) as manager:
        for content in contents:
            manager.process("double", content=content, headers={"hint": "x"}, tenant="t")
    return into


def test_it_records_a_request_as_it_came_with_its_answer(tmp_path: Path) -> None:
    folder = _recorded(tmp_path, b"\x00\xff", b"")
    (_, good), (_, bad) = recordings(folder)
    assert (good.worker_type, good.request.tenant, good.request.content) == ("double", "t", b"\x00\xff")
    assert (good.request.headers, good.request.dispatch_id) == ({"hint": "x"}, "1:1:1")
    assert (good.answer.status, good.answer.content) == (AnswerStatus.SUCCESS, b"\x00\xff\x00\xff")
    assert (bad.answer.status, bad.answer.messages) == (
        AnswerStatus.INVALID_CONTENT,
        ("nothing to double",),
    )
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_it_records_bulks_one_by_one(tmp_path: Path) -> None:
    @worker_type("many", version="1", bulk=5)
    def many(requests: list[WorkRequest], _context: WorkContext) -> list[WorkResult]:
        return [WorkResult(content=request.content) for request in requests]

    environment = {"REGARDS_VAR": str(tmp_path), "WORKER_RECORD_DIR": str(tmp_path / "recorded")}
    with MemoryManager(environment) as manager:
        manager.process_bulk(many, contents=[b"1", b"2"])
    found = [recording for _, recording in recordings(tmp_path / "recorded")]
    assert {(one.request.content, one.answer.content) for one in found} == {(b"1", b"1"), (b"2", b"2")}


def test_it_records_no_more_than_it_may(tmp_path: Path) -> None:
    assert len(list(_recorded(tmp_path, b"1", b"2", b"3", WORKER_RECORD_MOST="2").iterdir())) == 2


def test_work_goes_on_where_nothing_can_be_recorded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "recorded").write_text("a file")
    with caplog.at_level(logging.WARNING):
        _recorded(tmp_path, b"1", b"2")
    assert [record.message for record in caplog.records if "not recorded" in record.message] != []
    assert len(caplog.records) == 1


def test_a_test_replays_them(tmp_path: Path) -> None:
    folder = _recorded(tmp_path, b"ab", b"")
    with MemoryManager({"REGARDS_VAR": str(tmp_path)}) as manager:
        for _, recording in recordings(folder):
            assert recording.differences(manager.replay(recording)) == []


def test_the_command_tells_which_are_answered_in_another_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _recorded(tmp_path, b"ab", b"")
    monkeypatch.setenv("REGARDS_VAR", str(tmp_path))
    monkeypatch.setenv("WORKER_RECORD_DIR", str(folder))
    assert main(["replay", str(folder)]) == 0
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines()] == ["same", "same"]
    assert printed.err == "2 same, 0 other\n"
    monkeypatch.setattr(declare, "_declared", {})

    @worker_type("double", version="2")
    def triple(request: WorkRequest, _context: WorkContext) -> WorkResult:
        return WorkResult(content=request.content * 3)

    assert main(["replay", str(folder), "--type", "double"]) == 1
    told = capsys.readouterr().out
    assert "content: b'abab' before, b'ababab' now" in told
    assert "status: 'INVALID_CONTENT' before, 'SUCCESS' now" in told
    assert "messages: ('nothing to double',) before, () now" in told
    assert main(["replay", str(folder), "--type", "other"]) == 0
    assert len(list(folder.iterdir())) == 2


def test_json_is_compared_by_its_values(tmp_path: Path) -> None:
    folder = _recorded(tmp_path, b"1")
    (path,) = folder.iterdir()
    fields: dict[str, Any] = json.loads(path.read_text())
    fields["answer"] |= {"content": "IHsiYSI6IDF9", "messages": ["other words"]}
    path.write_text(json.dumps(fields))
    ((_, recording),) = recordings(folder)
    assert recording.answer.content == b' {"a": 1}'
    with MemoryManager({"REGARDS_VAR": str(tmp_path)}) as manager:
        assert recording.differences(manager.replay(recording)) == ["content: {'a': 1} before, 11 now"]


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "{}", '{"headers": 1}', '{"headers": {}, "content": 7}']
)
def test_it_says_which_file_is_no_recording(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ConfigurationError, match=r"x\.json is no recording of a request"):
        list(recordings(tmp_path))


def test_it_says_that_there_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path)]) == 1
    assert "holds no recordings (*.json)" in capsys.readouterr().err
