"""No worker type gets more than it may have; the rest is held, and goes as soon as there is a place."""

from collections import Counter

import pytest
from pytest_django import Settings

from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.messages import a_beat, a_dead_letter, a_submission, an_answer, submissions
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
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office
from tests.fakes.operators import retry
from worker_manager.models import Request, WorkerInstance
from worker_manager.services.waiting import release_held
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db

_HELD, _SENT = RequestStatus.TO_DISPATCH, RequestStatus.DISPATCHED


def _ready(
    limit: int | None = 2, *, tenants: tuple[str, ...] = ("demo",), run_seconds: float | None = None
) -> None:
    for name in tenants:
        a_worker_type(a_tenant(name=name), max_in_flight=limit)
    live_workers("unzip-worker", run_seconds=run_seconds)


def _sent(engine: Engine) -> list[str]:
    """Return the requests that were sent to workers, oldest first."""
    return [str(sent.headers["regards.request.id"]) for sent in engine.dispatches()]


def _statuses() -> dict[str, int]:
    return Counter(every(Request).values_list("status", flat=True))


def _in_flight(tenant: str) -> int:
    return every(Request).filter(tenant__name=tenant, status=_SENT).count()


def test_it_holds_what_is_beyond_the_limit_and_says_granted(engine: Engine) -> None:
    _ready(2)
    engine.submit(*submissions(5))
    assert _sent(engine) == ["r-0", "r-1"]
    assert _statuses() == {_SENT: 2, _HELD: 3}
    assert engine.states() == [(f"r-{number}", "GRANTED") for number in range(5)]
    assert {response.worker_type for response in engine.responses()} == {"unzip-worker"}
    held = the_request("r-4")
    assert (held.attempt, held.due_at, held.step_worker_type) == (0, None, "unzip-worker")


def test_it_releases_as_many_as_answers_make_places_and_says_nothing_more(engine: Engine) -> None:
    _ready(2)
    engine.submit(*submissions(5))
    engine.forget()
    engine.answer(an_answer(request_id="r-0"), an_answer("RUNNING", request_id="r-1"))
    assert _sent(engine) == ["r-2"]
    assert engine.states() == [("r-0", "SUCCESS")]
    (sent,) = engine.dispatches()
    assert (sent.body, sent.message_id) == (b'{"file":"a.zip"}', f"{the_request('r-2').pk}:0:1")


@pytest.mark.parametrize("status", ["ERROR", "INVALID_CONTENT", "RETRY_LATER", "SUCCESS"])
def test_it_takes_every_end_of_an_attempt_for_a_place(engine: Engine, status: str) -> None:
    _ready(1)
    engine.submit(*submissions(2))
    engine.forget()
    engine.answer(an_answer(status, request_id="r-0", retry_after=60))
    assert _sent(engine) == ["r-1"]


def test_it_takes_a_dead_letter_for_a_place(engine: Engine) -> None:
    _ready(1)
    engine.submit(*submissions(2))
    engine.forget()
    engine.bury(a_dead_letter("r-0"))
    assert _sent(engine) == ["r-1"]


def test_it_sends_everything_once_in_the_end(engine: Engine) -> None:
    _ready(3)
    engine.submit(*submissions(10))
    for number in range(10):
        engine.answer(an_answer(request_id=f"r-{number}"))
    assert _sent(engine) == [f"r-{number}" for number in range(10)]
    assert not every(Request).exists()


def test_it_does_not_let_new_requests_overtake(engine: Engine) -> None:
    _ready(2)
    engine.submit(*submissions(3))
    every(Request).filter(request_id="r-0").delete()
    engine.forget()
    engine.submit(a_submission("late"))
    assert _sent(engine) == []
    engine.redispatch()
    assert _sent(engine) == ["r-2"]


def test_it_lets_the_next_step_wait_for_its_turn(engine: Engine) -> None:
    tenant = a_tenant()
    a_workflow(tenant)
    a_worker_type(tenant, worker_type="sip-worker", inputs=["tree"], max_in_flight=1)
    live_workers("unzip-worker", "sip-worker")
    engine.submit(*submissions(3, content_type="ingest"))
    engine.forget()
    engine.answer(*(an_answer(request_id=f"r-{number}", content=b"%d" % number) for number in range(3)))
    assert _sent(engine) == ["r-0"]
    assert [state for _, state in engine.states()] == ["GRANTED"] * 3
    engine.forget()
    engine.answer(an_answer(request_id="r-0"))
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.body) == ("regards.worker.sip-worker.request", b"1")


def test_it_limits_a_type_by_what_its_fleet_states(engine: Engine, settings: Settings) -> None:
    settings.IN_FLIGHT_FACTOR = 3
    a_worker_type(a_tenant())
    live_workers("unzip-worker", worker_id="a", concurrency=2, prefetch=1)
    live_workers("unzip-worker", worker_id="b", concurrency=1, prefetch=0)
    live_workers("unzip-worker", worker_id="dead", concurrency=100, at=later(-100))
    engine.submit(*submissions(20))
    assert len(_sent(engine)) == 3 * (2 * 2 + 1)


@pytest.mark.parametrize(
    ("run_seconds", "sent"), [(None, 16), (0.049, 16), (0.05, 4), (0.1, 3), (0.3, 2), (3600.0, 2)]
)
def test_it_sends_little_more_than_is_run_of_work_that_lasts(
    engine: Engine, run_seconds: float | None, sent: int
) -> None:
    a_worker_type(a_tenant())
    engine.beat(a_beat(concurrency=2, run_seconds=run_seconds))
    engine.submit(*submissions(20))
    assert len(_sent(engine)) == sent


def test_it_adds_up_what_each_instance_needs(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.beat(
        a_beat(worker_id="slow", concurrency=3, run_seconds=60.0), a_beat(worker_id="new", concurrency=1)
    )
    engine.submit(*submissions(20))
    assert len(_sent(engine)) == 3 + 8


def test_it_may_leave_it_to_the_factor_however_long_work_takes(engine: Engine, settings: Settings) -> None:
    settings.IN_FLIGHT_ROUND_TRIP = 0
    a_worker_type(a_tenant())
    engine.beat(a_beat(concurrency=2, run_seconds=60.0))
    engine.submit(*submissions(20))
    assert len(_sent(engine)) == 16


@pytest.mark.parametrize(("unstated", "sent"), [(0, 9), (4, 4)])
def test_it_knows_no_limit_where_an_instance_states_nothing(
    engine: Engine, settings: Settings, unstated: int, sent: int
) -> None:
    settings.IN_FLIGHT_UNSTATED = unstated
    a_worker_type(a_tenant())
    live_workers("unzip-worker", worker_id="ours", concurrency=1)
    live_workers("unzip-worker", worker_id="foreign")
    engine.submit(*submissions(9))
    assert len(_sent(engine)) == sent


def test_it_takes_the_smallest_limit_of_all_active_tenants(engine: Engine) -> None:
    _ready(3)
    a_worker_type(a_tenant(name="stricter"), max_in_flight=2)
    a_worker_type(a_tenant(name="asleep", active=False), max_in_flight=1)
    engine.submit(*submissions(5))
    assert len(_sent(engine)) == 2


def test_it_releases_when_the_fleet_grows(engine: Engine, settings: Settings) -> None:
    settings.IN_FLIGHT_FACTOR = 1
    a_worker_type(a_tenant())
    engine.beat(a_beat(worker_id="a", concurrency=1, prefetch=0))
    engine.submit(*submissions(4))
    assert len(_sent(engine)) == 1
    engine.beat(a_beat(worker_id="b", concurrency=1, prefetch=1))
    assert _sent(engine) == ["r-0", "r-1", "r-2"]
    engine.beat(a_beat(worker_id="b", concurrency=1, prefetch=1))
    assert len(_sent(engine)) == 3


def test_it_releases_by_the_sweep_when_the_limit_is_raised_or_gone(
    engine: Engine, settings: Settings
) -> None:
    settings.SWEEP_PAGE = 2
    _ready(1)
    engine.submit(*submissions(9))
    every_type = Tenant.objects.get().worker_types
    every_type.update(max_in_flight=3)
    assert engine.redispatch() == 2
    every_type.update(max_in_flight=None)
    assert engine.redispatch() == 6
    assert _sent(engine) == [f"r-{number}" for number in range(9)]


def test_it_holds_what_waited_for_a_worker_beyond_its_limit(engine: Engine) -> None:
    a_worker_type(a_tenant(), max_in_flight=2)
    engine.submit(*submissions(5))
    live_workers("unzip-worker")
    engine.forget()
    engine.redispatch()
    assert (_sent(engine), _statuses()) == (["r-0", "r-1"], {_SENT: 2, _HELD: 3})
    assert [state for _, state in engine.states()] == ["GRANTED"] * 5


def test_it_holds_a_request_that_is_due_while_there_is_no_place(engine: Engine) -> None:
    _ready(1)
    engine.submit(*submissions(2))
    engine.answer(an_answer("RETRY_LATER", request_id="r-0", retry_after=30))
    engine.forget()
    engine.redispatch(at=later(30))
    assert (_sent(engine), the_request("r-0").due_at) == ([], None)
    engine.answer(an_answer(request_id="r-1"), at=later(31))
    assert _sent(engine) == ["r-0"]


def test_it_counts_a_lost_attempt_once(engine: Engine) -> None:
    _ready(2)
    engine.submit(*submissions(3))
    engine.forget()
    engine.answer(an_answer("REDELIVERED", request_id="r-0"))
    assert (_sent(engine), _statuses()) == (["r-0"], {_SENT: 2, _HELD: 1})


def test_it_paces_retries(engine: Engine, office: Office) -> None:
    _ready(2)
    engine.submit(*submissions(2))
    engine.answer(*(an_answer("ERROR", request_id=f"r-{number}") for number in range(2)))
    engine.submit(a_submission("running"))
    engine.forget()
    retry(office, Tenant.objects.get())
    assert _statuses() == {_SENT: 2, _HELD: 1}
    assert [state for _, state in engine.states()] == ["GRANTED"] * 2


def test_it_drops_an_answer_to_a_held_request(engine: Engine) -> None:
    _ready(1)
    engine.submit(*submissions(2))
    (dropped,) = engine.answer(an_answer(request_id="r-1"))
    assert dropped.reason.endswith("the request awaits no answer, it is TO_DISPATCH")


def test_it_keeps_what_is_held_while_the_fleet_is_away(engine: Engine) -> None:
    _ready(1)
    engine.submit(*submissions(2))
    WorkerInstance.objects.all().delete()
    engine.answer(an_answer(request_id="r-0"))
    assert the_request("r-1").status == _HELD
    engine.beat(a_beat())
    assert the_request("r-1").status == _SENT


def test_it_keeps_what_is_held_of_a_tenant_that_sleeps(engine: Engine) -> None:
    _ready(1, tenants=("demo", "other"))
    engine.submit(a_submission("r-0", tenant="other"))
    engine.submit(a_submission("r-1"))
    Tenant.objects.filter(name="demo").update(active=False)
    engine.answer(an_answer(request_id="r-0", tenant="other"))
    assert the_request("r-1").status == _HELD
    Tenant.objects.update(active=True)
    engine.redispatch()
    assert the_request("r-1").status == _SENT


def test_it_sends_higher_priorities_first_then_older_ones(engine: Engine) -> None:
    _ready(1)
    engine.submit(a_submission("first"))
    for name, priority in (("a", None), ("b", 5), ("c", 1), ("d", 5), ("e", 255)):
        engine.submit(a_submission(name, priority=priority))
    for name in ("first", "e", "b", "d", "c"):
        engine.answer(an_answer(request_id=name))
    assert _sent(engine) == ["first", "e", "b", "d", "c", "a"]


def test_it_takes_the_configured_priority_where_the_client_gave_none(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, priority=7)
    a_workflow(tenant, priority=9)
    engine.submit(
        a_submission("single"),
        a_submission("chain", content_type="ingest"),
        a_submission("zero", priority=0),
        a_submission("unknown", content_type="nobody's"),
    )
    found = dict(every(Request).values_list("request_id", "priority"))
    assert found == {"single": 7, "chain": 9, "zero": 0, "unknown": 0}


def test_it_shares_a_type_between_tenants(engine: Engine) -> None:
    _ready(4, tenants=("greedy", "modest"))
    engine.submit(*submissions(40, tenant="greedy", name="g"))
    engine.submit(*submissions(3, tenant="modest", name="m"))
    assert (_in_flight("greedy"), _in_flight("modest")) == (4, 0)
    for number in range(2):
        engine.answer(an_answer(request_id=f"g-{number}", tenant="greedy"))
    assert (_in_flight("greedy"), _in_flight("modest")) == (2, 2)
    engine.answer(an_answer(request_id="m-0", tenant="modest"))
    engine.answer(an_answer(request_id="m-1", tenant="modest"), an_answer(request_id="m-2", tenant="modest"))
    assert (_in_flight("greedy"), _in_flight("modest")) == (4, 0)


def test_it_starts_a_tenants_request_before_the_rest_of_anothers_flood(engine: Engine) -> None:
    _ready(4, tenants=("flood", "calm"))
    engine.submit(*submissions(300, tenant="flood", name="f"))
    engine.forget()
    engine.submit(a_submission("mine", tenant="calm"))
    engine.answer(an_answer(request_id="f-0", tenant="flood"))
    # Ahead of it is what was in flight when it came: one window of work, however long the flood is.
    assert _sent(engine) == ["mine"]


def test_it_gives_what_a_tenant_leaves_over_to_the_others(engine: Engine) -> None:
    _ready(6, tenants=("demo", "one", "many"))
    engine.submit(*submissions(6))
    engine.submit(a_submission("o-0", tenant="one"), *submissions(20, tenant="many", name="m"))
    engine.answer(*(an_answer(request_id=f"r-{number}") for number in range(6)))
    assert (_in_flight("one"), _in_flight("many")) == (1, 5)


def _flooded(engine: Engine, *, limit: int, run_seconds: float = 1.0) -> None:
    """Have a request of one tenant in flight, and as many of another one's flood as there are places left."""
    _ready(limit, tenants=("calm", "flood"), run_seconds=run_seconds)
    engine.submit(a_submission("c-0", tenant="calm"))
    engine.submit(*submissions(limit - 1, tenant="flood", name="early"))
    engine.submit(*submissions(300, tenant="flood", name="f"))
    engine.forget()


def test_a_tenant_that_comes_back_finds_the_place_that_it_gave_back(engine: Engine) -> None:
    _flooded(engine, limit=2)
    for number in range(3):
        engine.answer(an_answer(request_id=f"c-{number}", tenant="calm"))
        engine.submit(a_submission(f"c-{number + 1}", tenant="calm"))
    assert _sent(engine) == ["c-1", "c-2", "c-3"]


def test_it_finds_it_too_when_the_flood_gives_back_one_at_the_same_time(engine: Engine) -> None:
    _flooded(engine, limit=2)
    engine.answer(an_answer(request_id="c-0", tenant="calm"), an_answer(request_id="early-0", tenant="flood"))
    engine.submit(*submissions(2, tenant="flood", name="late"), a_submission("c-1", tenant="calm"))
    assert _sent(engine) == ["f-0", "c-1"]


def test_who_comes_back_with_more_gets_its_share_and_no_more(engine: Engine) -> None:
    _flooded(engine, limit=4)
    engine.answer(an_answer(request_id="c-0", tenant="calm"))
    engine.submit(*submissions(3, tenant="calm", name="c"))
    assert (_in_flight("flood"), _in_flight("calm")) == (3, 1)


def test_it_finds_it_too_when_the_flood_gives_back_one_shortly_afterwards(engine: Engine) -> None:
    _flooded(engine, limit=2)
    for number in range(3):
        engine.answer(an_answer(request_id=f"c-{number}", tenant="calm"))
        engine.answer(an_answer(request_id=("early-0", "f-0", "f-1")[number], tenant="flood"), at=later(0.05))
        engine.submit(a_submission(f"c-{number + 1}", tenant="calm"), at=later(0.05))
    assert _sent(engine) == ["f-0", "c-1", "f-1", "c-2", "f-10", "c-3"]


def test_who_has_come_back_is_not_waited_for_again(engine: Engine) -> None:
    _flooded(engine, limit=3)
    engine.answer(an_answer(request_id="c-0", tenant="calm"))
    engine.submit(a_submission("c-1", tenant="calm"))
    engine.answer(an_answer(request_id="early-0", tenant="flood"))
    assert (_in_flight("flood"), _in_flight("calm")) == (2, 1)


def test_places_are_not_kept_for_who_holds_requests(engine: Engine) -> None:
    _ready(3, tenants=("calm", "flood"), run_seconds=1.0)
    engine.submit(*submissions(3, tenant="calm", name="c"), *submissions(300, tenant="flood", name="f"))
    engine.submit(a_submission("held", tenant="calm"))
    engine.answer(an_answer(request_id="c-0", tenant="calm"))
    engine.answer(an_answer(request_id="c-1", tenant="calm"))
    assert (_in_flight("flood"), _in_flight("calm")) == (1, 2)


def test_the_next_bulk_after_a_round_trip_gives_away_what_nobody_came_back_for(engine: Engine) -> None:
    _flooded(engine, limit=3)
    engine.answer(an_answer(request_id="c-0", tenant="calm"))
    engine.answer(an_answer(request_id="early-0", tenant="flood"), at=later(0.05))
    assert _in_flight("flood") == 2
    engine.answer(an_answer(request_id="early-1", tenant="flood"), at=later(0.06))
    assert _in_flight("flood") == 3


def test_another_manager_gives_it_away_with_its_next_bulk(engine: Engine) -> None:
    _flooded(engine, limit=3)
    engine.answer(an_answer(request_id="c-0", tenant="calm"))
    Engine(engine.broker).answer(an_answer(request_id="early-0", tenant="flood"))
    assert _in_flight("flood") == 3


def test_the_sweep_gives_away_what_nobody_came_back_for(engine: Engine) -> None:
    _flooded(engine, limit=2)
    engine.answer(an_answer(request_id="c-0", tenant="calm"))
    assert (_in_flight("flood"), release_held(at=AT), _in_flight("flood")) == (1, 1, 2)


@pytest.mark.parametrize(("milliseconds", "run_seconds"), [(50, 0.04), (0, 1.0)])
def test_a_place_of_short_work_is_not_kept(
    engine: Engine, settings: Settings, milliseconds: int, run_seconds: float
) -> None:
    settings.IN_FLIGHT_ROUND_TRIP = milliseconds / 1000
    _flooded(engine, limit=2, run_seconds=run_seconds)
    engine.answer(an_answer(request_id="c-0", tenant="calm"))
    assert _sent(engine) == ["f-0"]


def test_an_only_place_is_not_kept_for_anybody(engine: Engine) -> None:
    """There would be no bulk to give it away, but for the sweep."""
    _flooded(engine, limit=1)
    engine.answer(an_answer(request_id="c-0", tenant="calm"))
    assert _sent(engine) == ["f-0"]


def test_of_two_free_places_one_is_given_away_whoever_may_come_back(engine: Engine) -> None:
    _ready(2, tenants=("here", "there", "waits"), run_seconds=1.0)
    for name in ("here", "there"):
        engine.submit(a_submission(name, tenant=name))
    engine.submit(*submissions(300, tenant="waits", name="w"))
    engine.answer(*(an_answer(request_id=name, tenant=name) for name in ("here", "there")))
    assert _in_flight("waits") == 1


def test_it_mixes_the_content_types_of_a_tenant(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, inputs=["unzip", "untar"], max_in_flight=1)
    live_workers("unzip-worker")
    engine.submit(a_submission("first"))
    for name, content_type in (("a", "untar"), ("b", "unzip"), ("c", "untar")):
        engine.submit(a_submission(name, content_type=content_type))
    for name in ("first", "a", "b"):
        engine.answer(an_answer(request_id=name))
    assert _sent(engine) == ["first", "a", "b", "c"]


def test_it_dispatches_at_the_time_it_is_told(engine: Engine) -> None:
    _ready(1)
    engine.submit(*submissions(2))
    engine.answer(an_answer(request_id="r-0"), at=later(9))
    held = the_request("r-1")
    assert (held.creation_date, held.moved_at) == (AT, later(9))
