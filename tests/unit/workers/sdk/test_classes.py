"""Worker types that are classes, with something that is expensive to set up."""

import logging
from pathlib import Path

import pytest
from pydantic import BaseModel

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk import SetupContext, WorkContext, WorkResult, declare, worker_type
from workers.sdk.config import WorkerConfig
from workers.sdk.runner import Runner
from workers.sdk.testing import run_once
from workers.sdk.tracing import Tracing

events: list[str] = []


class Word(BaseModel):
    text: str


class Translator:
    """Knows a language that takes long to learn."""

    def setup(self, context: SetupContext) -> None:
        events.append(f"learn {context.secret('language')}")
        if context.storage.joinpath("closed").exists():
            raise OSError("the library is closed")

    def run(self, word: Word, context: WorkContext) -> Word:
        events.append(f"translate for {context.stopped()}")
        return Word(text=word.text[::-1])

    def teardown(self) -> None:
        events.append("forget")
        raise ValueError("not forgotten")


class Plain:
    """Has nothing to set up."""

    def run(self, request: WorkRequest, _context: WorkContext) -> WorkResult:
        return WorkResult(content=request.content)


@pytest.fixture(autouse=True)
def _nothing_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declare, "_declared", {})
    events.clear()


def _runner(folder: Path) -> Runner:
    (folder / "language").write_text("Bwrdd")
    config = WorkerConfig.from_env({"REGARDS_VAR": str(folder), "WORKER_SECRETS_DIR": str(folder)})
    config.storage.mkdir(exist_ok=True)
    return Runner(config=config, announce=print, tracing=Tracing(config=config))


def _answer(runner: Runner) -> WorkAnswer:
    request = WorkRequest(tenant="t", request_id="r", content=b'{"text": "abc"}', headers={})
    return runner.answer(worker_type="translate", request=request)


def test_it_is_set_up_once_for_all_requests_of_a_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    worker_type("translate", version="1")(Translator)
    runner = _runner(tmp_path)
    declare.close_instances()
    assert events == []
    assert [_answer(runner).content, _answer(runner).content] == [b'{"text":"cba"}'] * 2
    with caplog.at_level(logging.ERROR):
        declare.close_instances()
        declare.close_instances()
    assert events == ["learn Bwrdd", "translate for False", "translate for False", "forget"]
    assert "teardown failed" in caplog.text


def test_it_is_set_up_again_when_that_has_failed(tmp_path: Path) -> None:
    worker_type("translate", version="1")(Translator)
    runner = _runner(tmp_path)
    closed = tmp_path / "storage" / "closed"
    closed.touch()
    answer = _answer(runner)
    assert (answer.status, answer.messages) == (AnswerStatus.ERROR, ("OSError: the library is closed",))
    closed.unlink()
    assert _answer(runner).status is AnswerStatus.SUCCESS


def test_a_test_sets_it_up_and_tears_it_down() -> None:
    assert run_once(Plain, content=b"x").content == b"x"
    result = run_once(Translator, content=b'{"text": "abc"}', secrets={"language": "Welsh"})
    assert result.content == b'{"text":"cba"}'
    assert events == ["learn Welsh", "translate for False", "forget"]
