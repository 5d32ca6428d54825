"""Which answers count, and what they mean."""

from dataclasses import replace

import pytest

from tests.unit.worker_manager.answers import a_worker_says
from worker_manager.answer_rules import (
    Advance,
    Dispatch,
    End,
    Failed,
    Meaning,
    Place,
    Postponed,
    Progress,
    meaning,
    named_dispatch,
    step_headers,
    why_dropped,
)
from worker_manager.policy import Failure
from worker_manager.states import AWAITING_ANSWER, RequestStatus
from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract.conditions import Condition
from workers.contract.repetition import Repeat

_WORKFLOW = Plan(steps=(PlanStep(1, "a"), PlanStep(2, "b")), workflow_type="ingest")
_SINGLE = Plan.single(worker_type="a", keep_errors=True)
_ALONE = Place(plan=_SINGLE, step_number=0)
_POOR = {"fit": "poor"}
_LOOPED = Plan(
    steps=(
        PlanStep(1, "a", repeat=Repeat(condition=Condition("fit", ("poor",)), most=2)),
        PlanStep(2, "b"),
    ),
    workflow_type="looped",
)
_NO_CONTENT = (
    'An error occurred at step 1 of the workflow "ingest". The workerResponseEvent r-1 did not return any '
    "content while it is required by the next worker. Workflow is therefore stopped at this step."
)


def _current(*, status: str = "DISPATCHED", names_its_dispatch: bool = False) -> Dispatch:
    return Dispatch(
        status=RequestStatus(status),
        dispatch_id="7:2:3",
        names_its_dispatch=names_its_dispatch,
    )


@pytest.mark.parametrize(
    "dispatch_id", [None, "", "7:2:3", "spring-42", "7:2", "7:2:3:4", "x7:2:3", "7:2:3\n"]
)
@pytest.mark.parametrize("status", sorted(AWAITING_ANSWER))
def test_it_counts_what_may_belong_to_the_current_dispatch(status: str, dispatch_id: str | None) -> None:
    assert why_dropped(a_worker_says(dispatch_id=dispatch_id), _current(status=status)) is None


@pytest.mark.parametrize("named", ["7:2:2", "7:1:3", "7:2:4", "8:2:3"])
def test_it_drops_what_answers_another_dispatch(named: str) -> None:
    reason = why_dropped(a_worker_says(dispatch_id=named), _current())
    assert reason == f"it answers dispatch {named}, the current one is 7:2:3"


@pytest.mark.parametrize("status", sorted(frozenset(RequestStatus) - AWAITING_ANSWER))
@pytest.mark.parametrize("dispatch_id", [None, "7:2:3"])
def test_it_drops_what_nobody_awaits(status: str, dispatch_id: str | None) -> None:
    reason = why_dropped(a_worker_says(dispatch_id=dispatch_id), _current(status=status))
    assert reason == f"the request awaits no answer, it is {status}"


@pytest.mark.parametrize("dispatch_id", [None, "spring-42"])
def test_it_drops_the_nameless_where_the_fleet_names_its_dispatches(dispatch_id: str | None) -> None:
    reason = why_dropped(a_worker_says(dispatch_id=dispatch_id), _current(names_its_dispatch=True))
    assert reason == "it names no dispatch, the worker of 7:2:3 would"


def test_it_counts_the_named_where_the_fleet_names_its_dispatches() -> None:
    assert why_dropped(a_worker_says(dispatch_id="7:2:3"), _current(names_its_dispatch=True)) is None


@pytest.mark.parametrize(("text", "found"), [("1:0:1", "1:0:1"), ("1:0", None), ("", None), (None, None)])
def test_it_tells_a_dispatch_id_from_other_correlation_ids(text: str | None, found: str | None) -> None:
    assert named_dispatch(text) == found


@pytest.mark.parametrize(
    ("status", "content", "plan", "step", "expected"),
    [
        ("SUCCESS", b"x", _SINGLE, 0, End(b"x")),
        ("SUCCESS", b"", _SINGLE, 0, End(b"")),
        ("SUCCESS", None, _SINGLE, 0, End(b"{}")),
        ("SUCCESS", b"x", _WORKFLOW, 1, Advance(PlanStep(2, "b"), b"x")),
        ("SUCCESS", b"", _WORKFLOW, 1, Advance(PlanStep(2, "b"), b"")),
        ("SUCCESS", None, _WORKFLOW, 1, Failed(Failure.ERROR, _NO_CONTENT)),
        ("SUCCESS", None, _WORKFLOW, 2, End(b"{}")),
        ("RUNNING", None, _SINGLE, 0, Progress(None)),
        ("ERROR", b"x", _SINGLE, 0, Failed(Failure.ERROR, None)),
        ("INVALID_CONTENT", None, _WORKFLOW, 1, Failed(Failure.INVALID_CONTENT, None)),
        ("RETRY_LATER", None, _SINGLE, 0, Postponed(0.0, None)),
        ("REDELIVERED", None, _SINGLE, 0, Failed(Failure.LOST, "the worker that had the request was lost")),
    ],
)
def test_it_reads_an_answer(
    status: str, content: bytes | None, plan: Plan, step: int, expected: Meaning
) -> None:
    place = Place(plan=plan, step_number=step)
    assert meaning(a_worker_says(status, content=content), place=place) == expected


@pytest.mark.parametrize("status", ["RUNNING", "ERROR", "INVALID_CONTENT"])
def test_it_joins_the_messages(status: str) -> None:
    said = meaning(a_worker_says(status, messages=["a", "b"]), place=_ALONE)
    assert "'a,b'" in repr(said)


def test_it_passes_on_how_long_to_wait() -> None:
    said = meaning(a_worker_says("RETRY_LATER", retry_after=2.5), place=_ALONE)
    assert said == Postponed(2.5, None)


def test_it_goes_back_in_a_loop_with_what_was_made() -> None:
    said = meaning(a_worker_says(content=b"x", headers=_POOR), place=Place(plan=_LOOPED, step_number=1))
    assert said == Advance(_LOOPED.steps[0], b"x", _POOR, 1)


def test_it_fails_for_good_when_there_are_no_more_rounds() -> None:
    place = Place(plan=_LOOPED, step_number=1, repeats=1)
    said = meaning(a_worker_says(content=b"x", headers=_POOR), place=place)
    told = (
        'Step 1 of the workflow "looped": given up after 2 rounds, as many as there may be, while still '
        "fit is one of poor"
    )
    assert said == Failed(Failure.ERROR, told, for_good=True)


def test_it_needs_content_for_another_round() -> None:
    said = meaning(a_worker_says(headers=_POOR), place=Place(plan=_LOOPED, step_number=1))
    assert isinstance(said, Failed)
    assert not said.for_good


def test_it_keeps_headers_and_looks_at_all_of_them() -> None:
    plan = replace(_LOOPED, keep_headers=True)
    place = Place(plan=plan, step_number=1, headers=_POOR | {"a": "1"})
    said = meaning(a_worker_says(content=b"x", headers={"a": "2", "regards.tenant": "x"}), place=place)
    assert said == Advance(plan.steps[0], b"x", {"fit": "poor", "a": "2"}, 1)
    last = Place(plan=plan, step_number=2, headers={"a": "1"})
    assert meaning(a_worker_says(content=b"x"), place=last) == End(b"x", {"a": "1"})


def test_it_fails_for_good_when_it_would_keep_too_many_headers() -> None:
    place = Place(plan=replace(_LOOPED, keep_headers=True), step_number=2, headers={"a": "x" * 65_536})
    said = meaning(a_worker_says(content=b"x"), place=place)
    told = 'Step 2 of the workflow "looped": additional headers are limited to 65536 bytes, got 65537'
    assert said == Failed(Failure.ERROR, told, for_good=True)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"n" * 300: "x"}, "names of additional headers are limited to 255 bytes, got 300"),
        ({"a": "x" * 200_000}, "additional headers are limited to 65536 bytes, got 200001"),
    ],
)
def test_it_fails_for_good_when_no_message_could_carry_the_headers_of_the_next_step(
    headers: dict[str, str], told: str
) -> None:
    answer = a_worker_says(content=b"x", headers=headers)
    reason = f'Step 1 of the workflow "ingest": {told}'
    first = meaning(answer, place=Place(plan=_WORKFLOW, step_number=1))
    assert first == Failed(Failure.ERROR, reason, for_good=True)
    assert meaning(answer, place=Place(plan=_WORKFLOW, step_number=2)) == End(b"x", headers)


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        (None, None),
        ({}, None),
        ({"regards.tenant": "x", "regards.anything": "y"}, None),
        ({"a": "1", "regards.request.id": "x", "regards": "2"}, {"a": "1", "regards": "2"}),
        ({"nul\0": "half \ud800"}, {"nul": "half ?"}),
    ],
)
def test_it_drops_headers_of_the_protocol(
    given: dict[str, str] | None, passed_on: dict[str, str] | None
) -> None:
    assert step_headers(a_worker_says(headers=given)) == passed_on
