"""The doctor compares how long work may take with how long the broker allows it."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from regards_processing.kernel.doctor.findings import Finding, Outcome
from tests.factories.audit import NOON
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, live_workers
from tests.integration.kernel.doctor.management import a_queue, answering, listing
from tests.stack.environment import Servers
from worker_manager.long_work import long_work
from worker_manager.services.liveness import record_heartbeats
from workers.contract.heartbeat import WorkerHeartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def broker(servers: Servers, settings: Settings) -> str:
    """Let the settings name RabbitMQ; nothing is declared there."""
    settings.BROKER_URL = servers.broker_url or ""
    return servers.broker_url or ""


def _look() -> Finding:
    (finding,) = long_work(NOON)
    return finding


def _types(settings: Settings) -> None:
    """Configure two worker types that may run for 10 minutes; in a workflow one of them may for an hour."""
    settings.RUN_TIMEOUT = 600
    tenant = a_tenant()
    for name in ("unzip-worker", "sip-worker"):
        a_worker_type(tenant, worker_type=name, inputs=[name])
    workflow = a_workflow(tenant)
    workflow.steps[1]["policy"] = {"runTimeout": 3600}
    workflow.save()


def test_it_has_no_limit_on_the_embedded_broker(settings: Settings) -> None:
    settings.BROKER_URL = ""
    assert _look().outcome == Outcome.OK


@pytest.mark.rabbitmq
@pytest.mark.usefixtures("broker")
class TestRabbitMq:
    def test_it_warns_of_types_that_may_run_longer_than_the_broker_allows(self, settings: Settings) -> None:
        _types(settings)
        finding = _look()
        assert finding.outcome == Outcome.WARNING
        assert finding.found == (
            "sip-worker may hold a message for up to 60 minutes, and RabbitMQ takes back what a worker holds "
            "for longer than 30"
        )
        assert finding.advice.startswith("consumer_timeout = 3600000 ")

    def test_it_believes_what_it_is_told_of_the_broker(self, settings: Settings) -> None:
        _types(settings)
        settings.BROKER_CONSUMER_TIMEOUT = 3600
        assert _look().outcome == Outcome.OK
        settings.BROKER_CONSUMER_TIMEOUT = 60
        assert _look().facts["types"] == ["sip-worker", "unzip-worker"]
        settings.BROKER_CONSUMER_TIMEOUT = 0
        assert _look().outcome == Outcome.OK

    @pytest.mark.parametrize(
        ("told", "outcome"),
        [
            ((0.0,), Outcome.OK),
            ((600.0, 0.0), Outcome.OK),
            ((1800.5,), Outcome.WARNING),
            ((7200.0,), Outcome.WARNING),
            ((None,), Outcome.WARNING),
            ((0.0, None), Outcome.WARNING),
        ],
        ids=["long", "by request", "too long", "longer than it may run", "nobody knows", "a foreign one too"],
    )
    def test_it_believes_what_live_fleets_tell(
        self, settings: Settings, told: tuple[float | None, ...], outcome: Outcome
    ) -> None:
        _types(settings)
        for number, seconds in enumerate(told):
            live_workers("sip-worker", worker_id=f"w-{number}", at=NOON, hold_seconds=seconds)
        assert _look().outcome == outcome

    def test_it_hears_it_by_the_heartbeats_of_those_who_are_alive(self, settings: Settings) -> None:
        _types(settings)
        live_workers("sip-worker", at=NOON - timedelta(hours=1))
        beat = WorkerHeartbeat(
            tenant="demo", worker_id="w-1", worker_type="sip-worker", beaten_at=NOON, hold_seconds=2000.0
        )
        record_heartbeats(beats=[beat], at=NOON)
        assert _look().facts["seconds"] == 2000

    def test_it_reads_what_a_policy_sets(self, settings: Settings, broker: str) -> None:
        _types(settings)
        settings.BROKER_CONSUMER_TIMEOUT = 0
        policy = {"policy": "brief", "effective_policy_definition": {"consumer-timeout": 300_000}}
        queue = a_queue("regards.worker.unzip-worker.task", arguments={}, **policy)
        with answering(listing(broker, queue)) as settings.BROKER_MANAGEMENT_URL:
            finding = _look()
        assert (finding.facts["types"], finding.facts["limit"]) == (["unzip-worker"], 300)

    def test_it_skips_a_platform_without_worker_types(self) -> None:
        assert _look().outcome == Outcome.SKIPPED
