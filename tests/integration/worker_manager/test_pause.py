"""What is paused is held, what is in flight goes on, and all of it goes when it is resumed."""

from collections.abc import Sequence

import pytest

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.audit import ADA
from tests.factories.messages import a_beat, a_submission, an_answer, submissions
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
from tests.fakes.jobs_office import Office
from tests.fakes.operators import retry
from worker_manager.models import Pause, PauseKind, Request
from worker_manager.services import pauses
from worker_manager.services.pauses import NothingToPause
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db

_TYPE, _CONTENT = PauseKind.WORKER_TYPE, PauseKind.CONTENT_TYPE
_BOTH = pytest.mark.parametrize(("kind", "name"), [(_TYPE, "unzip-worker"), (_CONTENT, "unzip")])


def _ready(*tenants: str, limit: int | None = None, inputs: Sequence[str] = ("unzip",)) -> None:
    for name in tenants or ("demo",):
        a_worker_type(a_tenant(name=name), max_in_flight=limit, inputs=inputs)
    live_workers("unzip-worker")


def _tenant(name: str | None = "demo") -> Tenant | None:
    return Tenant.objects.filter(name=name).first()


def _pause(kind: PauseKind = _TYPE, name: str = "unzip-worker", *, tenant: str | None = "demo") -> pauses.Row:
    return pauses.pause(kind=kind, name=name, tenant=_tenant(tenant), actor=ADA, at=AT)


def _resume(kind: PauseKind = _TYPE, name: str = "unzip-worker", *, tenant: str | None = "demo") -> bool:
    with committing(execute=True):
        return pauses.resume(kind=kind, name=name, tenant=_tenant(tenant), actor=ADA, at=later(5))


def _sent(engine: Engine) -> list[str]:
    return [str(sent.headers["regards.request.id"]) for sent in engine.dispatches()]


@_BOTH
@pytest.mark.parametrize("limit", [None, 9])
@pytest.mark.parametrize("whose", ["demo", None])
def test_it_holds_what_comes_and_lets_it_go_when_it_is_resumed(
    engine: Engine, kind: PauseKind, name: str, limit: int | None, whose: str | None
) -> None:
    _ready(limit=limit)
    _pause(kind, name, tenant=whose)
    engine.submit(*submissions(3))
    assert (_sent(engine), engine.states()) == ([], [(f"r-{number}", "GRANTED") for number in range(3)])
    assert engine.redispatch() == 0
    assert _resume(kind, name, tenant=whose)
    assert _sent(engine) == ["r-0", "r-1", "r-2"]


def test_it_lets_go_on_what_is_in_flight(engine: Engine) -> None:
    _ready(limit=2)
    engine.submit(*submissions(3))
    assert {name: _pause()[name] for name in ("inFlight", "held")} == {"inFlight": 2, "held": 1}
    engine.forget()
    engine.answer(an_answer(request_id="r-0"), an_answer("RUNNING", request_id="r-1"))
    assert (engine.states(), _sent(engine)) == ([("r-0", "SUCCESS")], [])
    (told,) = pauses.list_pauses(tenant=_tenant())
    assert (told["inFlight"], told["held"]) == (1, 1)


def test_it_holds_the_next_step(engine: Engine) -> None:
    tenant = a_tenant()
    a_workflow(tenant)
    a_worker_type(tenant, worker_type="sip-worker", inputs=["tree"])
    live_workers("unzip-worker", "sip-worker")
    engine.submit(a_submission(content_type="ingest"))
    _pause(name="sip-worker")
    engine.forget()
    engine.answer(an_answer(content=b"1"))
    assert (_sent(engine), the_request().status) == ([], RequestStatus.TO_DISPATCH)
    assert _resume(name="sip-worker")
    assert [sent.body for sent in engine.dispatches()] == [b"1"]


def test_it_holds_what_becomes_due_what_is_retried_and_what_waited(engine: Engine, office: Office) -> None:
    a_worker_type(a_tenant())
    engine.submit(a_submission("waited"))
    engine.beat(a_beat())
    engine.submit(a_submission("postponed"), a_submission("failed"))
    engine.answer(
        an_answer("RETRY_LATER", request_id="postponed", retry_after=30),
        an_answer("ERROR", request_id="failed"),
        an_answer("REDELIVERED", request_id="waited"),
    )
    engine.forget()
    _pause()
    engine.answer(an_answer("REDELIVERED", request_id="waited"))
    engine.redispatch(at=later(30))
    retry(office, Tenant.objects.get())
    assert _sent(engine) == []
    assert set(every(Request).values_list("status", "due_at")) == {(RequestStatus.TO_DISPATCH, None)}
    _resume()
    assert sorted(_sent(engine)) == ["failed", "postponed", "waited"]


def test_it_holds_one_tenants_requests_and_lets_the_others_pass(engine: Engine) -> None:
    _ready("demo", "other", limit=2)
    _pause()
    engine.submit(*submissions(5), *submissions(3, tenant="other", name="o"))
    assert _sent(engine) == ["o-0", "o-1"]
    engine.answer(an_answer(request_id="o-0", tenant="other"))
    assert _sent(engine) == ["o-0", "o-1", "o-2"]
    engine.submit(a_submission("late", tenant="other"))
    engine.answer(an_answer(request_id="o-1", tenant="other"), an_answer(request_id="o-2", tenant="other"))
    assert _sent(engine)[3:] == ["late"]


def test_it_holds_one_content_type_and_lets_the_others_pass(engine: Engine) -> None:
    _ready(limit=2, inputs=["unzip", "untar"])
    _pause(_CONTENT, "unzip")
    engine.submit(*submissions(3), a_submission("tar", content_type="untar"))
    engine.submit(a_submission("tar-2", content_type="untar"))
    assert _sent(engine) == ["tar", "tar-2"]


def test_it_keeps_the_limit_when_it_is_resumed(engine: Engine) -> None:
    _ready(limit=2)
    _pause()
    engine.submit(*submissions(5))
    _resume()
    assert _sent(engine) == ["r-0", "r-1"]


def test_it_stays_paused_while_the_other_pause_lasts(engine: Engine) -> None:
    _ready()
    _pause()
    _pause(tenant=None)
    engine.submit(a_submission())
    assert _resume()
    assert _sent(engine) == []
    assert not _resume()
    assert _resume(tenant=None)
    assert _sent(engine) == ["r-1"]


def test_it_does_not_end_a_pause_of_somebody_else(engine: Engine) -> None:
    _ready("demo", "other")
    _pause()
    assert not _resume(tenant="other")
    assert not _resume(tenant=None)
    engine.submit(a_submission())
    assert _sent(engine) == []


def test_it_pauses_once_and_says_since_when() -> None:
    _ready()
    first = _pause()
    again = pauses.pause(kind=_TYPE, name="unzip-worker", tenant=_tenant(), actor=ADA, at=later(9))
    assert (first["since"], again["since"], every(Pause).count()) == (AT, AT, 1)
    _resume()
    _resume()
    trail = AuditEntry.objects.order_by("pk").values_list("action", "tenant", "target", "actor")
    assert list(trail) == [
        ("worker_type.paused", "demo", "unzip-worker", "ada"),
        ("worker_type.resumed", "demo", "unzip-worker", "ada"),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (_TYPE, "unzip", "There is no worker type unzip: configured or alive ones can be paused"),
        (_CONTENT, "unzip-worker", "There is no content type unzip-worker: configured ones can be paused"),
    ],
)
def test_it_refuses_what_nobody_knows(kind: PauseKind, name: str, text: str) -> None:
    _ready()
    with pytest.raises(NothingToPause, match=text):
        _pause(kind, name)


def test_it_knows_fleets_and_workflows_as_well() -> None:
    a_workflow(a_tenant())
    live_workers("foreign")
    _pause(name="foreign")
    _pause(_CONTENT, "ingest")
    assert [row["name"] for row in pauses.list_pauses(tenant=_tenant())] == ["ingest", "foreign"]


def test_it_lists_its_own_and_those_of_the_platform() -> None:
    _ready("demo", "other")
    _pause(tenant="other")
    _pause(_CONTENT, "unzip")
    _pause(tenant=None)
    mine = pauses.list_pauses(tenant=_tenant())
    assert [(row["kind"], row["tenant"]) for row in mine] == [(_CONTENT, "demo"), (_TYPE, None)]
    assert len(pauses.list_pauses(tenant=None)) == 3
