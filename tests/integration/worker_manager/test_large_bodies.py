"""Of the bodies in the table a bulk reads as many as it may have in its memory; the others stay held."""

from itertools import chain
from typing import Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.amqp.envelope import unpack
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.messages import a_beat, a_submission, an_answer
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, later, live_workers
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office
from tests.fakes.operators import retry
from worker_manager.models import Request, WorkerInstance
from worker_manager.services.orders import Start
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db

#: Bytes of a body.
_SIZE: Final = 900
#: Bodies that a bulk may read.
_ROOM: Final = 2
_COUNT: Final = 5
_ALL: Final = [f"r-{number}" for number in range(_COUNT)]


@pytest.fixture(autouse=True)
def _room(settings: Settings) -> None:
    settings.BULK_MAX_BYTES = _ROOM * _SIZE + 100
    settings.QUEUE_TIMEOUT = 300


def _body(request_id: str) -> bytes:
    return request_id.encode().ljust(_SIZE)


def _submit(engine: Engine, *, content_type: str = "unzip", count: int = _COUNT) -> None:
    engine.submit(
        *(a_submission(name, content=_body(name), content_type=content_type) for name in _ALL[:count])
    )


def _waiting(engine: Engine) -> None:
    """Store requests that wait for their worker, which is there now."""
    a_worker_type(a_tenant())
    _submit(engine)
    live_workers("unzip-worker")
    engine.forget()


def _dispatched(engine: Engine) -> Tenant:
    tenant = a_tenant()
    a_worker_type(tenant)
    live_workers("unzip-worker")
    _submit(engine)
    engine.forget()
    return tenant


def _statuses() -> list[str]:
    return list(every(Request).order_by("pk").values_list("status", flat=True))


def _some(count: int) -> list[RequestStatus]:
    """Return the statuses of requests of which so many were dispatched and the others are held."""
    return [RequestStatus.DISPATCHED] * count + [RequestStatus.TO_DISPATCH] * (_COUNT - count)


def _sent(engine: Engine) -> list[bytes]:
    return [sent.body for sent in engine.dispatches()]


def _every_body() -> list[bytes]:
    return [_body(name) for name in _ALL]


def test_it_takes_up_what_waits_page_by_page(engine: Engine) -> None:
    a_worker_type(a_tenant())
    _submit(engine)
    engine.forget()
    # One page of those that wait, and one of those that are held.
    engine.beat(a_beat(beaten_at=later(1)), at=later(1))
    assert _statuses() == _some(2 * _ROOM)
    assert engine.redispatch(at=later(2)) == 1
    assert (_statuses(), _sent(engine)) == (_some(_COUNT), _every_body())
    assert engine.states() == [(name, "GRANTED") for name in _ALL]
    assert engine.redispatch(at=later(3)) == 0


def test_it_takes_up_all_with_one_sweep(engine: Engine) -> None:
    _waiting(engine)
    engine.redispatch()
    assert (_statuses(), _sent(engine)) == (_some(_COUNT), _every_body())


def test_it_takes_up_one_after_the_other_what_is_larger_than_that(engine: Engine, settings: Settings) -> None:
    settings.BULK_MAX_BYTES = _SIZE // 2
    _waiting(engine)
    engine.redispatch()
    assert (_statuses(), _sent(engine)) == (_some(_COUNT), _every_body())


def test_it_lets_small_ones_pass(engine: Engine) -> None:
    a_worker_type(a_tenant())
    _submit(engine)
    engine.submit(a_submission("small", content=b"{}"))
    engine.beat(a_beat(beaten_at=later(1)), at=later(1))
    first, second, third, fourth, _ = _every_body()
    assert _sent(engine) == [first, second, b"{}", third, fourth]


def test_it_writes_no_outbox_entry_that_is_larger(engine: Engine, settings: Settings) -> None:
    _waiting(engine)
    engine.broker.down = True
    engine.redispatch()
    entries = [unpack(bytes(entry.messages)) for entry in OutboxEntry.objects.order_by("pk")]
    assert all(sum(len(message.body) for message in entry) <= settings.BULK_MAX_BYTES for entry in entries)
    to_workers = [message.body for message in chain.from_iterable(entries) if message.worker_type]
    assert to_workers == _every_body()


def test_it_holds_branches_for_which_there_is_no_room(engine: Engine, settings: Settings) -> None:
    settings.BULK_MAX_BYTES = _SIZE
    a_workflow(a_tenant(), steps={1: ("unzip-worker", "sip-worker", "store-worker")})
    _submit(engine, content_type="ingest", count=1)
    live_workers("sip-worker", "store-worker")
    # One page of those that wait, and one of those that are held.
    engine.beat(a_beat("unzip-worker", beaten_at=later(1)), at=later(1))
    assert _sent(engine) == [_body("r-0")] * 2
    assert engine.redispatch(at=later(1)) == 1
    assert _sent(engine) == [_body("r-0")] * 3
    assert len({sent.worker_type for sent in engine.dispatches()}) == 3


def test_it_rescues_what_nobody_took(engine: Engine) -> None:
    _dispatched(engine)
    WorkerInstance.objects.update(beaten_at=later(301))
    assert engine.rescue(at=later(301)) == _COUNT
    assert _statuses() == _some(_ROOM)
    engine.redispatch(at=later(301))
    assert (_statuses(), _sent(engine)) == (_some(_COUNT), _every_body())
    assert set(every(Request).values_list("attempt", "lost_attempts")) == {(2, 1)}


def test_it_retries_by_filter(engine: Engine, office: Office) -> None:
    tenant = _dispatched(engine)
    engine.answer(*(an_answer("ERROR", request_id=name) for name in _ALL))
    job = retry(office, tenant)
    assert (job.done, job.outcome) == (_COUNT, {"dispatched": _ROOM, "waiting": _COUNT - _ROOM})
    assert _statuses() == _some(_ROOM)
    engine.redispatch()
    assert (_statuses(), _sent(engine)) == (_some(_COUNT), _every_body())


@pytest.mark.parametrize(("start", "at_once"), [(Start.FAILED, _COUNT), (Start.FIRST, _ROOM)])
def test_it_retries_with_the_size_of_what_is_read(
    engine: Engine, office: Office, start: Start, at_once: int
) -> None:
    tenant = a_tenant()
    a_workflow(tenant)
    live_workers("unzip-worker", "sip-worker")
    _submit(engine, content_type="ingest")
    engine.answer(*(an_answer(request_id=name, content=b"small") for name in _ALL))
    engine.answer(*(an_answer("ERROR", request_id=name) for name in _ALL))
    engine.forget()
    retry(office, tenant, start=start)
    assert _statuses() == _some(at_once)


def test_it_opens_new_attempts(engine: Engine) -> None:
    _dispatched(engine)
    engine.answer(*(an_answer("REDELIVERED", request_id=name) for name in _ALL))
    assert _statuses() == _some(_ROOM)
    engine.redispatch()
    assert (_statuses(), _sent(engine)) == (_some(_COUNT), _every_body())


def test_it_gives_free_places_to_held_requests_bulk_by_bulk(engine: Engine) -> None:
    a_worker_type(a_tenant(), max_in_flight=3)
    live_workers("unzip-worker")
    engine.submit(*(a_submission(f"before-{number}") for number in range(3)))
    _submit(engine)
    engine.forget()
    engine.answer(*(an_answer(request_id=f"before-{number}") for number in range(3)))
    assert (_statuses(), _sent(engine)) == (_some(2), _every_body()[:2])
    # The place that was left is given away with the next one that becomes free.
    engine.answer(an_answer(request_id="r-0"))
    assert _sent(engine) == _every_body()[:4]
    engine.answer(*(an_answer(request_id=name) for name in _ALL[1:4]))
    assert _sent(engine) == _every_body()


@pytest.mark.usefixtures("statements_apart")
@pytest.mark.parametrize("step", ["sip-worker", ("sip-worker", "store-worker")])
def test_it_holds_and_reads_nothing_that_has_just_come_in(
    engine: Engine, step: str | tuple[str, ...]
) -> None:
    a_workflow(a_tenant(), steps={1: "unzip-worker", 2: step})
    live_workers("unzip-worker", "sip-worker", "store-worker")
    _submit(engine, content_type="ingest")
    engine.forget()
    answers = [an_answer(request_id=name, content=_body(name)) for name in _ALL]
    with CaptureQueriesContext(connection) as captured:
        engine.answer(*answers)
    assert set(_statuses()) == {RequestStatus.DISPATCHED}
    assert set(_sent(engine)) == set(_every_body())
    assert not [query for query in captured.captured_queries if '."content"' in query["sql"]]


def test_it_gathers_no_more_at_once_than_it_may_read(engine: Engine, settings: Settings) -> None:
    settings.BULK_MAX_BYTES = 2 * _SIZE
    a_workflow(a_tenant(), steps={1: ("unzip-worker", "sip-worker"), 2: "store-worker"})
    live_workers("unzip-worker", "sip-worker", "store-worker")
    _submit(engine, content_type="ingest")
    answers = [
        an_answer(
            request_id=sent.headers["regards.request.id"], content=_body(""), dispatch_id=sent.message_id
        )
        for sent in sorted(engine.dispatches(), key=lambda sent: str(sent.worker_type))
    ]
    engine.answer(*answers[:_COUNT])
    engine.forget()
    with CaptureQueriesContext(connection) as captured:
        engine.answer(*answers[_COUNT:])
    told = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    gathered = [sql for sql in told if '"workermanager_branch"."stored_content"' in sql]
    assert [len(gathered), len(engine.dispatches())] == [3, _COUNT]
