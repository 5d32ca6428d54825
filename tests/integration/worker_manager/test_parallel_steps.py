"""The members of a parallel step work for a request at once, each by itself; the request goes on with all."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.db.transactions import transaction
from tests.factories.messages import a_beat, a_dead_letter, a_submission, an_answer
from tests.factories.rows import every
from tests.factories.worker_manager import (
    AT,
    a_tenant,
    a_worker_type,
    a_workflow,
    later,
    live_workers,
    the_request,
)
from tests.fakes.engine import Engine, committing
from worker_manager.models import Branch, FinishedRequest, Request, WorkerInstance
from worker_manager.request_filter import RequestFilter
from worker_manager.services.cancellation import cancel_page
from worker_manager.services.deletion import delete_page
from worker_manager.services.explanation import explain
from worker_manager.services.orders import RequestOrder, Start
from worker_manager.services.retries import retry_page
from workers.contract.work_answer import WorkAnswer

pytestmark = pytest.mark.django_db

_numbers = itertools.count()
_STEPS: dict[int, str | tuple[str, ...]] = {1: "a", 2: ("b", "c"), 3: "d"}


def _wide(engine: Engine, *, live: Sequence[str] = "abcd", protocol: str = "celery") -> None:
    """Bring the request ``r-1`` to the parallel step 2 of three."""
    a_workflow(a_tenant(), workflow_type="wide", steps=_STEPS)
    live_workers(*live, protocol=protocol)
    engine.submit(a_submission(content_type="wide"))
    engine.answer(_of("a", content=b"<a/>", headers={"from": "a"}))
    engine.forget()


def _of(worker_type: str, status: str = "SUCCESS", **fields: object) -> WorkAnswer:
    """Return the answer to the current dispatch of the request to a worker type."""
    branch = every(Branch).filter(step_worker_type=worker_type).first()
    request = the_request()
    attempt = branch.attempt if branch else request.attempt
    dispatch_id = f"{request.pk}:{request.step_number}:{attempt}"
    return an_answer(status, dispatch_id=dispatch_id, **fields)  # type: ignore[arg-type]


def _statuses() -> dict[str, str]:
    return dict(every(Branch).order_by("position").values_list("step_worker_type", "status"))


def _types(sent: Sequence[Outbound]) -> list[str | None]:
    return [message.worker_type for message in sent]


def _order(request: Request) -> RequestOrder:
    return RequestOrder(wanted=RequestFilter(), last_id=request.pk)


def _retry(start: Start = Start.FAILED) -> None:
    request = the_request()
    order = replace(_order(request), start=start)
    with committing(execute=True), transaction():
        retry_page(tenant=request.tenant, order=order, after=0, at=AT)


def test_it_sends_the_same_to_every_member_and_grants_once(engine: Engine) -> None:
    a_workflow(a_tenant(), workflow_type="wide", steps=_STEPS)
    live_workers(*"abcd")
    engine.submit(a_submission(content_type="wide"))
    engine.forget()
    engine.answer(an_answer(content=b"<a/>", headers={"from": "a"}))
    sent = engine.dispatches()
    assert [(one.worker_type, one.body, one.headers["from"]) for one in sent] == [
        ("b", b"<a/>", "a"),
        ("c", b"<a/>", "a"),
    ]
    assert len({one.message_id for one in sent}) == 2
    (response,) = engine.responses()
    assert (response.state, response.worker_type) == ("GRANTED", "b")
    assert the_request().status == "DISPATCHED"


def test_it_starts_with_a_parallel_step(engine: Engine) -> None:
    a_workflow(a_tenant(), workflow_type="wide", steps={1: ("b", "b"), 2: "d"})
    live_workers(*"bd", protocol="celery")
    engine.submit(a_submission(content_type="wide"))
    assert _types(engine.dispatches()) == ["b", "b"]
    assert engine.states() == [("r-1", "GRANTED")]
    assert [branch.attempt for branch in every(Branch).order_by("position")] == [1, 2]
    assert all(b"eyJmaWxlIjoiYS56aXAifQ==" in one.body for one in engine.dispatches())


def test_it_gathers_in_the_order_of_the_members(engine: Engine) -> None:
    _wide(engine, protocol="raw")
    engine.answer(_of("c", content=b'{"c":1}', headers={"x": "c", "only": "c"}))
    assert (the_request().status, _statuses()) == ("DISPATCHED", {"b": "DISPATCHED", "c": "SUCCESS"})
    assert engine.broker.published == []
    engine.answer(_of("b", content=b"<b/>", headers={"x": "b"}))
    (sent,) = engine.dispatches()
    assert (sent.worker_type, sent.body) == ("d", b'{"contents":[{"base64":"PGIvPg=="},{"c":1}]}')
    assert (sent.headers["x"], sent.headers["only"]) == ("c", "c")
    assert (engine.states(), every(Branch).count()) == ([("r-1", "GRANTED")], 0)
    assert (the_request().step_number, the_request().step_worker_type) == (3, "d")


def test_it_gathers_the_answers_of_one_bulk(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("b", content=b"1"), _of("c", content=b"2"))
    assert the_request().body == b'{"contents":[1,2]}'


def test_it_ends_with_a_parallel_step(engine: Engine) -> None:
    a_workflow(a_tenant(), workflow_type="wide", steps={1: ("b", "c")})
    live_workers(*"bc", protocol="celery")
    engine.submit(a_submission(content_type="wide"))
    engine.answer(_of("c", content=b"2"))
    engine.answer(_of("b"))
    response = engine.responses()[-1]
    assert (response.state, response.content) == ("SUCCESS", b'{"contents":[{},2]}')
    assert not every(Request).exists()
    assert not every(Branch).exists()
    assert every(FinishedRequest).get().attempts == 2


def test_it_goes_from_one_parallel_step_to_the_next(engine: Engine) -> None:
    a_workflow(a_tenant(), workflow_type="wide", steps={1: ("b", "c"), 2: ("b", "d")})
    live_workers(*"bcd", protocol="celery")
    engine.submit(a_submission(content_type="wide"))
    engine.answer(_of("b", content=b"1"), _of("c", content=b"2"))
    assert _statuses() == {"b": "DISPATCHED", "d": "DISPATCHED"}
    engine.answer(_of("d", content=b"4"), _of("b", content=b"3"))
    assert engine.responses()[-1].content == b'{"contents":[3,4]}'


def test_it_runs_while_a_branch_runs(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("c", "RUNNING"))
    assert the_request().status == "RUNNING"
    engine.answer(_of("c", content=b"2"))
    assert the_request().status == "DISPATCHED"
    assert engine.broker.published == []


def test_it_fails_once_every_branch_has_ended_and_says_which_failed(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("c", "ERROR", messages=["disk full"]))
    assert (the_request().status, engine.states()) == ("DISPATCHED", [])
    engine.answer(_of("b", content=b"1"))
    request = the_request()
    told = 'worker type "c" (2 of 2) ended in ERROR: disk full'
    assert (request.status, request.error, request.dispatched_worker_type) == ("ERROR", told, "c")
    (response,) = engine.responses()
    assert (response.state, told in response.messages[0]) == ("ERROR", True)


def test_it_refuses_the_content_when_nothing_worse_happened(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("b", "INVALID_CONTENT", messages=["no"]), _of("c", content=b"2"))
    assert (the_request().status, engine.states()) == ("INVALID_CONTENT", [("r-1", "INVALID_CONTENT")])


def test_it_retries_only_what_failed(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("c", "ERROR"), _of("b", content=b"1"))
    engine.forget()
    _retry()
    (sent,) = engine.dispatches()
    assert (sent.worker_type, b"PGEvPg==" in sent.body) == ("c", True)
    assert (engine.states(), the_request().status) == ([("r-1", "GRANTED")], "DISPATCHED")
    engine.answer(_of("c", content=b"2"))
    assert the_request().body == b'{"contents":[1,2]}'


def test_it_starts_again_from_the_first_step_without_what_the_branches_made(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("c", "ERROR"), _of("b", content=b"1"))
    engine.forget()
    _retry(start=Start.FIRST)
    assert _types(engine.dispatches()) == ["a"]
    assert (every(Branch).count(), the_request().status) == (0, "DISPATCHED")
    engine.answer(_of("a", content=b"<a/>"))
    assert _statuses() == {"b": "DISPATCHED", "c": "DISPATCHED"}


def test_it_starts_a_first_step_in_parallel_again_as_a_whole(engine: Engine) -> None:
    a_workflow(a_tenant(), workflow_type="wide", steps={1: ("b", "c")})
    live_workers(*"bc", protocol="celery")
    engine.submit(a_submission(content_type="wide"))
    engine.answer(_of("c", "ERROR"), _of("b", content=b"1"))
    _retry(start=Start.FIRST)
    assert _statuses() == {"b": "DISPATCHED", "c": "DISPATCHED"}


def test_it_drops_answers_of_earlier_attempts_of_a_branch(engine: Engine) -> None:
    _wide(engine)
    late = _of("c", content=b"late")
    engine.answer(_of("c", "ERROR"), _of("b", content=b"1"))
    _retry()
    (dropped,) = engine.answer(late)
    assert "it names dispatch" in dropped.reason
    assert _statuses() == {"b": "SUCCESS", "c": "DISPATCHED"}


def test_it_takes_an_answer_of_a_branch_once(engine: Engine) -> None:
    _wide(engine)
    once = _of("b", content=b"1")
    assert [drop.position for drop in engine.answer(once, once)] == [1]
    assert len(engine.answer(once)) == 1


def test_it_attributes_an_answer_without_id_to_the_one_branch_that_it_can_be_of(engine: Engine) -> None:
    a_workflow(a_tenant(), workflow_type="wide", steps={1: ("b", "c")})
    live_workers("b", protocol="celery")
    live_workers("c", protocol="raw")
    engine.submit(a_submission(content_type="wide"))
    assert engine.answer(an_answer(content=b"2")) == []
    assert _statuses() == {"b": "DISPATCHED", "c": "SUCCESS"}


def test_it_drops_an_answer_without_id_that_may_be_of_several(engine: Engine) -> None:
    _wide(engine, protocol="raw")
    (dropped,) = engine.answer(an_answer(content=b"2"))
    assert "it names no dispatch, and 2 branches are with workers that need not" in dropped.reason


def test_it_lets_one_branch_wait_while_the_others_go(engine: Engine) -> None:
    _wide(engine, live="abd")
    assert (the_request().status, _statuses()) == (
        "DISPATCHED",
        {"b": "DISPATCHED", "c": "NO_WORKER_AVAILABLE"},
    )
    engine.answer(_of("b", content=b"1"))
    assert (the_request().status, engine.states()) == ("NO_WORKER_AVAILABLE", [("r-1", "DELAYED")])
    engine.forget()
    engine.beat(a_beat("c"))
    assert _types(engine.dispatches()) == ["c"]
    assert (the_request().status, engine.states()) == ("DISPATCHED", [("r-1", "GRANTED")])


def test_it_sends_a_branch_whose_type_comes_alive_while_others_run(engine: Engine) -> None:
    _wide(engine, live="abd")
    engine.answer(_of("b", "RUNNING"))
    live_workers("c")
    assert engine.redispatch() == 1
    assert _types(engine.dispatches()) == ["c"]
    assert (the_request().status, engine.states()) == ("RUNNING", [])
    assert engine.redispatch() == 0


def test_it_waits_when_no_member_is_alive(engine: Engine) -> None:
    _wide(engine, live="ad")
    assert the_request().status == "NO_WORKER_AVAILABLE"
    live_workers("c")
    engine.redispatch()
    assert _statuses() == {"b": "NO_WORKER_AVAILABLE", "c": "DISPATCHED"}
    assert engine.states() == [("r-1", "GRANTED")]


def test_it_waits_with_its_first_step_for_any_member(engine: Engine) -> None:
    a_workflow(a_tenant(), workflow_type="wide", steps={1: ("b", "c")})
    engine.submit(a_submission(content_type="wide"))
    assert (the_request().status, the_request().plan, every(Branch).count()) == (
        "NO_WORKER_AVAILABLE",
        None,
        0,
    )
    live_workers("c")
    engine.redispatch()
    assert _statuses() == {"b": "NO_WORKER_AVAILABLE", "c": "DISPATCHED"}


def test_it_postpones_a_branch_alone(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("c", "RETRY_LATER", retry_after=30.0))
    assert _statuses() == {"b": "DISPATCHED", "c": "TO_DISPATCH"}
    assert engine.redispatch(at=later(29)) == 0
    assert engine.redispatch(at=later(30)) == 1
    assert (_types(engine.dispatches()), _statuses()["c"]) == (["c"], "DISPATCHED")


def test_it_opens_a_new_attempt_of_a_lost_branch_alone(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("c", "REDELIVERED"))
    assert _types(engine.dispatches()) == ["c"]
    assert engine.states() == []


def test_it_gives_a_branch_up_after_its_own_attempts(engine: Engine, settings: Settings) -> None:
    settings.MAX_LOST_ATTEMPTS = 2
    _wide(engine)
    engine.answer(_of("c", "REDELIVERED"))
    engine.answer(_of("b", "REDELIVERED"))
    engine.answer(_of("c", "REDELIVERED"))
    assert _statuses() == {"b": "DISPATCHED", "c": "ERROR"}


def test_it_follows_the_policy_of_each_member(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, worker_type="c", inputs=["c"], policy={"retryOn": ["ERROR"], "maxAttempts": 2})
    a_workflow(tenant, workflow_type="wide", steps={1: ("b", "c")})
    live_workers(*"bc", protocol="celery")
    engine.submit(a_submission(content_type="wide"))
    engine.answer(_of("b", "ERROR"), _of("c", "ERROR"))
    assert _statuses() == {"b": "ERROR", "c": "DISPATCHED"}


def test_it_rescues_silent_branches_alone(engine: Engine, settings: Settings) -> None:
    settings.QUEUE_TIMEOUT, settings.RUN_TIMEOUT = 300, 1000
    _wide(engine)
    engine.answer(_of("b", "RUNNING", worker_id="b-celery"))
    WorkerInstance.objects.update(beaten_at=later(301))
    assert engine.rescue(at=later(301)) == 1
    assert _types(engine.dispatches()) == ["c"]
    assert (the_request().status, engine.rescue(at=later(301))) == ("RUNNING", 0)


def test_it_rescues_a_branch_whose_worker_died(engine: Engine, settings: Settings) -> None:
    settings.QUEUE_TIMEOUT, settings.RUN_TIMEOUT, settings.HEARTBEAT_EXPIRY = 1000, 1000, 60
    _wide(engine)
    engine.answer(_of("b", "RUNNING", worker_id="b-dead"))
    WorkerInstance.objects.update(beaten_at=later(100))
    assert engine.rescue(at=later(100)) == 1
    assert _types(engine.dispatches()) == ["b"]


def test_it_buries_a_branch_alone(engine: Engine) -> None:
    _wide(engine)
    dispatch_id = _of("c").dispatch_id
    assert engine.bury(a_dead_letter(dispatch_id=dispatch_id)) == []
    assert (the_request().status, _statuses()) == ("DISPATCHED", {"b": "DISPATCHED", "c": "ERROR"})
    assert len(engine.bury(a_dead_letter(dispatch_id=dispatch_id))) == 1


def test_it_holds_branches_beyond_what_a_type_may_have_in_flight(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, worker_type="b", inputs=["b"], max_in_flight=1)
    a_workflow(tenant, workflow_type="wide", steps={1: ("b", "b")})
    live_workers("b", protocol="celery")
    engine.submit(a_submission(content_type="wide"))
    assert sorted(every(Branch).values_list("status", flat=True)) == ["DISPATCHED", "TO_DISPATCH"]
    assert engine.redispatch() == 0
    out = every(Branch).get(status="DISPATCHED")
    engine.answer(an_answer(content=b"1", dispatch_id=f"{out.request_id}:1:{out.attempt}"))
    engine.redispatch()
    assert sorted(every(Branch).values_list("status", flat=True)) == ["DISPATCHED", "SUCCESS"]


def test_it_counts_branches_as_in_flight(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, worker_type="b", inputs=["b"], max_in_flight=2)
    a_workflow(tenant, workflow_type="wide", steps={1: ("b", "b")})
    live_workers("b", protocol="celery")
    engine.submit(a_submission("r-1", content_type="wide"))
    engine.submit(a_submission("r-2", content_type="b"))
    assert the_request("r-2").status == "TO_DISPATCH"


def test_it_drops_the_branches_of_a_cancelled_request_and_tells_the_fleets_of_each(engine: Engine) -> None:
    _wide(engine)
    ids = [_of("b").dispatch_id, _of("c").dispatch_id]
    request = the_request()
    with committing(execute=True), transaction():
        page = cancel_page(tenant=request.tenant, order=_order(request), after=0, at=AT)
    assert page.counts == {"cancelled": 1, "stopped": 2}
    assert not every(Branch).exists()
    assert every(FinishedRequest).get().trail.count("CANCELED") == 2
    assert [len(engine.answer(an_answer(content=b"1", dispatch_id=one))) for one in ids] == [1, 1]


def test_it_drops_the_branches_of_a_deleted_request(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("b", "ERROR"), _of("c", content=b"2"))
    request = the_request()
    with committing(execute=True), transaction():
        delete_page(tenant=request.tenant, order=_order(request), after=0, at=AT)
    assert not every(Branch).exists()


def test_it_says_of_each_branch_why_it_waits(engine: Engine) -> None:
    _wide(engine, live="abd")
    request = the_request()
    found = explain(tenant=request.tenant, request_id="r-1", at=AT).reasons
    assert [(str(reason.code), reason.facts.get("branch")) for reason in found] == [
        ("AWAITING_WORKER", 1),
        ("NO_LIVE_WORKER", 2),
        ("EARLIER_STEP", None),
    ]
    assert found[1].text == "Branch 2 of 2, c: No live worker of type c: none was heard of late"
    assert "worker type b + c, comes first" in found[2].text


def test_it_tells_the_whole_of_a_failed_request(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("b", "ERROR"), _of("c", content=b"2"))
    found = explain(tenant=the_request().tenant, request_id="r-1", at=AT).reasons
    assert [str(reason.code) for reason in found] == ["UP_TO_OPERATOR", "EARLIER_STEP"]


def test_it_notes_every_attempt_of_a_parallel_step(engine: Engine) -> None:
    _wide(engine)
    engine.answer(_of("c", "REDELIVERED"))
    engine.answer(_of("b", content=b"1"))
    engine.answer(_of("c", content=b"2"))
    lines = [json.loads(line) for line in the_request().trail.split("\n")]
    types = {line[2]: line[3] for line in lines if line[0] == "D"}
    assert sorted(types) == [1, 2, 3, 4, 5]
    assert sorted((types[line[1]], line[3]) for line in lines if line[0] == "E") == [
        ("a", "SUCCESS"),
        ("b", "SUCCESS"),
        ("c", "LOST"),
        ("c", "SUCCESS"),
    ]


@hypothesis_settings(max_examples=20)
@given(order=st.permutations(range(4)), sizes=st.lists(st.integers(1, 4), min_size=4, max_size=4))
def test_it_gathers_the_same_in_whatever_order_the_answers_come(
    engine: Engine, order: list[int], sizes: list[int]
) -> None:
    every(Request).delete()
    every(Branch).delete()
    WorkerInstance.objects.all().delete()
    tenant = a_tenant(name=f"demo-{next(_numbers)}")
    a_workflow(tenant, workflow_type="wide", steps={1: ("b", "c", "b", "c")})
    live_workers(*"bc", protocol="celery")
    engine.submit(a_submission(content_type="wide", tenant=tenant.name))
    branches = list(every(Branch).order_by("position"))
    answers = [
        an_answer(
            content=str(position).encode(),
            tenant=tenant.name,
            dispatch_id=f"{branches[position].request_id}:1:{branches[position].attempt}",
        )
        for position in order
    ]
    for size in sizes:
        engine.answer(*answers[:size])
        answers = answers[size:]
    engine.answer(*answers)
    assert engine.responses()[-1].content == b'{"contents":[0,1,2,3]}'
