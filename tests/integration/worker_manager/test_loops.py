"""Steps are repeated while a header of the last answer says so, at most as often as they may be."""

from dataclasses import replace
from typing import Any

import pytest

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.db.transactions import transaction
from tests.factories.messages import a_submission, an_answer
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later, live_workers, the_request
from tests.fakes.engine import Engine, committing
from tests.fakes.traces import recorded
from worker_manager.models import Branch, FinishedRequest, Request, Workflow
from worker_manager.request_filter import RequestFilter
from worker_manager.services.explanation import explain
from worker_manager.services.orders import RequestOrder, Start
from worker_manager.services.request_details import describe
from worker_manager.services.retries import retry_page
from worker_manager.steps_taken import steps_taken
from worker_manager.trail import Trail
from workers.contract.work_answer import WorkAnswer

pytestmark = pytest.mark.django_db

_DETAILS = "/api/v1/rs-worker-manager/requests/r-1/details"
_POOR = {"acme.fit": "poor"}
_WHILE_POOR = {"header": "acme.fit", "in": ["poor"]}
_USED_UP = "given up after 3 rounds, as many as there may be, while still acme.fit is one of poor"


def _step(number: int, worker_type: str, **more: object) -> dict[str, Any]:
    return {"stepNumber": number, "workerType": worker_type, **more}


def _until_fit(number: int, worker_type: str, **more: object) -> dict[str, Any]:
    """Return a step that ends a loop of at most three rounds."""
    return _step(number, worker_type, repeat={"while": _WHILE_POOR, "most": 3, **more})


#: Steps 2 and 3 are repeated.
_REFINE = (_step(1, "a"), _step(2, "b"), _until_fit(3, "c", **{"from": 2}), _step(4, "d"))
#: Step 1 is repeated by itself.
_POLL = (_until_fit(1, "a"), _step(2, "b"))


def _begin(engine: Engine, *steps: dict[str, Any], protocol: str = "celery", live: str = "abcd") -> None:
    tenant = a_tenant()
    live_workers(*live, protocol=protocol)
    Workflow.objects.create(tenant=tenant, workflow_type="looped", steps=list(steps))
    engine.submit(a_submission(content_type="looped"))
    engine.forget()


def _says(status: str = "SUCCESS", **fields: Any) -> WorkAnswer:
    """Return the answer to the current dispatch."""
    return an_answer(status, dispatch_id=the_request().dispatch_id, **fields)


def _rounds(engine: Engine, count: int) -> None:
    """Go through the first step of `_REFINE` and rounds of its loop, each of which asks for another."""
    engine.answer(_says(content=b"0"))
    for number in range(1, count + 1):
        engine.answer(_says(content=f"b{number}".encode()))
        engine.answer(_says(content=f"c{number}".encode(), headers=_POOR))
    engine.forget()


def _retry(start: Start = Start.FAILED) -> None:
    request = the_request()
    order = replace(RequestOrder(wanted=RequestFilter(), last_id=request.pk), start=start)
    with committing(execute=True), transaction():
        retry_page(tenant=request.tenant, order=order, after=0, at=AT)


def _place() -> tuple[int, int, str]:
    request = the_request()
    return request.step_number, request.repeats, request.status


def test_it_repeats_a_step_with_what_it_made(engine: Engine) -> None:
    _begin(engine, *_POLL, protocol="raw")
    engine.answer(an_answer(content=b"one", headers=_POOR))
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.body) == ("regards.worker.a.request", b"one")
    assert sent.headers["acme.fit"] == "poor"
    assert (_place(), engine.states()) == ((1, 1, "DISPATCHED"), [("r-1", "GRANTED")])


def test_it_goes_on_when_the_condition_holds_no_more(engine: Engine) -> None:
    _begin(engine, *_POLL, protocol="raw")
    engine.answer(an_answer(content=b"one", headers=_POOR))
    engine.forget()
    engine.answer(an_answer(content=b"two", headers={"acme.fit": "good"}))
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.body) == ("regards.worker.b.request", b"two")
    assert _place() == (2, 0, "DISPATCHED")


def test_it_repeats_a_run_of_steps(engine: Engine) -> None:
    _begin(engine, *_REFINE)
    _rounds(engine, 1)
    assert (_place(), the_request().step_worker_type) == ((2, 1, "DISPATCHED"), "b")
    engine.answer(_says(content=b"b2"))
    assert (_place(), the_request().body) == ((3, 1, "DISPATCHED"), b"b2")
    engine.answer(_says(content=b"c2"))
    assert (_place(), the_request().body) == ((4, 0, "DISPATCHED"), b"c2")


def test_it_ends_with_a_loop(engine: Engine) -> None:
    _begin(engine, _step(1, "a"), _until_fit(2, "b", **{"from": 1}))
    engine.answer(_says(content=b"1"))
    engine.answer(_says(content=b"2"))
    assert engine.states()[-1] == ("r-1", "SUCCESS")
    assert not every(Request).exists()


def test_it_ends_in_error_after_the_last_round_that_may_be(engine: Engine) -> None:
    _begin(engine, *_REFINE)
    _rounds(engine, 2)
    engine.answer(_says(content=b"b3"))
    engine.forget()
    engine.answer(_says(content=b"c3", headers=_POOR, worker_id="w-9"))
    request = the_request()
    told = f'Step 3 of the workflow "looped": {_USED_UP}'
    assert (request.status, request.error, request.worker_id) == ("ERROR", told, "w-9")
    (response,) = engine.responses()
    assert (response.state, told in response.messages[0]) == ("ERROR", True)
    assert Trail.read(request.trail).attempts[-1].outcome == "ERROR"


def test_it_does_not_try_again_by_itself_when_the_rounds_are_used_up(engine: Engine) -> None:
    policy = {"retryOn": ["ERROR"], "maxAttempts": 5}
    _begin(engine, _step(1, "a", policy=policy, repeat={"while": _WHILE_POOR, "most": 2}))
    engine.answer(_says(content=b"1", headers=_POOR))
    engine.answer(_says(content=b"2", headers=_POOR))
    assert the_request().status == "ERROR"


def test_it_goes_on_after_the_last_round_if_it_is_to(engine: Engine) -> None:
    _begin(engine, _until_fit(1, "a", goOn=True), _step(2, "b"))
    for _ in range(3):
        engine.answer(_says(content=b"x", headers=_POOR))
    assert _place() == (2, 0, "DISPATCHED")


def test_it_ends_a_request_whose_errors_are_not_kept(engine: Engine) -> None:
    _begin(engine, *_POLL)
    plan = the_request().plan
    every(Request).update(plan={**(plan or {}), "keepErrors": False}, repeats=2)
    engine.answer(_says(content=b"x", headers=_POOR))
    assert not every(Request).exists()
    assert every(FinishedRequest).get().error == f'Step 1 of the workflow "looped": {_USED_UP}'


def test_it_takes_an_answer_once_however_often_it_comes(engine: Engine) -> None:
    _begin(engine, *_POLL)
    answer = _says(content=b"1", headers=_POOR)
    assert [drop.position for drop in engine.answer(answer, answer)] == [1]
    (dropped,) = engine.answer(answer)
    assert "it answers dispatch" in dropped.reason
    assert _place() == (1, 1, "DISPATCHED")


def test_it_stays_in_its_round_when_an_attempt_is_lost(engine: Engine) -> None:
    _begin(engine, *_REFINE)
    _rounds(engine, 1)
    engine.answer(_says("REDELIVERED"))
    assert (_place(), the_request().lost_attempts) == ((2, 1, "DISPATCHED"), 1)
    engine.answer(_says(content=b"b2"))
    assert (_place(), the_request().lost_attempts) == ((3, 1, "DISPATCHED"), 0)


def test_it_stays_in_its_round_while_it_waits(engine: Engine) -> None:
    _begin(engine, *_REFINE)
    _rounds(engine, 1)
    engine.answer(_says("RETRY_LATER", retry_after=60))
    assert _place() == (2, 1, "TO_DISPATCH")
    engine.redispatch(at=later(60))
    assert _place() == (2, 1, "NO_WORKER_AVAILABLE")
    live_workers("b", protocol="celery", at=later(60), worker_id="b-2")
    engine.redispatch(at=later(60))
    assert _place() == (2, 1, "DISPATCHED")


def test_it_is_retried_in_its_round(engine: Engine) -> None:
    _begin(engine, *_REFINE)
    _rounds(engine, 2)
    engine.answer(_says("ERROR"))
    _retry()
    assert (_place(), the_request().body) == ((2, 2, "DISPATCHED"), b"c2")
    engine.answer(_says(content=b"b3"))
    engine.answer(_says(content=b"c3"))
    assert _place() == (4, 0, "DISPATCHED")


def test_it_may_be_retried_after_the_last_round(engine: Engine) -> None:
    _begin(engine, *_POLL)
    for content in (b"1", b"2", b"3"):
        engine.answer(_says(content=content, headers=_POOR))
    _retry()
    assert (_place(), the_request().body) == ((1, 2, "DISPATCHED"), b"2")
    engine.answer(_says(content=b"4"))
    assert _place() == (2, 0, "DISPATCHED")


def test_it_starts_afresh_from_the_first_step(engine: Engine) -> None:
    _begin(engine, *_POLL)
    engine.answer(_says(content=b"1", headers=_POOR))
    engine.answer(_says("ERROR"))
    _retry(start=Start.FIRST)
    assert _place() == (1, 0, "DISPATCHED")
    assert the_request().body == b'{"file":"a.zip"}'


def test_it_goes_by_the_loop_with_which_the_request_started(engine: Engine) -> None:
    _begin(engine, *_POLL)
    with transaction():
        every(Workflow).update(steps=[_step(1, "a"), _step(2, "b")])
    engine.answer(_says(content=b"1", headers=_POOR))
    assert _place() == (1, 1, "DISPATCHED")


def test_it_looks_at_conditions_in_each_round(engine: Engine) -> None:
    only_raster = _step(2, "b", onlyIf={"header": "acme.kind", "in": ["raster"]})
    _begin(engine, _step(1, "a"), only_raster, _until_fit(3, "c", **{"from": 2}))
    engine.answer(_says(content=b"1"))
    assert _place() == (3, 0, "DISPATCHED")
    engine.answer(_says(content=b"2", headers=_POOR | {"acme.kind": "raster"}))
    assert _place() == (2, 1, "DISPATCHED")
    engine.answer(_says(content=b"3"))
    engine.answer(_says(content=b"4", headers=_POOR))
    assert _place() == (3, 2, "DISPATCHED")
    states = [step.state for step in describe(tenant=the_request().tenant, request_id="r-1", at=AT).steps]
    assert states == ["DONE", "LEFT_OUT", "CURRENT"]


def test_it_repeats_a_parallel_step(engine: Engine) -> None:
    both = {"stepNumber": 1, "workerTypes": ["a", "b"], "contentTypeOutput": "both"}
    _begin(engine, both, _until_fit(2, "c", **{"from": 1}), _step(3, "d"))
    for _ in range(2):
        for branch in list(every(Branch).order_by("position")):
            dispatch_id = f"{branch.request_id}:1:{branch.attempt}"
            engine.answer(an_answer(content=b"1", dispatch_id=dispatch_id))
        assert the_request().body == b'{"contents":[1,1]}'
        engine.answer(_says(content=b"{}", headers=_POOR))
    assert _place() == (1, 2, "DISPATCHED")
    assert [branch.status for branch in every(Branch)] == ["DISPATCHED"] * 2
    assert [attempt.repeats for attempt in Trail.read(the_request().trail).attempts] == [0, 0, 0, 1, 1, 1]


def test_it_tells_the_round_wherever_it_tells_of_a_request(engine: Engine) -> None:
    _begin(engine, *_REFINE)
    _rounds(engine, 1)
    found = client_as(Role.EXPLOIT, tenant="demo").get(_DETAILS).json()["content"]
    assert (found["stepNumber"], found["round"]) == (2, 2)
    told = "steps 2 to 3, while acme.fit is one of poor, at most 3 rounds"
    planned = [(step["state"], step.get("repeated"), step.get("round")) for step in found["plan"]]
    assert planned == [
        ("DONE", None, None),
        ("CURRENT", told, 2),
        ("AHEAD", told, None),
        ("AHEAD", None, None),
    ]
    assert [(step["stepNumber"], step.get("round")) for step in found["steps"]] == [
        (1, None),
        (2, 2),
        (3, None),
    ]
    assert [attempt.get("round") for attempt in found["trail"]] == [None, None, None, 2]
    reason = explain(tenant=the_request().tenant, request_id="r-1", at=AT).reasons[-1]
    assert reason.to_json() == {
        "code": "IN_LOOP",
        "text": "Round 2 of at most 3 of steps 2 to 3, repeated while acme.fit is one of poor",
        "facts": {
            "fromStep": 2,
            "toStep": 3,
            "round": 2,
            "mostRounds": 3,
            "condition": "acme.fit is one of poor",
        },
    }


def test_the_history_remembers_the_rounds(engine: Engine) -> None:
    _begin(engine, *_POLL)
    engine.answer(_says(content=b"1", headers=_POOR))
    engine.answer(_says(content=b"2"))
    engine.answer(_says(content=b"3"))
    finished = every(FinishedRequest).get()
    taken = [(step.number, step.repeats) for step in steps_taken(Trail.read(finished.trail))]
    assert (finished.attempts, taken) == (3, [(1, 1), (2, 0)])


def test_each_round_has_its_span(engine: Engine) -> None:
    with recorded() as traces:
        _begin(engine, *_POLL)
        engine.answer(_says(content=b"1", headers=_POOR))
        engine.answer(_says(content=b"2"))
    assert [(span.name, span.status, span.failed) for span in traces.spans] == [
        ("dispatch a", "SUCCESS", False),
        ("dispatch a", "SUCCESS", False),
    ]
