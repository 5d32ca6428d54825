"""Requests that go through worker types and workflows with no broker, by the manager in memory."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from workers.contract.work_answer import AnswerStatus
from workers.sdk import (
    InvalidContent,
    RetryLater,
    SetupContext,
    WorkContext,
    WorkRequest,
    WorkResult,
    declare,
    worker_type,
)
from workers.sdk.errors import DeclarationError, UnknownWorkerType
from workers.sdk.loading import load_types
from workers.sdk.memory_manager import MemoryManager
from workers.sdk.workflows import Condition, Workflow, chain, group, repeat, step


class Words(BaseModel):
    words: list[str]


def split(request: WorkRequest, context: WorkContext) -> WorkResult:
    context.progress("splitting", 50)
    return WorkResult.json({"words": request.content.decode().split()}, additional_headers={"by": "split"})


def count(words: Words, _context: WorkContext) -> WorkResult:
    return WorkResult.json(len(words.words), additional_headers={"by": "count"})


def shout(words: Words, _context: WorkContext) -> Words:
    return Words(words=[word.upper() for word in words.words])


def tell(request: WorkRequest, _context: WorkContext) -> WorkResult:
    return WorkResult.json([json.loads(request.content), dict(request.headers), request.dispatch_id])


def grow(request: WorkRequest, _context: WorkContext) -> WorkResult:
    content = request.content + b"+"
    return WorkResult(content=content, additional_headers={"fit": "poor" if len(content) < 4 else "good"})


def label(request: WorkRequest, _context: WorkContext) -> WorkResult:
    return WorkResult(content=request.content, additional_headers={"label": "x" * 40_000})


def stamp(request: WorkRequest, _context: WorkContext) -> WorkResult:
    return WorkResult(content=request.content, additional_headers={"stamp": "x" * 40_000})


def busy(request: WorkRequest, _context: WorkContext) -> WorkResult:
    if request.dispatch_id in {"1:1:3", "2:1:1"}:
        return WorkResult(content=str(request.dispatch_id).encode())
    raise RetryLater(after=3600, reason="tape is busy")


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryManager]:
    load_types(types=["digest"], modules=[])
    monkeypatch.setattr(declare, "_declared", {"digest": declare.find("digest")})
    for function in (split, count, shout, tell, grow, label, stamp):
        worker_type(function.__name__, version="1")(function)
    with MemoryManager({"REGARDS_VAR": str(tmp_path)}) as playing:
        yield playing


def test_it_takes_a_request_through_a_worker_type(manager: MemoryManager) -> None:
    answer = manager.process(split, content=b"good morning", request_id="r-1", tenant="t")
    assert (answer.status, answer.request_id, answer.tenant) == (AnswerStatus.SUCCESS, "r-1", "t")
    assert answer.content == b'{"words":["good","morning"]}'
    assert answer.additional_headers == {"by": "split"}
    assert [(one.status, one.messages) for one in manager.answers] == [
        (AnswerStatus.RUNNING, ("50 %: splitting",)),
        (AnswerStatus.SUCCESS, ()),
    ]


def test_it_pipes_content_and_headers_through_a_workflow(manager: MemoryManager) -> None:
    workflow = Workflow("loud", chain(step(split), step("shout"), step("tell")))
    answer = manager.process(workflow, content=b"good morning")
    assert json.loads(answer.content or b"") == [{"words": ["GOOD", "MORNING"]}, {}, "1:3:1"]


def test_it_gathers_what_parallel_steps_make(manager: MemoryManager) -> None:
    workflow = Workflow("wide", chain(step(split), group(step("shout"), step("count")), step("tell")))
    answer = manager.process(workflow, content=b"good morning")
    content, headers, _ = json.loads(answer.content or b"")
    assert content == {"contents": [{"words": ["GOOD", "MORNING"]}, 2]}
    assert headers == {"by": "count"}
    assert [one.dispatch_id for one in manager.answers if one.status is AnswerStatus.SUCCESS] == [
        "1:1:1",
        "1:2:1:1",
        "1:2:2:1",
        "1:3:1",
    ]


def test_it_leaves_out_a_step_whose_condition_does_not_hold(manager: MemoryManager) -> None:
    by_split, by_nobody = Condition("by", ("split",)), Condition("by", ("nobody",))
    workflow = Workflow(
        "choosy",
        chain(step(split), step("count", only_if=by_nobody), step("tell", only_if=by_split)),
    )
    answer = manager.process(workflow, content=b"a b")
    assert json.loads(answer.content or b"") == [{"words": ["a", "b"]}, {"by": "split"}, "1:3:1"]
    ending = Workflow("ending", chain(step(split), step("tell", only_if=by_nobody)))
    assert manager.process(ending, content=b"a b").content == b'{"words":["a","b"]}'
    with pytest.raises(DeclarationError, match="the first step is always taken"):
        manager.process(Workflow("hasty", step("tell", only_if=by_split)))


_POOR = Condition("fit", ("poor",))


def test_it_goes_round_in_loops(manager: MemoryManager) -> None:
    alone = Workflow("alone", repeat(step("grow"), while_=_POOR, most=9))
    assert manager.process(alone, content=b"x").content == b"x+++"
    assert [one.dispatch_id for one in manager.answers] == ["1:1:1", "1:1:4", "1:1:7"]
    both = Workflow("both", repeat(step("grow"), step("grow"), while_=_POOR, most=9))
    assert manager.process(both, content=b"").content == b"++++"
    mild = Workflow("mild", chain(repeat(step("grow"), while_=_POOR, most=2, go_on=True), step("grow")))
    assert manager.process(mild, content=b"").content == b"+++"


def test_it_fails_after_the_last_round_that_may_be(manager: MemoryManager) -> None:
    answer = manager.process(Workflow("odd", repeat(step("grow"), while_=_POOR, most=2)), content=b"")
    assert (answer.status, answer.content) == (AnswerStatus.ERROR, None)
    assert answer.messages == (
        "given up after 2 rounds, as many as there may be, while still fit is one of poor",
    )


def test_it_keeps_headers_if_the_workflow_does(manager: MemoryManager) -> None:
    steps = chain(step("grow"), step(split), step("count"))
    kept = manager.process(Workflow("all", steps, keep_headers=True), content=b"a b")
    assert (kept.additional_headers, kept.content) == ({"fit": "good", "by": "count"}, b"2")
    assert manager.process(Workflow("last", steps), content=b"a b").additional_headers == {"by": "count"}


def test_it_fails_where_no_message_could_carry_the_headers_of_the_next_step(manager: MemoryManager) -> None:
    both = group(step("label"), step("stamp"))
    answer = manager.process(Workflow("long", chain(both, step("grow"))), content=b"{}")
    assert answer.status is AnswerStatus.ERROR
    assert answer.messages == ("additional headers are limited to 65536 bytes, got 80010",)
    assert manager.process(Workflow("last", chain(both)), content=b"{}").status is AnswerStatus.SUCCESS


def test_it_ends_a_workflow_at_the_first_step_that_fails(manager: MemoryManager) -> None:
    workflow = Workflow("odd", chain(step("count"), step("tell")))
    answer = manager.process(workflow, content=b'{"words": 1}')
    assert answer.status is AnswerStatus.INVALID_CONTENT
    assert answer.messages == ("words: Input should be a valid array, got 1",)
    parallel = Workflow("wide", chain(group(step("tell"), step("count")), step("tell")))
    assert manager.process(parallel, content=b"{}").messages == ("words: Field required",)


def test_it_tries_again_what_asks_for_another_time(manager: MemoryManager) -> None:
    worker_type("busy", version="1")(busy)
    assert manager.process("busy").content == b"1:1:3"
    assert manager.process("busy").content == b"2:1:1"
    last = manager.process("busy")
    assert (last.status, last.retry_after, last.dispatch_id) == (AnswerStatus.RETRY_LATER, 3600, "3:1:3")


def test_it_sends_bulks(manager: MemoryManager) -> None:
    @worker_type("measure", version="1", bulk=10)
    def measure(requests: list[WorkRequest], _context: WorkContext) -> list[WorkResult | Exception]:
        sizes = [len(request.content) for request in requests]
        return [WorkResult.json([size, len(sizes)]) if size else InvalidContent("empty") for size in sizes]

    manager.process(split, content=b"a")
    answers = manager.process_bulk(measure, contents=[b"abc", b"", b"a"])
    assert [one.content for one in answers] == [b"[3,3]", None, b"[1,3]"]
    assert [one.status.value for one in answers] == ["SUCCESS", "INVALID_CONTENT", "SUCCESS"]
    assert [one.request_id for one in answers] == ["request-2", "request-3", "request-4"]


def test_it_sets_classes_up_once_and_tears_them_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declare, "_declared", {})
    events: list[str] = []

    @worker_type("held", version="1")
    class Holding:
        def setup(self, context: SetupContext) -> None:
            events.append(f"set up with {context.secret('key')}")

        def run(self, _request: WorkRequest, _context: WorkContext) -> WorkResult:
            return WorkResult()

        def teardown(self) -> None:
            events.append("torn down")

    (tmp_path / "key").write_text("sesame")
    with MemoryManager({"REGARDS_VAR": str(tmp_path), "WORKER_SECRETS_DIR": str(tmp_path)}) as manager:
        statuses = {manager.process(Holding).status for _ in range(2)}
    assert statuses == {AnswerStatus.SUCCESS}
    assert events == ["set up with sesame", "torn down"]


def test_it_knows_the_built_in_types_and_no_others(manager: MemoryManager, tmp_path: Path) -> None:
    delivered = tmp_path / "storage" / "default"
    delivered.mkdir(parents=True)
    (delivered / "a.txt").write_bytes(b"abc")
    answer = manager.process("digest", content=json.dumps({"url": str(delivered / "a.txt")}).encode())
    assert b"ba7816bf" in (answer.content or b"")
    with pytest.raises(UnknownWorkerType, match="Unknown worker type 'nothing'; known: "):
        manager.process("nothing")
    with pytest.raises(DeclarationError, match="declares no worker type"):
        manager.process(len)
