"""Time-outs and retries are those of the worker type and of the step."""

from typing import Any

import pytest
from pytest_django import Settings

from tests.factories.configuration_files import a_worker, a_workflow_item, import_items
from tests.factories.messages import a_dead_letter, a_submission, an_answer
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, later, live_workers, the_request
from tests.fakes.engine import Engine
from worker_manager.models import FinishedRequest, Request, WorkerType
from worker_manager.policy import Failure
from worker_manager.reasons import ReasonCode
from worker_manager.services.explanation import explain
from worker_manager.states import RequestStatus
from worker_manager.trail import Trail

pytestmark = pytest.mark.django_db

_SLOWER_AND_SLOWER = {"kind": "exponential", "delay": 10, "factor": 3, "cap": 20}
_PERSISTENT = {"maxAttempts": 3, "retryOn": list(Failure), "backoff": _SLOWER_AND_SLOWER}


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.QUEUE_TIMEOUT = 300
    settings.RUN_TIMEOUT = 1000
    settings.HEARTBEAT_EXPIRY = 5000


def _fail(engine: Engine, *, at: Any = AT) -> None:
    engine.answer(an_answer("ERROR", messages=["disk full"], dispatch_id=the_request().dispatch_id), at=at)


def _place() -> tuple[str, int, str | None]:
    """Return where the request is, at which attempt, and what ended the last one that is over."""
    request = the_request()
    outcomes = [attempt.outcome for attempt in Trail.read(request.trail).attempts if attempt.outcome]
    return request.status, request.attempt, outcomes[-1]


def test_it_tries_again_after_a_pause_that_grows(engine: Engine) -> None:
    a_dispatched_request(engine, policy=_PERSISTENT)
    _fail(engine)
    assert (_place(), the_request().due_at) == (("TO_DISPATCH", 1, "ERROR"), later(10))
    assert (engine.redispatch(at=later(9)), engine.redispatch(at=later(10))) == (0, 1)
    _fail(engine, at=later(11))
    assert (_place(), the_request().due_at) == (("TO_DISPATCH", 2, "ERROR"), later(31))
    assert engine.states() == [("r-1", "GRANTED")]


def test_it_gives_up_after_the_last_attempt_and_tells_the_client(engine: Engine) -> None:
    a_dispatched_request(engine, policy={"maxAttempts": 2, "retryOn": ["ERROR"]})
    _fail(engine)
    _fail(engine)
    assert _place() == ("ERROR", 2, "ERROR")
    assert the_request().error == "Given up after 2 attempts: disk full"
    assert engine.states() == [("r-1", "GRANTED"), ("r-1", "ERROR")]


def test_it_keeps_errors_no_longer_than_told_when_it_gives_up(engine: Engine) -> None:
    a_dispatched_request(engine, keep_errors=False, policy={"maxAttempts": 2, "retryOn": ["ERROR"]})
    _fail(engine)
    assert every(Request).count() == 1
    _fail(engine)
    assert (every(Request).count(), every(FinishedRequest).get().status) == (0, "ERROR")


@pytest.mark.parametrize(
    ("answer", "failure", "end"),
    [
        (an_answer("ERROR"), "ERROR", "ERROR"),
        (an_answer("INVALID_CONTENT"), "INVALID_CONTENT", "INVALID_CONTENT"),
        (an_answer("REDELIVERED"), "LOST", "ERROR"),
    ],
)
def test_it_retries_what_the_policy_names(engine: Engine, answer: Any, failure: str, end: str) -> None:
    policy = {"retryOn": [failure], "maxAttempts": 2, "backoff": {"delay": 0}}
    a_dispatched_request(engine, policy=policy)
    engine.answer(answer)
    assert _place() == ("DISPATCHED", 2, failure)
    engine.answer(answer)
    assert _place() == (end, 2, failure)


def test_it_ends_at_once_what_the_policy_does_not_name(engine: Engine) -> None:
    a_dispatched_request(engine, policy={"retryOn": ["ERROR"]})
    engine.answer(an_answer("REDELIVERED"))
    assert _place() == ("ERROR", 1, "LOST")


def test_it_retries_dead_letters_when_told_so(engine: Engine) -> None:
    request = a_dispatched_request(engine, policy={"retryOn": ["DEAD_LETTER"], "maxAttempts": 2})
    engine.bury(a_dead_letter(dispatch_id=request.dispatch_id))
    assert _place() == ("DISPATCHED", 2, "DEAD_LETTER")
    engine.bury(a_dead_letter(dispatch_id=the_request().dispatch_id))
    assert (_place(), the_request().error) == (
        ("ERROR", 2, "DEAD_LETTER"),
        "Given up after 2 attempts: it broke",
    )


def test_it_retries_a_step_that_left_out_the_content_of_the_next(engine: Engine) -> None:
    tenant = a_tenant()
    import_items(
        tenant,
        a_worker("unzip-worker", contentTypeOutput="tree", policy={"retryOn": ["ERROR"]}),
        a_worker("sip-worker", inputs=["tree"], contentTypeOutput="sip"),
        a_workflow_item("ingest", (1, "unzip-worker"), (2, "sip-worker")),
    )
    live_workers("unzip-worker", "sip-worker")
    engine.submit(a_submission(content_type="ingest"))
    engine.answer(an_answer("SUCCESS"))
    assert _place() == ("DISPATCHED", 2, "ERROR")


def test_it_waits_in_the_queue_as_long_as_the_worker_type_may(engine: Engine) -> None:
    a_dispatched_request(engine, policy={"queueTimeout": 7})
    assert (engine.rescue(at=later(7)), engine.rescue(at=later(7.1))) == (0, 1)
    assert (_place(), the_request().error) == (
        ("DISPATCHED", 2, "QUEUE_TIMEOUT"),
        "no worker answered within 7 s",
    )


def test_it_runs_as_long_as_the_worker_type_may(engine: Engine) -> None:
    request = a_dispatched_request(engine, policy={"runTimeout": 2000, **_PERSISTENT})
    engine.answer(an_answer("RUNNING", worker_id="unzip-worker-raw"))
    assert engine.rescue(at=later(2000)) == 0
    assert engine.rescue(at=later(2001)) == 1
    assert (_place(), the_request().due_at) == (("TO_DISPATCH", 1, "RUN_TIMEOUT"), later(2011))
    (late,) = engine.answer(an_answer("SUCCESS", dispatch_id=request.dispatch_id), at=later(2002))
    assert "the request awaits no answer, it is TO_DISPATCH" in late.reason
    assert engine.redispatch(at=later(2011)) == 1
    (late,) = engine.answer(an_answer("SUCCESS", dispatch_id=request.dispatch_id), at=later(2012))
    assert f"it answers dispatch {request.dispatch_id}, the current one is" in late.reason
    assert the_request().status == RequestStatus.DISPATCHED


def test_it_tells_a_dead_instance_from_a_slow_one(engine: Engine, settings: Settings) -> None:
    settings.HEARTBEAT_EXPIRY = 60
    a_dispatched_request(engine, policy={"retryOn": ["RUN_TIMEOUT"]})
    engine.answer(an_answer("RUNNING", worker_id="unzip-worker-raw"))
    live_workers("unzip-worker", worker_id="another", at=later(61), since=AT)
    engine.rescue(at=later(61))
    assert (_place(), the_request().error) == (
        ("ERROR", 1, "LOST"),
        "Given up after 1 attempts without an answer: the worker that had the request died",
    )


def test_it_lets_the_step_go_before_its_worker_type(engine: Engine) -> None:
    tenant = a_tenant()
    step = {"stepNumber": 1, "workerType": "unzip-worker", "policy": {"queueTimeout": 5}}
    refused = import_items(
        tenant,
        a_worker("unzip-worker", contentTypeOutput="tree", policy={"queueTimeout": 9, "maxAttempts": 1}),
        a_workflow_item("ingest", steps=[step]),
    )
    assert refused.errors == []
    live_workers("unzip-worker")
    engine.submit(a_submission(content_type="ingest"), a_submission("r-2"))
    assert [the_request(name).deadline_at for name in ("r-1", "r-2")] == [later(5), later(9)]
    engine.rescue(at=later(6))
    assert _place() == ("ERROR", 1, "QUEUE_TIMEOUT")


def test_it_never_changes_what_is_under_way(engine: Engine) -> None:
    a_dispatched_request(engine, policy=_PERSISTENT)
    WorkerType.objects.across_tenants(because="a test").update(policy=None)
    _fail(engine)
    assert _place() == ("TO_DISPATCH", 1, "ERROR")


def test_it_spreads_what_failed_together(engine: Engine) -> None:
    backoff = {"kind": "fixed", "delay": 100, "jitter": 1}
    a_dispatched_request(engine, policy={"retryOn": ["ERROR"], "backoff": backoff})
    engine.submit(*(a_submission(f"s-{number}") for number in range(20)))
    engine.answer(*(an_answer("ERROR", request_id=f"s-{number}") for number in range(20)))
    due = {request.due_at for request in every(Request) if request.due_at}
    assert len(due) == 20
    assert all(later(0) < time <= later(100) for time in due)


def test_it_leaves_the_pause_that_a_worker_asks_for_to_the_worker(engine: Engine) -> None:
    a_dispatched_request(engine, policy={"maxAttempts": 1, "backoff": {"delay": 1}})
    engine.answer(an_answer("RETRY_LATER", retry_after=30, messages=["busy"]))
    request = the_request()
    assert (_place(), request.due_at, request.lost_attempts) == (
        ("TO_DISPATCH", 1, "POSTPONED"),
        later(30),
        0,
    )


def test_it_says_which_attempt_comes_next_and_why(engine: Engine) -> None:
    a_dispatched_request(engine, policy=_PERSISTENT)
    _fail(engine)
    (reason, *_) = explain(tenant=the_request().tenant, request_id="r-1", at=AT).reasons
    assert reason.code is ReasonCode.DUE_LATER
    assert dict(reason.facts) == {
        "dueAt": "2025-06-01T12:00:10Z",
        "error": "disk full",
        "attempt": 1,
        "failure": "ERROR",
        "failedAttempts": 1,
        "maxAttempts": 3,
    }


@pytest.mark.parametrize(("seconds", "rescued"), [(300, 0), (301, 1)])
def test_it_rescues_what_the_release_before_dispatched(engine: Engine, seconds: int, rescued: int) -> None:
    a_dispatched_request(engine)
    every(Request).update(deadline_at=None)
    assert engine.rescue(at=later(seconds)) == rescued


@pytest.mark.parametrize(("seconds", "rescued"), [(1000, 0), (1001, 1)])
def test_it_rescues_what_ran_under_the_release_before(engine: Engine, seconds: int, rescued: int) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING"))
    every(Request).update(deadline_at=None)
    assert engine.rescue(at=later(seconds)) == rescued


def test_it_runs_the_plans_that_the_release_before_stored(engine: Engine) -> None:
    a_dispatched_request(engine)
    plan = {"steps": [[0, "unzip-worker"]], "keepErrors": True, "workflowType": None}
    assert the_request().plan == plan
    every(Request).update(plan=plan)
    engine.answer(an_answer("SUCCESS"))
    assert engine.states() == [("r-1", "SUCCESS")]


def test_it_asks_for_the_configured_policies_of_a_tenant_only(engine: Engine) -> None:
    a_worker_type(a_tenant(name="other"), policy={"queueTimeout": 1})
    a_dispatched_request(engine)
    assert the_request().deadline_at == later(300)
