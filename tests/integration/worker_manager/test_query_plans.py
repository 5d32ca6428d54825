"""No statement reads all requests, or the whole history, where both are big: the plans of PostgreSQL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
from pytest_django import Settings

from regards_processing.kernel.db.text_lookups import MatchMode
from regards_processing.kernel.rest.filters import DateRange, TextFilter
from regards_processing.kernel.rest.pages import Order, PageRequest
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.messages import a_beat, a_dead_letter, a_submission, an_answer, submissions
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, a_workflow, later, live_workers
from tests.fakes.engine import Engine, committing
from tests.fakes.jobs_office import ADA, Office
from tests.fakes.operators import excluding, including
from tests.integration.worker_manager import plans
from worker_manager import history_searches, measures, searches
from worker_manager.events.session_deleted import SessionsDeleted
from worker_manager.history_filter import HistoryFilter
from worker_manager.request_filter import RequestFilter
from worker_manager.services import (
    cancellation,
    deletion,
    explanation,
    fleets,
    orders,
    retries,
    session_deletion,
)
from worker_manager.services.history import forget_finished

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.usefixtures("statements_apart")]

#: Requests, and finished ones, of the tenant that is looked at, and of all others together.
#: To count what a tenant has is to read all that it has: here that is a small part.
_OWN, _OTHERS = 6_000, 36_000
_BULK = 100
#: Rows that may be read for 20 requests that are named: to count them, to show them, to move them.
_MOST_READ = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the statements of a test are asked among."""

    tenant: Tenant
    engine: Engine
    office: Office


@pytest.fixture
def scene(engine: Engine, office: Office, settings: Settings) -> Scene:
    """Give a crowd of requests and a long history, some requests that are worked on, and live workers."""
    # A page of the usual size would be a good part of these tables, and worth reading them whole.
    settings.SWEEP_PAGE = _BULK
    # Two pages are older.
    settings.HISTORY_KEPT = 60 * (_OTHERS - 2 * _BULK)
    plans.empty()
    tenant, other = a_tenant(), a_tenant(name="other")
    a_worker_type(tenant)
    a_worker_type(tenant, worker_type="worker-7", inputs=["type-7"])
    a_workflow(tenant)
    plans.fill(tenant_id=tenant.pk, count=_OWN)
    plans.fill(tenant_id=other.pk, count=_OTHERS)
    plans.analyse()
    live_workers("unzip-worker", "sip-worker", "worker-7")
    engine.submit(*submissions(_BULK), *submissions(_BULK, content_type="ingest", name="w"))
    return Scene(tenant=tenant, engine=engine, office=office)


def _answers(status: str, name: str = "r") -> Callable[[Scene], object]:
    answers = [an_answer(status, request_id=f"{name}-{number}", content=b"1") for number in range(_BULK)]
    return lambda scene: scene.engine.answer(*answers)


def _ordered(give: Callable[..., object], wanted: RequestFilter) -> Callable[[Scene], object]:
    def carried_out(scene: Scene) -> None:
        with committing(execute=True):
            give(tenant=scene.tenant, wanted=wanted, actor=ADA, at=AT)
        scene.office.run_sent()

    return carried_out


def _deleted(*, session: str | None) -> Callable[[Scene], object]:
    deleted = SessionsDeleted(tenant="demo", source="source-7", session=session)

    def carried_out(scene: Scene) -> None:
        with committing(execute=True):
            session_deletion.order_deletions(deletions=[deleted], at=AT)
        scene.office.run_sent()

    return carried_out


def _searched(wanted: RequestFilter, *sort: str) -> Callable[[Scene], object]:
    return lambda scene: searches.page_of(
        tenant=scene.tenant, wanted=wanted, page=_page(searches.SORTING.read(list(sort)))
    )


def _looked_back(wanted: HistoryFilter, *sort: str) -> Callable[[Scene], object]:
    return lambda scene: history_searches.page_of(
        tenant=scene.tenant, wanted=wanted, page=_page(history_searches.SORTING.read(list(sort)))
    )


def _page(sort: tuple[Order, ...]) -> PageRequest:
    return PageRequest(number=0, size=20, orders=sort)


_ERRORS = RequestFilter(statuses=including("ERROR"))
_TYPE = RequestFilter(content_types=including("type-7"))
_RECENT = RequestFilter(creation_date=DateRange(after=later(-36_000)))
_EVERYTHING = RequestFilter()
_NAMED = RequestFilter(request_ids=including(*(f"crowd-{number}" for number in range(40, 60))))
_NAMED_ALONE = RequestFilter(request_id=TextFilter(text="crowd-47", match_mode=MatchMode.STRICT))

_HOT_PATH: dict[str, Callable[[Scene], object]] = {
    "submission": lambda scene: scene.engine.submit(*submissions(_BULK, name="new")),
    "submission delivered again": lambda scene: scene.engine.submit(
        *[a_submission(f"r-{number}", redelivered=True) for number in range(_BULK)]
    ),
    "running": _answers("RUNNING"),
    "success": _answers("SUCCESS"),
    "error": _answers("ERROR"),
    "workflow goes on": _answers("SUCCESS", "w"),
    "delivered again": _answers("REDELIVERED"),
    "dead letters": lambda scene: scene.engine.bury(*[a_dead_letter(f"r-{n}") for n in range(_BULK)]),
    "heartbeat of a new type": lambda scene: scene.engine.beat(a_beat("worker-8")),
}
_SWEEPS: dict[str, Callable[[Scene], object]] = {
    "waiting requests": lambda scene: scene.engine.redispatch(),
    "due requests": lambda scene: scene.engine.redispatch(at=AT + timedelta(days=2)),
    "silent requests": lambda scene: scene.engine.rescue(),
    "old history": lambda _scene: forget_finished(at=AT),
}
_ORDERS: dict[str, Callable[[Scene], object]] = {
    "retry of a status": _ordered(retries.order_retry, _ERRORS),
    "retry of a content type": _ordered(retries.order_retry, _TYPE),
    "retry of everything": _ordered(retries.order_retry, _EVERYTHING),
    "retry from the first step": _ordered(partial(retries.order_retry, start=orders.Start.FIRST), _ERRORS),
    "retry of request ids": _ordered(retries.order_retry, _NAMED),
    "deletion of request ids": _ordered(deletion.order_deletion, _NAMED),
    "deletion of a request id": _ordered(deletion.order_deletion, _NAMED_ALONE),
    "deletion of a status": _ordered(deletion.order_deletion, _ERRORS),
    "deletion of recent ones": _ordered(deletion.order_deletion, _RECENT),
    "deletion of a session": _deleted(session="session-7"),
    "deletion of a source": _deleted(session=None),
    "cancellation of a status": _ordered(
        cancellation.order_cancellation, RequestFilter(statuses=including("RUNNING"))
    ),
    "cancellation of request ids": _ordered(cancellation.order_cancellation, _NAMED),
    "preview of request ids": lambda scene: orders.count_eligible(tenant=scene.tenant, wanted=_NAMED),
    "preview": lambda scene: orders.count_eligible(tenant=scene.tenant, wanted=_EVERYTHING),
    "preview without a status": lambda scene: orders.count_eligible(
        tenant=scene.tenant, wanted=RequestFilter(statuses=excluding("ERROR"))
    ),
}
_COUNTS: dict[str, Callable[[Scene], object]] = {
    "all of a tenant": lambda scene: searches.counts_of(tenant=scene.tenant, wanted=_EVERYTHING),
    "of a content type": lambda scene: searches.counts_of(tenant=scene.tenant, wanted=_TYPE),
}
_SEARCHES: dict[str, Callable[[Scene], object]] = {
    "one request": lambda scene: searches.by_request_id(tenant=scene.tenant, request_id="crowd-7"),
    "why it waits": lambda scene: explanation.explain(tenant=scene.tenant, request_id="crowd-50", at=AT),
    "page of everything": _searched(_EVERYTHING),
    "page of everything, newest first": _searched(_EVERYTHING, "creationDate,desc"),
    "page of a status": _searched(_ERRORS),
    "page of a content type": _searched(_TYPE),
    "page of recent ones": _searched(_RECENT),
    "page of request ids": _searched(_NAMED),
    "page of a request id": _searched(_NAMED_ALONE),
    "counts of request ids": lambda scene: searches.counts_of(tenant=scene.tenant, wanted=_NAMED),
    "page of ids": _searched(RequestFilter(ids=including(1, 2, 3))),
    "page of a source and session": _searched(
        RequestFilter(source=TextFilter(text="source-7"), session=TextFilter(text="session-7"))
    ),
    "counts of everything": lambda scene: searches.counts_of(tenant=scene.tenant, wanted=_EVERYTHING),
    "counts of a content type": lambda scene: searches.counts_of(tenant=scene.tenant, wanted=_TYPE),
    "fleets": lambda scene: fleets.list_fleets(tenant=scene.tenant, at=AT),
    "one fleet": lambda scene: fleets.read_fleet(tenant=scene.tenant, worker_type="unzip-worker", at=AT),
    "fleets of all tenants": lambda _scene: fleets.list_fleets(tenant=None, at=AT),
    "one fleet of all tenants": lambda _scene: fleets.read_fleet(
        tenant=None, worker_type="unzip-worker", at=AT
    ),
    "measures of flow control": lambda _scene: list(measures.flow(AT)),
    "history": _looked_back(HistoryFilter()),
    "history by id": _looked_back(HistoryFilter(), "requestId,asc"),
    "history of request ids": _looked_back(
        HistoryFilter(request_ids=including(*(f"past-{number}" for number in range(20))))
    ),
    "history of a content type": _looked_back(HistoryFilter(content_types=including("type-7"))),
    "lives of an id": lambda scene: history_searches.by_request_id(tenant=scene.tenant, request_id="past-7"),
}


def test_it_reads_no_table_whole(scene: Scene) -> None:
    actions = _HOT_PATH | _SWEEPS | _ORDERS | _COUNTS | _SEARCHES
    found = {name: plans.whole_reads(partial(act, scene)) for name, act in actions.items()}
    assert {name: statements for name, statements in found.items() if statements} == {}


@pytest.mark.parametrize(
    "look",
    [
        "page of request ids",
        "page of a request id",
        "counts of request ids",
        "history of request ids",
        "preview of request ids",
    ],
)
def test_it_reads_the_requests_that_are_named_alone(scene: Scene, look: str) -> None:
    plans.without_settings()
    before = plans.rows_read()
    (_SEARCHES | _ORDERS)[look](scene)
    assert plans.rows_read() - before <= _MOST_READ


@pytest.mark.parametrize(
    "give",
    [
        partial(retries.order_retry, wanted=_NAMED),
        partial(deletion.order_deletion, wanted=_NAMED),
        partial(cancellation.order_cancellation, wanted=_NAMED),
    ],
    ids=["retry", "deletion", "cancellation"],
)
def test_it_carries_out_an_order_of_named_requests_without_a_look_at_others(
    scene: Scene, give: Callable[..., object]
) -> None:
    with committing(execute=True):
        give(tenant=scene.tenant, actor=ADA, at=AT)
    plans.without_settings()
    before = plans.rows_read()
    scene.office.run_sent()
    assert plans.rows_read() - before <= _MOST_READ
