"""Whatever a worker type raises or returns, its request is answered."""

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk import InvalidContent, RetryLater, WorkContext, WorkResult, declare, process, worker_type
from workers.sdk.config import WorkerConfig
from workers.sdk.errors import InvalidDelay
from workers.sdk.runner import Runner
from workers.sdk.testing import run_once
from workers.sdk.tracing import Tracing


class Speechless(Exception):
    def __str__(self) -> str:
        raise LookupError("no words")

    __repr__ = __str__


class Halved(InvalidContent):
    def __init__(self) -> None:
        """Leave out what the class it derives from needs."""


UNSPEAKABLE = "Speechless, whose text cannot be told (LookupError)"
NOT_AS_OURS = "Halved, whose text cannot be told (AttributeError)"


def _wrong_delay(after: Any) -> Callable[[], Exception]:
    return lambda: RetryLater(after, "tape is busy")


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(declare, "_declared", {})
    config = WorkerConfig.from_env({"REGARDS_VAR": str(tmp_path)})
    monkeypatch.setattr(
        process, "_runner", Runner(config=config, announce=print, tracing=Tracing(config=config))
    )


def _request(number: int = 1) -> WorkRequest:
    return WorkRequest(
        tenant="t", request_id=f"r{number}", content=b"", headers={}, dispatch_id=f"{number}:1:1"
    )


def _answer(make: Callable[[], Exception]) -> WorkAnswer:
    @worker_type("raises", version="1")
    def _raise(_request: WorkRequest, _context: WorkContext) -> WorkResult:
        raise make()

    return process.run_managed("raises", _request())


@pytest.mark.parametrize(
    ("make", "status", "messages"),
    [
        (
            lambda: InvalidContent(KeyError("width")),
            AnswerStatus.INVALID_CONTENT,
            ("'width'",),
        ),
        (lambda: InvalidContent("x", None, 3), AnswerStatus.INVALID_CONTENT, ("x", "None", "3")),
        (lambda: RetryLater(5, OSError("busy")), AnswerStatus.RETRY_LATER, ("busy",)),
        (Speechless, AnswerStatus.ERROR, (UNSPEAKABLE,)),
        (lambda: InvalidContent(Speechless()), AnswerStatus.ERROR, ("LookupError: no words",)),
        (Halved, AnswerStatus.ERROR, (NOT_AS_OURS,)),
        (
            _wrong_delay("soon"),
            AnswerStatus.ERROR,
            ("InvalidDelay: RetryLater takes a finite number of seconds, got 'soon'",),
        ),
        (
            _wrong_delay(math.inf),
            AnswerStatus.ERROR,
            ("InvalidDelay: RetryLater takes a finite number of seconds, got inf",),
        ),
    ],
)
def test_it_answers_whatever_a_function_raises(
    make: Callable[[], Exception], status: AnswerStatus, messages: tuple[str, ...]
) -> None:
    answer = _answer(make)
    assert (answer.status, answer.messages, answer.dispatch_id) == (status, messages, "1:1:1")
    assert answer.to_wire().body


def test_it_answers_each_request_of_a_bulk_for_itself() -> None:
    calls: list[int] = []

    @worker_type("raises", version="1", bulk=9)
    def _outcomes(requests: list[WorkRequest], _context: WorkContext) -> list[Any]:
        calls.append(len(requests))
        return [Speechless(), WorkResult(content=b"done"), Halved(), InvalidContent("x", None)]

    answers = process.run_managed_bulk("raises", [_request(number) for number in range(4)])
    assert calls == [4]
    assert [(answer.status, answer.messages) for answer in answers] == [
        (AnswerStatus.ERROR, (UNSPEAKABLE,)),
        (AnswerStatus.SUCCESS, ()),
        (AnswerStatus.ERROR, (NOT_AS_OURS,)),
        (AnswerStatus.INVALID_CONTENT, ("x", "None")),
    ]


def test_a_bulk_that_fails_without_a_word_is_done_one_by_one() -> None:
    @worker_type("raises", version="1", bulk=9)
    def _raise(_requests: list[WorkRequest], _context: WorkContext) -> list[Any]:
        raise Speechless

    answers = process.run_managed_bulk("raises", [_request(number) for number in range(2)])
    assert [answer.messages for answer in answers] == [(UNSPEAKABLE,), (UNSPEAKABLE,)]


@pytest.mark.parametrize("run", ["run_managed", "run_managed_bulk"])
def test_it_answers_and_logs_once_what_fails_beside_the_function(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, run: str
) -> None:
    def _broken(*_args: object, **_kwargs: object) -> None:
        raise OSError("disk gone")

    runner = process.runner()
    monkeypatch.setattr(runner, "answer", _broken)
    monkeypatch.setattr(runner, "answer_bulk", _broken)
    requests = {"run_managed": _request(), "run_managed_bulk": [_request(1), _request(2)]}[run]
    with caplog.at_level(logging.ERROR):
        found: Any = getattr(process, run)("raises", requests)
    answers = {"run_managed": [found], "run_managed_bulk": found}[run]
    assert {(one.status, one.messages) for one in answers} == {(AnswerStatus.ERROR, ("OSError: disk gone",))}
    assert [record.message for record in caplog.records] == ["run failed outside the worker type"]


@pytest.mark.parametrize("after", [math.nan, -math.inf, "soon", None, 10**400])
def test_a_test_meets_a_delay_that_is_none(after: Any) -> None:
    def work(_request: WorkRequest, _context: WorkContext) -> WorkResult:
        raise RetryLater(after, reason="tape is busy")

    with pytest.raises(InvalidDelay, match="takes a finite number of seconds, got"):
        run_once(work)


def test_a_delay_may_be_the_text_of_a_number() -> None:
    assert RetryLater("2.5", reason="as a server said").after == 2.5  # type: ignore[arg-type]
