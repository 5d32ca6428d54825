"""What a fleet does with the requests of bulk types."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk import InvalidContent, RetryLater, WorkContext, WorkResult, declare, worker_type
from workers.sdk.bulks import Bulks
from workers.sdk.config import WorkerConfig
from workers.sdk.errors import DeclarationError
from workers.sdk.runner import Runner
from workers.sdk.tracing import Tracing


class Scene(BaseModel):
    width: int


calls: list[list[int]] = []


def _double(scenes: Sequence[Scene], _context: WorkContext) -> list[Any]:
    """Return all kinds of outcomes."""
    widths = [scene.width for scene in scenes]
    calls.append(widths)
    if 13 in widths:
        raise ValueError("13")
    kinds = {0: InvalidContent("no width"), 1: RetryLater(after=5, reason="tape is busy"), 2: KeyError("two")}
    return [kinds.get(scene.width, Scene(width=2 * scene.width)) for scene in scenes]


@pytest.fixture(autouse=True)
def _nothing_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declare, "_declared", {})
    calls.clear()


def _answers(folder: Path, function: Callable[..., Any], *contents: bytes) -> list[WorkAnswer]:
    worker_type("double", version="1", bulk=10)(function)
    config = WorkerConfig.from_env({"REGARDS_VAR": str(folder)})
    runner = Runner(config=config, announce=print, tracing=Tracing(config=config))
    requests = [
        WorkRequest(tenant="t", request_id=f"r{n}", content=content, headers={}, dispatch_id=f"{n}:1:1")
        for n, content in enumerate(contents)
    ]
    return runner.answer_bulk(worker_type="double", requests=requests)


def _widths(*widths: int) -> list[bytes]:
    return [f'{{"width":{width}}}'.encode() for width in widths]


def test_each_request_has_its_own_outcome(tmp_path: Path) -> None:
    answers = _answers(tmp_path, _double, *_widths(0, 1, 2), b"no JSON", *_widths(5))
    assert calls == [[0, 1, 2, 5]]
    assert [(one.request_id, one.status, one.messages[:1]) for one in answers[:3]] == [
        ("r0", AnswerStatus.INVALID_CONTENT, ("no width",)),
        ("r1", AnswerStatus.RETRY_LATER, ("tape is busy",)),
        ("r2", AnswerStatus.ERROR, ("KeyError: 'two'",)),
    ]
    assert answers[3].status is AnswerStatus.INVALID_CONTENT
    assert (answers[4].status, answers[4].content) == (AnswerStatus.SUCCESS, b'{"width":10}')
    assert [one.dispatch_id for one in answers] == ["0:1:1", "1:1:1", "2:1:1", "3:1:1", "4:1:1"]


def test_a_call_that_fails_is_done_again_one_by_one(tmp_path: Path) -> None:
    answers = _answers(tmp_path, _double, *_widths(3, 13, 4))
    assert calls == [[3, 13, 4], [3], [13], [4]]
    assert [one.status for one in answers] == [
        AnswerStatus.SUCCESS,
        AnswerStatus.ERROR,
        AnswerStatus.SUCCESS,
    ]
    assert answers[1].messages == ("ValueError: 13",)


def _forgets(_scenes: list[Scene], _context: WorkContext) -> list[WorkResult]:
    return []


def _returns_none(_requests: list[WorkRequest], _context: WorkContext) -> None:
    return None


def _notes(_requests: list[WorkRequest], context: WorkContext) -> list[WorkResult]:
    context.checkpoint.save(1)
    return []


def _wrong(requests: list[WorkRequest], _context: WorkContext) -> list[Any]:
    return ["text" for _ in requests]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_forgets, "InvalidResult: A bulk of 1 must return a list of as many outcomes, got 0"),
        (_returns_none, "InvalidResult: A bulk of 1 must return a list of as many outcomes, got NoneType"),
        (_wrong, "InvalidResult: A worker type must return a WorkResult, not str"),
    ],
)
def test_it_answers_each_with_what_the_function_did_wrong(
    tmp_path: Path, function: Callable[..., Any], message: str
) -> None:
    answers = _answers(tmp_path, function, *_widths(1, 2))
    assert [one.messages for one in answers] == [(message,), (message,)]


@pytest.mark.parametrize("size", [0, 1001])
def test_it_refuses_a_bulk_that_is_none(size: int) -> None:
    with pytest.raises(DeclarationError, match=f"bulk must be 1 to 1000, got {size}"):
        worker_type("x", version="1", bulk=size)


def test_it_starts_what_is_there_at_the_end_of_the_turn_and_what_is_full_at_once() -> None:
    started: list[Any] = []
    ends: list[Callable[[], None]] = []
    bulks = Bulks(sizes={"double": 2}, start=started.append, soon=ends.append, more=lambda: False)
    requests: list[Any] = [_request("double") for _ in range(3)]
    assert not bulks.take(_request("single"))
    assert [bulks.take(request) for request in requests] == [True, True, True]
    assert started == [requests[0]]
    assert requests[0].companions == (requests[1],)
    for end in ends:
        end()
    assert started == [requests[0], requests[2]]
    assert requests[2].companions == ()
    assert [request.in_bulk for request in requests] == [True, True, False]


def test_it_goes_on_collecting_while_more_has_arrived_than_a_turn_could_handle() -> None:
    started: list[Any] = []
    ends: list[Callable[[], None]] = []
    more = iter([True, False])
    bulks = Bulks(sizes={"double": 9}, start=started.append, soon=ends.append, more=lambda: next(more))
    first, second = _request("double"), _request("double")
    bulks.take(first)
    ends.pop()()
    assert started == []
    bulks.take(second)
    ends.pop()()
    assert started == [first]
    assert first.companions == (second,)


def _request(worker_type: str) -> Any:
    return SimpleNamespace(work=SimpleNamespace(worker_type=worker_type), companions=None, in_bulk=False)
