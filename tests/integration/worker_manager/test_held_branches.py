"""Branches of parallel steps are held as requests are, and go as soon as an answer makes a place."""

import pytest

from tests.factories.audit import ADA
from tests.factories.messages import a_dead_letter, a_submission, an_answer, submissions
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, a_workflow, live_workers, the_request
from tests.fakes.engine import Engine
from worker_manager import measures
from worker_manager.models import Branch, PauseKind
from worker_manager.services.fleets import list_fleets, read_fleet
from worker_manager.services.pauses import list_pauses, pause, resume
from workers.contract.work_answer import WorkAnswer

pytestmark = pytest.mark.django_db


def _ready(limit: int = 1, *, members: tuple[str, ...] = ("b", "c"), tenant: str = "demo") -> None:
    """Configure a workflow of one parallel step, and the worker type ``b``, of which few may be in flight."""
    owner = a_tenant(name=tenant)
    a_worker_type(owner, worker_type="b", inputs=["plain"], max_in_flight=limit)
    a_workflow(owner, workflow_type="wide", steps={1: members})


def _alive(*worker_types: str) -> None:
    live_workers(*(worker_types or ("b", "c")), protocol="celery")


def _of(request_id: str, status: str = "SUCCESS", *, worker_type: str = "b", **fields: object) -> WorkAnswer:
    """Return the answer to the oldest open dispatch of a request to a worker type."""
    out = every(Branch).filter(request__request_id=request_id, step_worker_type=worker_type)
    branch = out.filter(status__in=("DISPATCHED", "RUNNING")).order_by("attempt")[0]
    return an_answer(
        status,
        request_id=request_id,
        tenant=branch.tenant.name,
        content=b"1",
        dispatch_id=f"{branch.request_id}:{branch.step_number}:{branch.attempt}",
        **fields,  # type: ignore[arg-type]
    )


def _to_b(engine: Engine) -> list[str]:
    """Return the requests of what was sent to ``b``, oldest first."""
    sent = (message for message in engine.dispatches() if message.worker_type == "b")
    return [str(message.headers["regards.request.id"]) for message in sent]


def _statuses(request_id: str) -> list[str]:
    found = every(Branch).filter(request__request_id=request_id).order_by("position")
    return list(found.values_list("status", flat=True))


@pytest.mark.parametrize("end", ["SUCCESS", "ERROR", "RETRY_LATER"])
def test_it_goes_with_the_answer_that_makes_a_place_and_says_nothing(engine: Engine, end: str) -> None:
    _ready()
    _alive()
    engine.submit(*submissions(3, content_type="wide"))
    assert (_to_b(engine), _statuses("r-1")) == (["r-0"], ["TO_DISPATCH", "DISPATCHED"])
    engine.forget()
    engine.answer(_of("r-0", end, retry_after=60))
    assert (_to_b(engine), engine.states()) == (["r-1"], [])
    assert (_statuses("r-1"), the_request("r-1").status) == (["DISPATCHED", "DISPATCHED"], "DISPATCHED")
    engine.answer(_of("r-1"), _of("r-1", worker_type="c"))
    assert engine.responses()[-1].content == b'{"contents":[1,1]}'
    assert _to_b(engine) == ["r-1", "r-2"]


def test_it_goes_with_the_dead_letter_that_makes_a_place(engine: Engine) -> None:
    _ready()
    _alive()
    engine.submit(*submissions(2, content_type="wide"))
    engine.bury(a_dead_letter("r-0", dispatch_id=_of("r-0").dispatch_id))
    assert _to_b(engine) == ["r-0", "r-1"]


def test_it_goes_with_the_answer_to_a_plain_request_and_the_other_way_round(engine: Engine) -> None:
    _ready()
    _alive()
    engine.submit(a_submission("plain-0", content_type="plain"))
    engine.submit(a_submission("wide-0", content_type="wide"))
    engine.submit(a_submission("plain-1", content_type="plain"))
    plain = the_request("plain-0")
    engine.answer(an_answer(request_id="plain-0", dispatch_id=plain.dispatch_id))
    assert _to_b(engine) == ["plain-0", "wide-0"]
    engine.answer(_of("wide-0"))
    assert _to_b(engine) == ["plain-0", "wide-0", "plain-1"]


def test_it_fills_as_many_places_as_a_bulk_makes_with_branches_of_one_request(engine: Engine) -> None:
    _ready(2, members=("b", "b", "b"))
    _alive("b")
    engine.submit(*submissions(2, content_type="wide"))
    assert _to_b(engine) == ["r-0", "r-0"]
    first = _of("r-0")
    out = every(Branch).filter(status="DISPATCHED").order_by("-attempt")[0]
    second = an_answer(request_id="r-0", content=b"2", dispatch_id=f"{out.request_id}:1:{out.attempt}")
    engine.answer(first, second)
    assert _to_b(engine) == ["r-0", "r-0", "r-0", "r-1"]
    engine.answer(_of("r-0"))
    assert _to_b(engine)[4:] == ["r-1"]
    engine.answer(_of("r-1"))
    assert _to_b(engine)[5:] == ["r-1"]
    assert every(Branch).filter(status="TO_DISPATCH").count() == 0


def test_it_is_not_overtaken_by_new_requests_but_by_higher_priorities(engine: Engine) -> None:
    _ready()
    _alive()
    engine.submit(*submissions(2, content_type="wide"))
    engine.submit(a_submission("late", content_type="plain"))
    engine.submit(a_submission("urgent", content_type="wide", priority=9))
    for name in ("r-0", "urgent", "r-1"):
        engine.answer(_of(name))
    assert _to_b(engine) == ["r-0", "urgent", "r-1", "late"]


def test_it_has_its_part_in_the_share_of_its_tenant(engine: Engine) -> None:
    _ready(2)
    _ready(2, tenant="other")
    _alive()
    engine.submit(*submissions(4, content_type="wide"))
    engine.submit(*submissions(2, content_type="plain", tenant="other", name="o"))
    engine.answer(_of("r-0"))
    assert _to_b(engine) == ["r-0", "r-1", "o-0"]
    engine.answer(_of("r-1"))
    assert _to_b(engine)[3:] == ["r-2"]


def test_it_goes_with_the_sweep_once_a_limit_is_raised(engine: Engine) -> None:
    _ready()
    _alive()
    engine.submit(*submissions(3, content_type="wide"))
    assert engine.redispatch() == 0
    the_request("r-0").tenant.worker_types.update(max_in_flight=3)
    assert engine.redispatch() == 2
    assert _to_b(engine) == ["r-0", "r-1", "r-2"]


def test_it_waits_for_a_pause_to_end(engine: Engine) -> None:
    _ready(5)
    _alive()
    pause(kind=PauseKind.CONTENT_TYPE, name="wide", tenant=None, actor=ADA, at=AT)
    engine.submit(*submissions(2, content_type="wide"))
    assert engine.dispatches() == []
    (told,) = list_pauses(tenant=None)
    assert (told["inFlight"], told["held"]) == (0, 4)
    resume(kind=PauseKind.CONTENT_TYPE, name="wide", tenant=None, actor=ADA, at=AT)
    assert every(Branch).filter(status="DISPATCHED").count() == 4


def test_it_counts_in_its_fleet(engine: Engine) -> None:
    _ready(2)
    _alive()
    engine.submit(*submissions(3, content_type="wide"))
    engine.answer(_of("r-0", "RUNNING", worker_id="b-celery"))
    for tenant in (the_request("r-0").tenant, None):
        fleets = {row["workerType"]: row for row in list_fleets(tenant=tenant, at=AT)}
        counted = [fleets["b"][name] for name in ("inFlight", "running", "waiting", "held")]
        assert (counted, fleets["c"]["inFlight"]) == ([2, 1, 1, 1], 3)
        (member,) = read_fleet(tenant=tenant, worker_type="b", at=AT)["members"]
        assert (member["running"], member["requests"][0]["requestId"]) == (1, "r-0")


def test_it_counts_in_the_measures_of_flow_control(engine: Engine) -> None:
    _ready(2)
    _alive()
    engine.submit(*submissions(3, content_type="wide"))
    found = {family.name: family.samples for family in measures.flow(AT)}
    told = {
        name: {sample.labels["type"]: sample.value for sample in found[f"regards_requests_{name}"]}
        for name in ("in_flight", "held")
    }
    assert told == {"in_flight": {"b": 2, "c": 3}, "held": {"b": 1, "c": 0}}
