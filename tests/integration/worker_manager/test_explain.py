"""What is said about a request holds: when the reasons go, the request goes."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.audit import ADA
from tests.factories.messages import a_beat, a_submission, an_answer, submissions
from tests.factories.requests import requests
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request, a_dispatched_workflow
from tests.factories.situations import WORKFLOW
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
from tests.fakes.jobs_office import Office
from tests.fakes.operators import retry
from worker_manager.models import Pause, PauseKind, Request, WorkerInstance, WorkerType
from worker_manager.reasons import Reason, ReasonCode
from worker_manager.searches import UnknownRequest
from worker_manager.services import pauses
from worker_manager.services.explanation import explain
from worker_manager.states import RequestStatus
from workers.contract.bodies import parse_date

pytestmark = pytest.mark.django_db

_C = ReasonCode
_numbers = count()


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.QUEUE_TIMEOUT = 300
    settings.RUN_TIMEOUT = 1000
    settings.HEARTBEAT_EXPIRY = 60


def _reasons(at: datetime = AT) -> dict[ReasonCode, Reason]:
    tenant = Tenant.objects.get(name="demo")
    return {reason.code: reason for reason in explain(tenant=tenant, request_id="r-1", at=at).reasons}


def test_it_goes_with_the_first_heartbeat(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", worker_id="dead", at=later(-61))
    engine.submit(a_submission())
    (reason,) = _reasons().values()
    assert (reason.code, dict(reason.facts)) == (
        _C.NO_LIVE_WORKER,
        {"workerType": "unzip-worker", "lastBeat": "2025-06-01T11:58:59Z"},
    )
    engine.beat(a_beat())
    assert list(_reasons()) == [_C.AWAITING_WORKER]


def test_it_goes_once_its_content_type_is_configured(engine: Engine) -> None:
    tenant = a_tenant()
    live_workers("unzip-worker")
    engine.submit(a_submission())
    assert list(_reasons()) == [_C.NO_CONFIGURATION]
    a_worker_type(tenant)
    assert list(_reasons()) == [_C.AWAITING_SWEEP]
    engine.redispatch()
    assert list(_reasons()) == [_C.AWAITING_WORKER]


def test_it_goes_when_it_is_due(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RETRY_LATER", retry_after=30, messages=["disk full"]))
    found = _reasons()[_C.DUE_LATER]
    assert (found.facts["dueAt"], found.facts["error"]) == ("2025-06-01T12:00:30Z", "disk full")
    assert list(_reasons(later(30))) == [_C.AWAITING_SWEEP]
    assert engine.redispatch(at=later(30)) == 1


def test_it_goes_when_there_is_a_place(engine: Engine) -> None:
    a_worker_type(a_tenant(), max_in_flight=1)
    live_workers("unzip-worker")
    engine.submit(a_submission("r-0"))
    engine.submit(a_submission())
    (reason,) = _reasons().values()
    assert (reason.code, dict(reason.facts)) == (
        _C.IN_FLIGHT_LIMIT,
        # Of its own tenant.
        {"workerType": "unzip-worker", "limit": 1, "inFlight": 1},
    )
    engine.answer(an_answer(request_id="r-0"))
    assert list(_reasons()) == [_C.AWAITING_WORKER]


def test_it_says_who_paused_it(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    live_workers("unzip-worker")
    for kind, name, owner in (
        (PauseKind.CONTENT_TYPE, "unzip", tenant),
        (PauseKind.WORKER_TYPE, "unzip-worker", None),
    ):
        pauses.pause(kind=kind, name=name, tenant=owner, actor=ADA, at=AT)
    engine.submit(a_submission())
    found = _reasons()
    assert {code: dict(reason.facts) for code, reason in found.items()} == {
        _C.TYPE_PAUSED: {
            "workerType": "unzip-worker",
            "pausedBy": "ada",
            "since": "2025-06-01T12:00:00Z",
            "ofPlatform": True,
        },
        _C.CONTENT_TYPE_PAUSED: {
            "contentType": "unzip",
            "pausedBy": "ada",
            "since": "2025-06-01T12:00:00Z",
            "ofPlatform": False,
        },
    }
    assert (
        found[_C.TYPE_PAUSED].text
        == "Worker type unzip-worker is paused for every tenant, by ada since 2025-06-01T12:00:00Z"
    )


def test_it_waits_for_those_that_go_first(engine: Engine) -> None:
    worker = a_worker_type(a_tenant(), max_in_flight=1)
    live_workers("unzip-worker")
    engine.submit(a_submission("r-0"), a_submission("r-00"), a_submission())
    worker.max_in_flight = 2
    worker.save()
    assert list(_reasons()) == [_C.IN_FLIGHT_LIMIT]
    worker.max_in_flight = 3
    worker.save()
    assert list(_reasons()) == [_C.AWAITING_SWEEP]
    engine.redispatch()
    assert list(_reasons()) == [_C.AWAITING_WORKER]


def test_it_goes_when_its_tenant_wakes(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    live_workers("unzip-worker")
    Tenant.objects.update(active=False)
    assert list(_reasons()) == [_C.TENANT_INACTIVE]
    Tenant.objects.update(active=True)
    assert list(_reasons()) == [_C.AWAITING_SWEEP]


def test_it_goes_when_an_operator_says_so(engine: Engine, office: Office) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("ERROR", messages=["disk full"]))
    assert _reasons()[_C.UP_TO_OPERATOR].facts["error"] == "disk full"
    retry(office, request.tenant)
    assert list(_reasons()) == [_C.AWAITING_WORKER]


def test_it_goes_on_with_the_next_step(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    found = _reasons()
    assert list(found) == [_C.AWAITING_WORKER, _C.EARLIER_STEP]
    assert found[_C.EARLIER_STEP].facts["following"] == ["sip-worker"]
    engine.answer(an_answer("SUCCESS", content=b"1"))
    assert list(_reasons()) == [_C.AWAITING_WORKER]


@pytest.mark.parametrize(
    ("worker_id", "heard", "expected"),
    [
        (None, [(0, 1500)], later(1000)),
        ("dead", [(0, 1500)], later(60)),
        # Managers were deaf until they heard the first one again.
        ("dead", [(200, 1500), (210, 1500)], later(260)),
        # They are deaf now: the last beat of another was half of the expiry before.
        ("dead", [(-100, -30)], later(1000)),
        ("dead", [], later(1000)),
    ],
)
def test_it_knows_when_the_watchdog_takes_a_run_away(
    engine: Engine, worker_id: str | None, heard: list[tuple[int, int]], expected: datetime
) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING", worker_id=worker_id))
    WorkerInstance.objects.all().delete()
    for since, last in heard:
        live_workers("unzip-worker", worker_id=f"{since}", at=later(last), since=later(since))
    watchdog = parse_date(_reasons()[_C.RUNNING].facts["watchdogAt"], field="watchdogAt")
    assert watchdog == expected
    assert engine.rescue(at=watchdog) == 0
    assert engine.rescue(at=watchdog.replace(microsecond=1)) == 1


def test_it_knows_when_the_watchdog_takes_a_request_out_of_its_queue(engine: Engine) -> None:
    a_dispatched_request(engine)
    watchdog = parse_date(_reasons()[_C.AWAITING_WORKER].facts["watchdogAt"], field="watchdogAt")
    assert engine.rescue(at=watchdog) == 0
    assert engine.rescue(at=watchdog.replace(microsecond=1)) == 1


def test_it_says_that_the_instance_is_dead(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING", worker_id="unzip-worker-raw"))
    assert list(_reasons(later(59))) == [_C.RUNNING]
    assert list(_reasons(later(60))) == [_C.RUNNING, _C.WORKER_SILENT]


def test_it_does_not_know_the_requests_of_other_tenants(engine: Engine) -> None:
    a_worker_type(a_tenant(name="other"))
    engine.submit(a_submission(tenant="other"))
    with pytest.raises(UnknownRequest):
        explain(tenant=a_tenant(), request_id="r-1", at=AT)


@pytest.mark.parametrize("rows", [2, 50])
def test_it_costs_the_same_statements_and_reads_no_payload(engine: Engine, rows: int) -> None:
    tenant = a_tenant()
    for number in range(rows):
        a_workflow(tenant, workflow_type=f"workflow-{number}")
        live_workers("unzip-worker", worker_id=f"w-{number}")
    engine.submit(*submissions(rows))
    with CaptureQueriesContext(connection) as captured:
        explain(tenant=tenant, request_id="r-1", at=AT)
    # Request, plans, last beats, live types.
    assert len(captured) == 4
    assert not [query for query in captured.captured_queries if "original_content" in query["sql"]]


#: Where a request can wait: never dispatched, in the middle of a workflow, postponed.
_PLACES: list[dict[str, Any]] = [
    {"content_type": "unzip", "step_worker_type": None, "attempt": 0},
    {"content_type": "ingest", "step_worker_type": None, "attempt": 0},
    {"content_type": "ingest", "step_worker_type": "sip-worker", "attempt": 1, "step_number": 20},
    {"content_type": "ingest", "step_worker_type": "unzip-worker", "attempt": 1, "step_number": 10},
]
_HELD = st.sampled_from(_PLACES[2:]).map(lambda place: place | {"status": RequestStatus.TO_DISPATCH})
_WAITING = st.sampled_from(_PLACES).map(lambda place: place | {"status": RequestStatus.NO_WORKER_AVAILABLE})
_POSTPONED = st.builds(
    lambda place, seconds: place | {"status": RequestStatus.TO_DISPATCH, "due_at": later(seconds)},
    st.sampled_from(_PLACES[2:]),
    st.integers(-10, 10),
)


_PAUSABLE = st.sampled_from(
    [
        (PauseKind.WORKER_TYPE, "unzip-worker"),
        (PauseKind.WORKER_TYPE, "sip-worker"),
        (PauseKind.CONTENT_TYPE, "unzip"),
        (PauseKind.CONTENT_TYPE, "ingest"),
    ]
)


@st.composite
def _worlds(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "request": draw(_WAITING | _POSTPONED | _HELD),
        "active": draw(st.booleans()),
        "configured": draw(st.sets(st.sampled_from(["unzip", "ingest"]))),
        "live": draw(st.sets(st.sampled_from(["unzip-worker", "sip-worker"]))),
        "dead": draw(st.sets(st.sampled_from(["unzip-worker", "sip-worker"]))),
        # Flow control: the limit of both types, what is in flight of another tenant, what is held before.
        "limit": draw(st.sampled_from([None, 1, 2, 3])),
        "in_flight": draw(st.integers(0, 3)),
        "rivals": draw(st.integers(0, 2)),
        "strangers": draw(st.integers(0, 2)),
        # Whose pause of what there is; None is everybody's.
        "pauses": draw(
            st.sets(st.tuples(st.sampled_from(["demo", "stranger", None]), _PAUSABLE), max_size=2)
        ),
    }


def _build(world: dict[str, Any]) -> Tenant:
    """Store a world in which one request waits, and return its tenant."""
    every(Request).delete()
    WorkerInstance.objects.all().delete()
    tenant = a_tenant(name=f"demo-{next(_numbers)}", active=world["active"])
    configure: dict[str, Callable[[Tenant], object]] = {"unzip": a_worker_type, "ingest": _a_chain}
    for content_type in world["configured"]:
        configure[content_type](tenant)
    live_workers(*world["live"])
    live_workers(*world["dead"], protocol="celery", at=later(-60))
    stranger = a_tenant(name=f"stranger-{next(_numbers)}")
    every(WorkerType).filter(tenant__name__startswith="stranger").delete()
    for number, worker_type in enumerate(["unzip-worker", "sip-worker"]):
        a_worker_type(stranger, worker_type=worker_type, inputs=[], max_in_flight=world["limit"])
        sent = [f"s-{number}-{one}" for one in range(world["in_flight"])]
        requests(stranger, *sent, status=RequestStatus.DISPATCHED, step_worker_type=worker_type)
        for whose, rivals in ((tenant, world["rivals"]), (stranger, world["strangers"])):
            names = [f"h-{number}-{one}" for one in range(rivals)]
            requests(whose, *names, status=RequestStatus.TO_DISPATCH, step_worker_type=worker_type)
    every(Pause).delete()
    owners = {"demo": tenant, "stranger": stranger, None: None}
    for owner, (kind, name) in world["pauses"]:
        Pause.objects.create(tenant=owners[owner], kind=kind, name=name, paused_at=AT, paused_by="ada")
    plan = [None, WORKFLOW.to_json()][world["request"]["attempt"]]
    requests(tenant, "r-1", plan=plan, dispatched_worker_type=None, error=None, **world["request"])
    return tenant


def _a_chain(tenant: Tenant) -> None:
    a_workflow(tenant, steps={step.number: step.worker_type for step in WORKFLOW.steps})


def _codes(tenant: Tenant, at: datetime = AT) -> set[ReasonCode]:
    found = explain(tenant=tenant, request_id="r-1", at=at)
    return {reason.code for reason in found.reasons} - {_C.EARLIER_STEP}


_EACH_WORLD = hypothesis_settings(max_examples=60)


@_EACH_WORLD
@given(world=_worlds())
def test_it_says_that_the_sweep_takes_a_request_when_it_does(engine: Engine, world: dict[str, Any]) -> None:
    tenant = _build(world)
    told = _codes(tenant)
    engine.redispatch()
    assert told
    assert (told == {_C.AWAITING_SWEEP}) == (_status(tenant) == RequestStatus.DISPATCHED)


def _status(tenant: Tenant) -> str:
    return the_request(tenant=tenant.name).status


class _Operator:
    """Removes reasons, knowing nothing but their facts."""

    def __init__(self, engine: Engine, tenant: Tenant) -> None:
        self.engine, self.tenant, self.at = engine, tenant, AT
        self.remedies: Mapping[ReasonCode, Callable[[Reason], object]] = {
            _C.NO_LIVE_WORKER: self._start,
            _C.NO_CONFIGURATION: self._configure,
            _C.IN_FLIGHT_LIMIT: self._lift,
            _C.TYPE_PAUSED: self._resume,
            _C.CONTENT_TYPE_PAUSED: self._resume,
            _C.DUE_LATER: self._wait,
            _C.TENANT_INACTIVE: self._activate,
            _C.AWAITING_SWEEP: self._sweep,
        }

    def remove(self) -> None:
        """Remove every reason that there is now and that somebody can remove."""
        for reason in explain(tenant=self.tenant, request_id="r-1", at=self.at).reasons:
            self.remedies.get(reason.code, str)(reason)

    def _start(self, reason: Reason) -> None:
        self.engine.beat(
            a_beat(worker_type=reason.facts["workerType"], tenant=self._speaker(), beaten_at=self.at),
            at=self.at,
        )

    def _speaker(self) -> str:
        """Return an active tenant: the heartbeats of others are refused."""
        return a_tenant(name=f"speaker-{next(_numbers)}").name

    def _configure(self, reason: Reason) -> None:
        a_worker_type(self.tenant, worker_type="new-worker", inputs=[reason.facts["contentType"]])

    def _lift(self, reason: Reason) -> None:
        every(WorkerType).filter(worker_type=reason.facts["workerType"]).update(max_in_flight=None)

    def _resume(self, reason: Reason) -> None:
        names = {_C.TYPE_PAUSED: "workerType", _C.CONTENT_TYPE_PAUSED: "contentType"}
        kinds = {_C.TYPE_PAUSED: PauseKind.WORKER_TYPE, _C.CONTENT_TYPE_PAUSED: PauseKind.CONTENT_TYPE}
        with committing(execute=True):
            pauses.resume(
                kind=kinds[reason.code],
                name=reason.facts[names[reason.code]],
                tenant=[self.tenant, None][reason.facts["ofPlatform"]],
                actor=ADA,
                at=self.at,
            )

    def _wait(self, reason: Reason) -> None:
        self.at = parse_date(reason.facts["dueAt"], field="dueAt")

    def _activate(self, reason: Reason) -> None:
        Tenant.objects.filter(name=reason.facts["tenant"]).update(active=True)
        self.tenant.refresh_from_db()

    def _sweep(self, _reason: Reason) -> None:
        self.engine.redispatch(at=self.at)


@_EACH_WORLD
@given(world=_worlds())
def test_it_lets_a_waiting_request_go_once_the_reasons_are_removed(
    engine: Engine, world: dict[str, Any]
) -> None:
    tenant = _build(world)
    operator = _Operator(engine, tenant)
    # What stands in the way, what was behind that (a new worker type may have no fleet, a fleet no place),
    # the sweep.
    for _ in range(4):
        assert _codes(tenant, operator.at)
        operator.remove()
    assert _status(tenant) == RequestStatus.DISPATCHED
