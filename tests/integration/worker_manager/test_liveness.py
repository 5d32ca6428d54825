"""Heartbeats say who is alive; what they say is stored."""

import pytest
from pytest_django import Settings

from tests.factories.messages import a_beat, a_submission, submissions
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, later, live_workers, the_request
from tests.fakes.engine import Engine
from worker_manager import queries
from worker_manager.models import WorkerInstance
from worker_manager.services.liveness import forget_dead_workers
from worker_manager.states import RequestStatus
from workers.contract.heartbeat import Protocol

pytestmark = pytest.mark.django_db


def test_it_makes_a_worker_type_alive(engine: Engine) -> None:
    a_tenant()
    engine.beat(a_beat())
    assert queries.live_types(at=AT) == {"unzip-worker": queries.LiveType(instances=1, all_celery=False)}


def test_it_is_alive_until_the_expiry_and_no_longer(engine: Engine, settings: Settings) -> None:
    settings.HEARTBEAT_EXPIRY = 60
    a_tenant()
    engine.beat(a_beat())
    assert "unzip-worker" in queries.live_types(at=later(59))
    assert "unzip-worker" not in queries.live_types(at=later(60))


def test_it_ignores_a_beat_that_is_older_than_the_expiry(engine: Engine) -> None:
    a_tenant()
    assert engine.beat(a_beat(beaten_at=later(-60))) == []
    assert not WorkerInstance.objects.exists()


@pytest.mark.parametrize("clock", [-59, 3600])
def test_it_trusts_its_own_clock_once_a_beat_is_accepted(engine: Engine, clock: int) -> None:
    a_tenant()
    engine.beat(a_beat(beaten_at=later(clock)))
    assert WorkerInstance.objects.get().beaten_at == AT


def test_it_stores_one_line_for_many_beats_of_an_instance(engine: Engine) -> None:
    a_tenant()
    engine.beat(a_beat(beaten_at=later(-5)), a_beat(), a_beat(beaten_at=later(-3)))
    engine.beat(a_beat(beaten_at=later(15)), at=later(15))
    instance = WorkerInstance.objects.get()
    assert (instance.first_beaten_at, instance.beaten_at) == (AT, later(15))


@pytest.mark.parametrize(
    ("beats", "since"),
    [([0], 0), ([0, 15, 30, 44.9, 74.8], 0), ([0, 30], 30), ([0, 15, 100, 115], 100), ([0, 100, 200], 200)],
)
def test_it_knows_since_when_an_instance_is_heard_without_a_gap(
    engine: Engine, settings: Settings, beats: list[float], since: float
) -> None:
    settings.HEARTBEAT_EXPIRY = 60
    a_tenant()
    for seconds in beats:
        engine.beat(a_beat(beaten_at=later(seconds)), at=later(seconds))
    assert WorkerInstance.objects.get().heard_since == later(since)


def test_it_hears_an_instance_from_now_on_that_managers_of_the_release_before_heard(engine: Engine) -> None:
    a_tenant()
    live_workers("unzip-worker", worker_id="w-1")
    WorkerInstance.objects.update(heard_since=None)
    engine.beat(a_beat(beaten_at=later(15)), at=later(15))
    assert WorkerInstance.objects.get().heard_since == later(15)


def test_it_counts_instances_and_asks_whether_all_take_tasks(engine: Engine) -> None:
    a_tenant()
    engine.beat(a_beat(worker_id="a", protocol=Protocol.CELERY), a_beat(worker_id="b"))
    assert queries.live_types(at=AT)["unzip-worker"] == queries.LiveType(instances=2, all_celery=False)


def test_it_takes_the_protocol_of_the_last_beat(engine: Engine) -> None:
    a_tenant()
    engine.beat(a_beat(protocol=Protocol.CELERY), a_beat(beaten_at=later(-9)))
    assert queries.live_types(at=AT)["unzip-worker"].all_celery


@pytest.mark.parametrize("tenant", ["nobody", "asleep"])
def test_it_refuses_beats_of_no_active_tenant(engine: Engine, tenant: str) -> None:
    a_tenant()
    a_tenant(name="asleep", active=False)
    dropped = engine.beat(a_beat(), a_beat(tenant=tenant, worker_id="w-2"))
    assert [drop.position for drop in dropped] == [1]
    assert WorkerInstance.objects.get().worker_id == "w-1"


def test_it_serves_every_tenant_whichever_the_beat_names(engine: Engine) -> None:
    a_tenant()
    a_worker_type(a_tenant(name="other"))
    engine.beat(a_beat(tenant="demo"))
    engine.submit(a_submission(tenant="other"))
    assert engine.states() == [("r-1", "GRANTED")]


def test_it_takes_up_waiting_requests_as_soon_as_their_type_comes_alive(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    engine.beat(a_beat())
    assert engine.states() == [("r-1", "DELAYED"), ("r-1", "GRANTED")]
    assert the_request().status == RequestStatus.DISPATCHED


def test_it_leaves_a_long_line_to_the_sweep(engine: Engine, settings: Settings) -> None:
    settings.SWEEP_PAGE = 2
    a_worker_type(a_tenant())
    engine.submit(*submissions(5))
    engine.beat(a_beat())
    assert len(engine.dispatches()) == 2
    assert engine.redispatch() == 3


def test_it_needs_no_new_beat_after_a_restart(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", at=later(-30))
    engine.submit(a_submission())
    assert engine.states() == [("r-1", "GRANTED")]


def test_it_forgets_workers_that_are_long_dead(settings: Settings) -> None:
    settings.HEARTBEAT_KEPT = 100
    live_workers("old", at=later(-101))
    live_workers("silent", at=later(-99))
    assert forget_dead_workers(at=AT) == 1
    assert WorkerInstance.objects.get().worker_type == "silent"


def test_it_survives_an_empty_bulk(engine: Engine) -> None:
    assert engine.beat() == []
