"""Why a request is where it is."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.situations import SINGLE, WORKFLOW, a_situation
from tests.factories.worker_manager import AT, later
from worker_manager.policy import Failure, Policy
from worker_manager.reasons import OF_WORKFLOW, Reason, ReasonCode, Situation, reasons
from worker_manager.states import FINAL, RequestStatus
from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract.conditions import Condition
from workers.contract.repetition import Repeat

_C = ReasonCode
_SECOND, _LAST = WORKFLOW.steps[1:]
_IMPATIENT = PlanStep.of(0, "unzip-worker", [Policy(max_attempts=2)])
_LOOPED = Plan(
    steps=(
        PlanStep(1, "unzip-worker"),
        PlanStep(
            2,
            "sip-worker",
            repeat=Repeat(condition=Condition("acme.fit", ("poor",)), most=7, back_to=1),
        ),
        PlanStep(3, "store-worker"),
    ),
    workflow_type="looped",
)
_TYPES = ["unzip-worker", "sip-worker", "store-worker"]
_FULL: Mapping[str, Any] = {"limit": 4, "in_flight": 4, "has_place": False}


def _codes(situation: Situation) -> list[ReasonCode]:
    return [reason.code for reason in reasons(situation=situation)]


@pytest.mark.parametrize(
    ("status", "facts", "codes"),
    [
        ("NO_WORKER_AVAILABLE", {}, [_C.AWAITING_SWEEP]),
        ("NO_WORKER_AVAILABLE", {"live": ()}, [_C.NO_LIVE_WORKER]),
        ("NO_WORKER_AVAILABLE", {"plan": None, "step": None}, [_C.NO_CONFIGURATION]),
        ("NO_WORKER_AVAILABLE", {"step": None}, [_C.INCONSISTENT]),
        ("NO_WORKER_AVAILABLE", {"tenant_active": False}, [_C.TENANT_INACTIVE]),
        (
            "NO_WORKER_AVAILABLE",
            {"tenant_active": False, "live": ()},
            [_C.TENANT_INACTIVE, _C.NO_LIVE_WORKER],
        ),
        ("NO_WORKER_AVAILABLE", {"plan": WORKFLOW, "step": _LAST}, [_C.NO_LIVE_WORKER]),
        ("NO_WORKER_AVAILABLE", {"plan": WORKFLOW, "step": _SECOND}, [_C.NO_LIVE_WORKER, _C.EARLIER_STEP]),
        ("TO_DISPATCH", {"due_at": later(1)}, [_C.DUE_LATER]),
        ("TO_DISPATCH", {"due_at": later(1), "live": ()}, [_C.DUE_LATER, _C.NO_LIVE_WORKER]),
        ("TO_DISPATCH", {"due_at": AT}, [_C.AWAITING_SWEEP]),
        ("TO_DISPATCH", {"due_at": AT, "live": ()}, [_C.NO_LIVE_WORKER]),
        ("TO_DISPATCH", {}, [_C.AWAITING_SWEEP]),
        ("TO_DISPATCH", _FULL, [_C.IN_FLIGHT_LIMIT]),
        ("TO_DISPATCH", {**_FULL, "due_at": later(5)}, [_C.DUE_LATER, _C.IN_FLIGHT_LIMIT]),
        ("NO_WORKER_AVAILABLE", _FULL, [_C.IN_FLIGHT_LIMIT]),
        ("DISPATCHED", {}, [_C.AWAITING_WORKER]),
        ("DISPATCHED", {"live": ()}, [_C.AWAITING_WORKER, _C.NO_LIVE_WORKER]),
        ("RUNNING", {}, [_C.RUNNING]),
        ("RUNNING", {"worker_id": "w-1", "worker_beat": later(-59)}, [_C.RUNNING]),
        ("RUNNING", {"worker_id": "w-1", "worker_beat": later(-60)}, [_C.RUNNING, _C.WORKER_SILENT]),
        ("RUNNING", {"worker_id": "w-1"}, [_C.RUNNING, _C.WORKER_SILENT]),
        ("ERROR", {}, [_C.UP_TO_OPERATOR]),
        ("INVALID_CONTENT", {"tenant_active": False}, [_C.TENANT_INACTIVE, _C.UP_TO_OPERATOR]),
        ("SUCCESS", {}, []),
        ("TO_DELETE", {"tenant_active": False}, []),
    ],
)
def test_it_names_the_reasons(status: str, facts: dict[str, Any], codes: list[ReasonCode]) -> None:
    assert _codes(a_situation(status, **facts)) == codes


@pytest.mark.parametrize(
    ("status", "facts", "text"),
    [
        (
            "NO_WORKER_AVAILABLE",
            {"plan": None, "step": None, "content_type": "noise"},
            "Nothing is configured for content type noise",
        ),
        ("NO_WORKER_AVAILABLE", {"live": ()}, "No live worker of type unzip-worker: none was heard of late"),
        (
            "NO_WORKER_AVAILABLE",
            {"live": (), "type_beat": later(-90)},
            "No live worker of type unzip-worker: the last one was heard at 2025-06-01T11:58:30Z",
        ),
        (
            "TO_DISPATCH",
            {"due_at": later(30), "error": "disk full"},
            "Its next attempt is due at 2025-06-01T12:00:30Z: disk full",
        ),
        (
            "TO_DISPATCH",
            {"due_at": later(30)},
            "Its next attempt is due at 2025-06-01T12:00:30Z: the worker asked to retry later",
        ),
        (
            "TO_DISPATCH",
            {"due_at": later(30), "error": "disk full", "failure": "ERROR", "failed": 2},
            "Attempt 2 of 5 ended in ERROR, the next is due at 2025-06-01T12:00:30Z: disk full",
        ),
        (
            "TO_DISPATCH",
            {"due_at": later(30), "failure": "LOST", "failed": 1, "step": _IMPATIENT},
            "Attempt 1 of 2 ended in LOST, the next is due at 2025-06-01T12:00:30Z: no reason was given",
        ),
        (
            "DISPATCHED",
            {"attempt": 2, "deadline_at": later(7)},
            (
                "In the queue of worker type unzip-worker since 2025-06-01T12:00:00Z, attempt 2; "
                "the watchdog acts after 2025-06-01T12:00:07Z"
            ),
        ),
        (
            "DISPATCHED",
            {"attempt": 2},
            (
                "In the queue of worker type unzip-worker since 2025-06-01T12:00:00Z, attempt 2; "
                "the watchdog acts after 2025-06-01T12:05:00Z"
            ),
        ),
        (
            "ERROR",
            {"error": "disk full"},
            "It ended in ERROR: disk full. It is kept until an operator retries or deletes it",
        ),
    ],
)
def test_it_tells_people(status: str, facts: dict[str, Any], text: str) -> None:
    assert reasons(situation=a_situation(status, **facts))[0].text == text


def test_it_counts_the_steps() -> None:
    situation = a_situation("DISPATCHED", plan=WORKFLOW, step=_SECOND, worker_type="sip-worker", live=_TYPES)
    assert reasons(situation=situation)[-1].to_json() == {
        "code": "EARLIER_STEP",
        "text": "Step 2 of 3, worker type sip-worker, comes first; it is followed by store-worker",
        "facts": {
            "workflowType": "ingest",
            "stepNumber": 20,
            "position": 2,
            "steps": 3,
            "workerType": "sip-worker",
            "following": ["store-worker"],
        },
    }


def test_it_counts_the_rounds() -> None:
    step = _LOOPED.steps[1]
    found = reasons(situation=a_situation("DISPATCHED", plan=_LOOPED, step=step, repeats=2, live=_TYPES))
    assert [reason.code for reason in found] == [_C.AWAITING_WORKER, _C.EARLIER_STEP, _C.IN_LOOP]
    assert found[-1].to_json() == {
        "code": "IN_LOOP",
        "text": "Round 3 of at most 7 of steps 1 to 2, repeated while acme.fit is one of poor",
        "facts": {
            "fromStep": 1,
            "toStep": 2,
            "round": 3,
            "mostRounds": 7,
            "condition": "acme.fit is one of poor",
        },
    }


@pytest.mark.parametrize(
    ("facts", "watchdog"),
    [
        ({}, later(1000)),
        ({"deadline_at": later(30)}, later(30)),
        ({"worker_id": "w-1", "worker_beat": AT}, later(1000)),
        ({"worker_id": "w-1", "worker_beat": later(-100), "deadline_at": later(30)}, later(30)),
        ({"worker_id": "w-1", "worker_beat": later(-100)}, later(60)),
        # While nobody is heard, the managers may be deaf: the watchdog waits.
        ({"worker_id": "w-1", "worker_beat": later(-100), "hearing_since": None}, later(1000)),
        # As long as others must be heard, once they are.
        ({"worker_id": "w-1", "worker_beat": later(-100), "hearing_since": later(7)}, later(67)),
        ({"worker_id": "w-1", "worker_beat": later(-100), "hearing_since": later(-7)}, later(60)),
    ],
)
def test_it_says_when_the_watchdog_loses_patience(facts: dict[str, Any], watchdog: Any) -> None:
    (running, *_) = reasons(situation=a_situation("RUNNING", **facts))
    assert running.facts["watchdogAt"] == f"{watchdog:%Y-%m-%dT%H:%M:%SZ}"


_TIMES = st.integers(-2000, 2000).map(later)
_STEPS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"plan": None, "step": None},
        {"plan": SINGLE, "step": SINGLE.first},
        *(
            {"plan": plan, "step": step, "step_number": step.number}
            for plan in (WORKFLOW, _LOOPED)
            for step in plan.steps
        ),
    ]
)
_LOST: st.SearchStrategy[dict[str, Any]] = st.just({"plan": WORKFLOW, "step": None, "step_number": 7})


@st.composite
def _situations(draw: st.DrawFn, *, steps: st.SearchStrategy[dict[str, Any]] = _STEPS) -> Situation:
    return a_situation(
        draw(st.sampled_from(RequestStatus)),
        tenant_active=draw(st.booleans()),
        failed=draw(st.integers(0, 3)),
        failure=draw(st.none() | st.sampled_from(Failure)),
        error=draw(st.none() | st.text()),
        worker_type=draw(st.none() | st.sampled_from(_TYPES)),
        worker_id=draw(st.none() | st.just("w-1")),
        due_at=draw(_TIMES),
        moved_at=draw(_TIMES),
        deadline_at=draw(st.none() | _TIMES),
        live=draw(st.sets(st.sampled_from(_TYPES))),
        type_beat=draw(st.none() | _TIMES),
        worker_beat=draw(st.none() | _TIMES),
        hearing_since=draw(st.none() | _TIMES),
        **draw(steps),
    )


@given(situation=_situations(steps=_STEPS | _LOST), due=st.booleans())
def test_it_has_a_reason_for_every_request_that_has_not_ended(situation: Situation, *, due: bool) -> None:
    found = reasons(situation=replace(situation, due_at=situation.due_at if due else None))
    blocking = [reason for reason in found if reason.code not in OF_WORKFLOW]
    assert bool(blocking) == (situation.status not in FINAL)


@given(situation=_situations(steps=_STEPS | _LOST))
def test_it_writes_every_fact_as_json(situation: Situation) -> None:
    written = [reason.to_json() for reason in reasons(situation=situation)]
    assert json.loads(json.dumps(written)) == written


def test_it_tells_where_a_content_is_that_does_not_travel() -> None:
    stored = a_situation("DISPATCHED", content_size=7, content_place=".contents/a/1/2-b")
    found = reasons(situation=stored)
    assert [reason.code for reason in found] == [_C.AWAITING_WORKER, _C.CONTENT_STORED]
    assert found[-1].to_json() == {
        "code": "CONTENT_STORED",
        "text": "Its step gets 7 bytes, which are in .contents/a/1/2-b of the shared storage",
        "facts": {"size": 7, "place": ".contents/a/1/2-b"},
    }


def _live(situation: Situation, reason: Reason) -> Situation:
    return replace(situation, live={*situation.live, reason.facts["workerType"]})


def _configured(situation: Situation, _reason: Reason) -> Situation:
    return replace(situation, plan=SINGLE, step=PlanStep(0, "unzip-worker"))


def _due(situation: Situation, _reason: Reason) -> Situation:
    return replace(situation, at=situation.due_at or situation.at)


def _active(situation: Situation, _reason: Reason) -> Situation:
    return replace(situation, tenant_active=True)


def _same(situation: Situation, _reason: Reason) -> Situation:
    return situation


_REMEDIES: Mapping[ReasonCode, Callable[[Situation, Reason], Situation]] = {
    _C.NO_LIVE_WORKER: _live,
    _C.NO_CONFIGURATION: _configured,
    _C.DUE_LATER: _due,
    _C.TENANT_INACTIVE: _active,
    _C.AWAITING_SWEEP: _same,
    _C.EARLIER_STEP: _same,
    _C.IN_LOOP: _same,
    _C.CONTENT_STORED: _same,
}


@given(situation=_situations(), status=st.sampled_from(["TO_DISPATCH", "NO_WORKER_AVAILABLE"]))
def test_it_leaves_a_waiting_request_nothing_but_the_sweep_once_the_reasons_are_gone(
    situation: Situation, status: str
) -> None:
    situation = replace(situation, status=RequestStatus(status))
    # Twice: what was not configured may have no live worker either.
    for _ in range(2):
        for reason in reasons(situation=situation):
            situation = _REMEDIES[reason.code](situation, reason)
    assert _codes(situation)[0] == _C.AWAITING_SWEEP
    assert set(_codes(situation)[1:]) <= OF_WORKFLOW
